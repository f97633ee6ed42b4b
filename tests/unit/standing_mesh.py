"""A mesh of 478 points that stands in for a landmark model's: oval, lids and lips in place, the rest by chance."""

import numpy as np

from fecemo.imaging.landmarks import points
from fecemo.imaging.landmarks.alignment import STANDARD_HEAD


def standing_mesh(opening=0.05):
    """Return an aligned mesh of shape (478, 3), whose lips are apart by twice ``opening`` in the mouth's middle."""
    rng = np.random.default_rng(0)
    mesh, angles = np.zeros((points.N_LANDMARKS, 3)), rng.uniform(0, 2 * np.pi, points.N_LANDMARKS)
    radii = np.sqrt(rng.uniform(0, 0.7, points.N_LANDMARKS))
    mesh[:, 0], mesh[:, 1] = 0.78 * radii * np.cos(angles), 0.35 + 0.9 * radii * np.sin(angles)
    around = np.linspace(0, 2 * np.pi, len(points.OVAL), endpoint=False)
    mesh[list(points.OVAL), :2] = np.column_stack([0.78 * np.sin(around), 0.35 - 0.9 * np.cos(around)])
    for pairs, x, y, half_width, half_height in (
            (points.LIP_PAIRS, 0.0, 0.8, 0.25, opening), (points.LID_PAIRS[:7], -0.35, 0.02, 0.15, 0.05),
            (points.LID_PAIRS[7:], 0.35, 0.02, -0.15, 0.05)):
        for (upper, lower), along in zip(pairs, np.linspace(-0.85, 0.85, len(pairs)), strict=True):
            height = half_height * np.sqrt(1 - along**2)
            mesh[upper], mesh[lower] = ((x + half_width * along, y + side * height, 0) for side in (-1, 1))
    mesh[points.INNER_LIPS[0]], mesh[points.INNER_LIPS[10]] = (-0.25, 0.8, 0), (0.25, 0.8, 0)
    mesh[list(STANDARD_HEAD)] = list(STANDARD_HEAD.values())
    return mesh
