"""3-D Procrustes: every face upright, facing the camera and of one size, without touching its expression."""

import numpy as np

from fecemo.imaging.landmarks import points

STANDARD_HEAD = {
    points.RIGHT_EYE_OUTER: (-0.500, 0.007, -0.025), points.LEFT_EYE_OUTER: (0.500, 0.007, -0.025),
    points.RIGHT_EYE_INNER: (-0.200, 0.034, -0.082), points.LEFT_EYE_INNER: (0.200, 0.034, -0.082),
    points.RIGHT_TEMPLE: (-0.774, -0.027, 0.505), points.LEFT_TEMPLE: (0.774, -0.027, 0.505),
    points.NOSE_BRIDGE: (0.000, -0.012, -0.264), points.NOSE_BASE: (0.000, 0.533, -0.264),
    points.FOREHEAD: (0.000, -0.549, -0.269),
}
"""Where the points stand that the skull holds: x to the person's left, y down, z away from the camera.

The unit is the distance between the outer corners of the eyes, the origin the points' mean. It is a mean of thousands
of meshes, made symmetric. No point is among them that a mouth, a jaw or a brow takes along.
"""


def align(landmarks: np.ndarray) -> np.ndarray:
    """Turn, move and scale each mesh so that its skull lies on `STANDARD_HEAD`, with the least squared error.

    The turn is a rotation (Kabsch 1976; Umeyama 1991 for the scale), never a reflection.

    Parameters
    ----------
    landmarks : ndarray of shape (n, 478, 3)
        In any unit that is the same along x, y and z; y down, z away from the camera.

    Returns
    -------
    ndarray of shape (n, 478, 3), float64
        In units of the distance between the outer corners of the eyes.

    Raises
    ------
    ValueError
        If the shape is another, or the points of a mesh all stand in one place.
    """
    meshes = np.asarray(landmarks, np.float64)
    if meshes.shape[1:] != (points.N_LANDMARKS, 3):
        raise ValueError(f"expected landmarks of shape (n, {points.N_LANDMARKS}, 3), found {meshes.shape}")
    head = np.array(list(STANDARD_HEAD.values()))
    skulls = meshes[:, list(STANDARD_HEAD)]
    middles, head_middle = skulls.mean(axis=1, keepdims=True), head.mean(axis=0)
    skulls, head = skulls - middles, head - head_middle
    sizes = np.sum(skulls**2, axis=(1, 2))
    if not np.all(sizes > 0):
        raise ValueError(f"the points of mesh {int(np.argmin(sizes))} all stand in one place")
    left, strengths, right = np.linalg.svd(np.einsum("nij,ik->njk", skulls, head))
    # A reflection would fit some flat meshes better; turning the weakest axis over gives the best rotation instead.
    mirrored = np.linalg.det(left @ right) < 0
    left[mirrored, :, 2] *= -1
    strengths[mirrored, 2] *= -1
    scales = strengths.sum(axis=1) / sizes
    aligned: np.ndarray = (meshes - middles) @ (left @ right) * scales[:, None, None] + head_middle
    return aligned
