"""From detections to the faces that are stored: box, crop, eyes, quality."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fecemo.data.reasons import FetchError
from fecemo.data.variants import FACE_SIDE
from fecemo.imaging.crop import CropPolicy, Sides, crop_face, pixel_box
from fecemo.imaging.detect import Detections, rotated, rotated_sides
from fecemo.imaging.face_quality import head_pose, sharpness

VALUES = ("score", "size", "sharpness", "roll", "yaw", "pitch", "rotation", "right_eye_x", "right_eye_y", "left_eye_x",
          "left_eye_y")
"""Columns that a detected face has, all numbers: the detector's score in [0, 1]; pixels of the box's shorter side;
variance of the Laplacian; degrees of the head's pose, and of the rotation in which the face was found; and where the
middles of the person's right and left eye are, in pixels of the stored face, whose pixels' middles have whole
coordinates."""


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
