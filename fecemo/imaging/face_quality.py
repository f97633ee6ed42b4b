"""How well a face can be judged: sharpness, and the head's pose from five points."""

import numpy as np

NOSE_DEPTH = 0.5
"""How far the nose's tip is before the plane of eyes and mouth, in distances between the eyes."""
NOSE_HEIGHT = 0.55
"""How far the nose's tip is on the way from the eyes to the mouth, of a head that looks straight ahead."""
FACE_HEIGHT = 1.05
"""From the eyes to the mouth, in distances between the eyes."""


def sharpness(face: np.ndarray) -> float:
    """Return the variance of the Laplacian of a face's luma: below about 20 it is blurred, or was enlarged by much.

    Parameters
    ----------
    face : ndarray of shape (200, 200, 3), uint8
        RGB, as stored: figures of faces of one size can be compared.
    """
    import cv2

    return float(cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def head_pose(points: np.ndarray) -> tuple[float, float, float]:
    """Return roll, yaw and pitch of a head, roughly: five points do not tell more.

    Under weak perspective the nose's tip moves by its depth times the tangent of the angle, against eyes and mouth.

    Parameters
    ----------
    points : ndarray of shape (5, 2)
        x to the right and y down of the person's right and left eye, the nose's tip, the right and left corner of the
        mouth; in any unit.

    Returns
    -------
    tuple of float
        Degrees in [-180, 180] and (-90, 90): roll is positive where the head leans to the photograph's right, yaw where
        it looks to the photograph's right, pitch where it looks up. NaN where points coincide.
    """
    right, left, nose, *mouth = np.asarray(points, np.float64) @ (1, 1j)
    eyes, between = (right + left) / 2, left - right
    if between == 0:
        return (float("nan"),) * 3
    # In the head's own directions, with the eyes' distance as the unit: real to its left, imaginary down.
    tip, lips = (nose - eyes) / between, (np.mean(mouth) - eyes) / between
    height = lips.imag
    if height <= 0:
        return float(np.degrees(np.angle(between))), float("nan"), float("nan")
    along = tip.imag / height
    yaw = np.degrees(np.arctan((tip.real - along * lips.real) / NOSE_DEPTH))
    pitch = np.degrees(np.arctan((NOSE_HEIGHT - along) * FACE_HEIGHT / NOSE_DEPTH))
    return float(np.degrees(np.angle(between))), float(yaw), float(pitch)
