"""Distances in an aligned mesh that follow what single muscles of the face do (Ekman's action units, AU)."""

import numpy as np

from fecemo.imaging.landmarks import points

BETWEEN: dict[str, tuple[int, int]] = {
    "mouth width": (points.RIGHT_MOUTH_CORNER, points.LEFT_MOUTH_CORNER),  # AU 12, 20 widen it, 18 narrows it
    "mouth opening": (points.UPPER_LIP_INSIDE, points.LOWER_LIP_INSIDE),  # AU 25, 26, 27
    "lips height": (points.UPPER_LIP, points.LOWER_LIP),  # AU 25 to 27; 23, 24 press it together
    "upper lip thickness": (points.UPPER_LIP, points.UPPER_LIP_INSIDE),  # AU 10, 23, 28
    "lower lip thickness": (points.LOWER_LIP_INSIDE, points.LOWER_LIP),  # AU 16, 23, 28
    "right eye opening": (points.RIGHT_UPPER_LID, points.RIGHT_LOWER_LID),  # AU 5 widens it, 6, 7, 43 close it
    "left eye opening": (points.LEFT_UPPER_LID, points.LEFT_LOWER_LID),
    "right brow height": (points.RIGHT_BROW, points.RIGHT_UPPER_LID),  # AU 2 raises it, 4 lowers it
    "left brow height": (points.LEFT_BROW, points.LEFT_UPPER_LID),
    "brows apart": (points.RIGHT_BROW_INNER, points.LEFT_BROW_INNER),  # AU 4 draws them together
    "right inner brow height": (points.RIGHT_BROW_INNER, points.RIGHT_EYE_INNER),  # AU 1 raises it
    "left inner brow height": (points.LEFT_BROW_INNER, points.LEFT_EYE_INNER),
    "nose to lip": (points.NOSE_BASE, points.UPPER_LIP),  # AU 9, 10 shorten it
    "lip to chin": (points.LOWER_LIP, points.CHIN),  # AU 17 shortens it
    "right cheek": (points.RIGHT_MOUTH_CORNER, points.RIGHT_EYE_SIDE),  # AU 6, 12 shorten it, 15 lengthens it
    "left cheek": (points.LEFT_MOUTH_CORNER, points.LEFT_EYE_SIDE),
}
"""The two landmarks of each distance."""

BELOW: dict[str, tuple[int, int]] = {
    "right mouth corner below lip": (points.RIGHT_MOUTH_CORNER, points.UPPER_LIP_INSIDE),  # AU 12 lifts it, 15 lowers
    "left mouth corner below lip": (points.LEFT_MOUTH_CORNER, points.UPPER_LIP_INSIDE),
}
"""How far down the first landmark stands from the second; below 0 where it stands higher."""

DISTANCE_NAMES = (*BETWEEN, *BELOW)


def distances(aligned: np.ndarray) -> np.ndarray:
    """Return the distances of meshes as shares of the face's height, from forehead to chin.

    Parameters
    ----------
    aligned : ndarray of shape (n, 478, 3)
        As `align` gives them.

    Returns
    -------
    ndarray of shape (n, 18), float64
        In the order of `DISTANCE_NAMES`.
    """
    first, second = np.array(list(BETWEEN.values())).T
    lower, upper = np.array(list(BELOW.values())).T
    between = np.linalg.norm(aligned[:, first] - aligned[:, second], axis=-1)
    below = aligned[:, lower, 1] - aligned[:, upper, 1]
    height = np.linalg.norm(aligned[:, points.FOREHEAD] - aligned[:, points.CHIN], axis=-1)
    measured: np.ndarray = np.concatenate([between, below], axis=1) / height[:, None]
    return measured
