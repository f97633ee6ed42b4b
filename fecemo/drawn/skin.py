"""Skin: its colour, blush, freckles and pores, under the surface's light."""

import cv2
import numpy as np

from fecemo.drawn.canvas import Canvas
from fecemo.drawn.curves import ellipse
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.identity import Identity


def paint_skin(canvas: Canvas, geometry: FaceGeometry, identity: Identity, gloss: np.ndarray) -> None:
    """Paint the bare head.

    Parameters
    ----------
    canvas : Canvas
        Lit by `surface.light_surface`.
    geometry : FaceGeometry
        Where the features lie.
    identity : Identity
        Tone, blush and freckles.
    gloss : ndarray of shape (height, width), float32
        Light thrown back by the skin.
    """
    patch = canvas.covered(geometry.head.outline)
    if patch is None or canvas.shade is None:
        return
    rows, columns = patch.window
    rng = np.random.default_rng([identity.texture_seed, 3])
    height, width = patch.coverage.shape
    mottle = cv2.resize(rng.normal(0, 1, (14, 11)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    pores = cv2.resize(rng.normal(0, 1, (height // 3, width // 3)).astype(np.float32), (width, height))
    texture = 1 + 0.010 * mottle + (0.006 + 0.008 * identity.age) * pores
    colour = identity.skin_rgb[:, None, None] * texture
    colour += gloss[rows, columns] / np.maximum(canvas.shade[:, rows, columns], np.float32(0.2))
    canvas.paint(patch, colour)

    red = np.array((1.0, 0.80, 0.78), np.float32)
    canvas.shadow([ellipse((eye.side * 0.50, 0.34), 0.19, 0.13) for eye in geometry.eyes], red, softness=0.09,
                  opacity=0.25 + 0.65 * identity.blush)
    canvas.shadow([ellipse((eye.centre[0] * 0.93, 0.01), 0.22, 0.12) for eye in geometry.eyes], (0.86, 0.78, 0.78),
                  softness=0.06, opacity=0.35 + 0.35 * identity.age)
    canvas.shadow(ellipse((0.0, geometry.nose.tip), 0.11, 0.08), red, softness=0.05, opacity=0.2 + 0.5 * identity.blush)
    canvas.shadow(ellipse((0.0, geometry.head.chin - 0.15), 0.14, 0.08), red, softness=0.06, opacity=0.25)
    if identity.freckles > 0.05:
        _paint_freckles(canvas, identity, rng)


def _paint_freckles(canvas: Canvas, identity: Identity, rng: np.random.Generator) -> None:
    count = int(70 * identity.freckles)
    x = rng.normal(0, 0.33, count)
    y = 0.24 + rng.normal(0, 0.10, count) + 0.15 * np.abs(x)
    size = rng.uniform(0.005, 0.010, count)
    spots = [ellipse((float(a), float(b)), float(s), float(s), count=8) for a, b, s in zip(x, y, size, strict=True)]
    canvas.shadow(spots, (0.72, 0.56, 0.46), softness=0.004, opacity=0.75)
