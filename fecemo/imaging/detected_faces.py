"""From detections to the faces that are stored: box, crop, eyes, and how well a face can be judged."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fecemo.data.reasons import FetchError
from fecemo.data.variants import FACE_SIDE
from fecemo.imaging.crop import CropPolicy, Sides, crop_face, pixel_box
from fecemo.imaging.detect import Detections, rotated, rotated_sides

NOSE_DEPTH = 0.5
"""How far the nose's tip is before the plane of eyes and mouth, in distances between the eyes."""
NOSE_HEIGHT = 0.55
"""How far the nose's tip is on the way from the eyes to the mouth, of a head that looks straight ahead."""
FACE_HEIGHT = 1.05
"""From the eyes to the mouth, in distances between the eyes."""
VALUES = ("score", "size", "sharpness", "roll", "yaw", "pitch", "rotation", "right_eye_x", "right_eye_y", "left_eye_x",
          "left_eye_y")
"""Columns that a detected face has, all numbers: the detector's score in [0, 1]; pixels of the box's shorter side;
variance of the Laplacian; degrees of the head's pose, and of the rotation in which the face was found; and where the
middles of the person's right and left eye are, in pixels of the stored face, whose pixels' middles have whole
coordinates."""


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


class Detector(Protocol):
    """What finds faces."""

    def detect(self, photograph: np.ndarray) -> Detections:
        """Find the faces of an RGB photograph of shape (height, width, 3), uint8."""


@dataclass(frozen=True)
class DetectedFace:
    """A face that was cut out of a photograph."""

    sides: Sides  #: Left, right, top, bottom as fractions of the photograph as it is shown, to six decimals.
    values: dict[str, float]  #: By `VALUES`.
    crop: np.ndarray  #: Of shape (200, 200, 3), uint8. RGB, upright.


def detected_faces(photograph: np.ndarray, detector: Detector, policy: CropPolicy) -> list[DetectedFace]:
    """Return the faces of a photograph, from left to right.

    Parameters
    ----------
    photograph : ndarray of shape (height, width, 3), uint8
        RGB.
    policy : CropPolicy
        How a box becomes a crop.
    """
    detections = detector.detect(photograph)
    upright = rotated(photograph, detections.rotation)
    height, width = upright.shape[:2]
    faces: dict[Sides, DetectedFace] = {}
    for box, points, score in zip(detections.boxes, detections.points, detections.scores, strict=True):
        left, right, top, bottom = (box / (width, width, height, height)).tolist()
        back = rotated_sides((left, right, top, bottom), -detections.rotation)
        sides: Sides = (round(back[0], 6), round(back[1], 6), round(back[2], 6), round(back[3], 6))
        try:
            cut = pixel_box(rotated_sides(sides, detections.rotation), width, height, policy)
        except FetchError:  # no whole pixel
            continue
        crop = crop_face(upright, cut)
        roll, yaw, pitch = head_pose(points)
        scale = FACE_SIDE / np.array([cut.right - cut.left, cut.bottom - cut.top])
        eyes = (points[:2] - (cut.left, cut.top)) * scale - 0.5
        numbers = (score, min(box[1] - box[0], box[3] - box[2]), sharpness(crop), roll, yaw, pitch, detections.rotation,
                   *eyes.ravel().tolist())
        faces.setdefault(sides, DetectedFace(sides, {
            name: round(float(number), 4 if name == "score" else 1) for name, number in zip(
                VALUES, numbers, strict=True)}, crop))
    return [faces[sides] for sides in sorted(faces)]
