"""Photographs of one to several drawn faces on a shared background, with the box of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from fecemo.drawn.capture import Capture, draw_backdrop, exposed, sample_capture
from fecemo.drawn.face import HEAD_HEIGHT, draw_person
from fecemo.drawn.geometry import face_geometry
from fecemo.drawn.parameters import FaceParameters, Nuisance, sample_face
from fecemo.drawn.pose import Placement, placement
from fecemo.errors import InputError

_ROOM = 2.35
"""Width that one head with its hair is given, in face units."""


@dataclass(frozen=True)
class FaceBox:
    """Where a face is, as fractions of the photograph's width (left, right) and height (top, bottom)."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class PlacedFace:
    """A face in a photograph."""

    #: The face. Light, background and the camera's faults of its capture are the photograph's; its scale and shift are
    #: not used.
    parameters: FaceParameters
    #: `centre_x`, `centre_y`: Where the point between its eyes is, as fractions of the photograph's width and height.
    centre_x: float
    centre_y: float
    head_height: float  #: Height of the head as a fraction of the photograph's height.
    looseness: float  #: Side of its box in heads: 1 touches the head.

    def as_row(self) -> dict[str, float | int | str]:
        """Return where it stands and all its parameters as one flat row of a table."""
        place = {"photograph.centre_x": self.centre_x, "photograph.centre_y": self.centre_y,
                 "photograph.head_height": self.head_height}
        parameters = self.parameters.as_row()
        unused = ("capture.scale", "capture.shift_x", "capture.shift_y")
        return {**{name: value for name, value in parameters.items() if name not in unused},
                **{name: round(value, 6) for name, value in place.items()}}


@dataclass(frozen=True)
class Photograph:
    """A photograph to be drawn."""

    #: `width`, `height`: In pixels.
    width: int
    height: int
    scene: Capture  #: Light, background and the camera's faults.
    faces: tuple[PlacedFace, ...]  #: From the picture's left to its right.

    def placement_of(self, face: PlacedFace) -> Placement:
        """Return where and how a face's head stands in the photograph."""
        centre = (face.centre_x * self.width, face.centre_y * self.height)
        return placement(face.parameters.capture, centre, face.head_height * self.height / HEAD_HEIGHT)


def sample_photograph(rng: np.random.Generator, emotions: Sequence[str], width: int = 480,
                      height: int = 360) -> Photograph:
    """Draw the parameters of a photograph: one person for each emotion, from the picture's left to its right.

    Heads stand side by side and do not cover each other.
    """
    if not emotions or height < 64 or width < 48 * len(emotions):
        raise InputError(
            f"{len(emotions)} faces do not fit into {width}×{height} pixels, expected at least one face, 48 "
            "pixels of width for each, and 64 pixels of height"
        )
    scene = sample_capture(rng)
    slot = width / len(emotions)
    faces = []
    for index, emotion in enumerate(emotions):
        face = sample_face(rng, emotion)
        size, right, down, loose = rng.random(4)
        per_unit = min(slot / _ROOM, 0.78 * height / HEAD_HEIGHT) * (0.78 + 0.22 * size)
        spare = 0.5 * (slot - _ROOM * per_unit)
        centre_x = (index + 0.5) * slot + spare * (1.6 * right - 0.8)
        # Shoulders begin 1.6 units below the eyes: heads side by side differ by less, so none covers a face.
        centre_y = 0.47 * height + per_unit * (0.3 * down - 0.15)
        pose = face.capture
        shared = replace(scene, yaw=pose.yaw, pitch=pose.pitch, roll=pose.roll, scale=1.0, shift_x=0.0, shift_y=0.0,
                         gaze_x=pose.gaze_x, gaze_y=pose.gaze_y, clothes_hue=pose.clothes_hue,
                         clothes_value=pose.clothes_value)
        faces.append(PlacedFace(
            replace(face, nuisance=Nuisance(face.identity, shared)), float(centre_x / width), float(centre_y / height),
            float(per_unit * HEAD_HEIGHT / height), float(1.06 + 0.16 * loose)))
    return Photograph(width, height, scene, tuple(faces))


def draw_photograph(photograph: Photograph) -> tuple[np.ndarray, tuple[FaceBox, ...]]:
    """Draw a photograph; the same one gives the same pixels.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), uint8
        RGB as it leaves the sensor; ``photograph.scene.jpeg_quality`` is for the one who writes the file.
    boxes : tuple of FaceBox
        Of each face.
    """
    height, width = photograph.height, photograph.width
    planes = np.stack(cv2.split(draw_backdrop(photograph.scene, height, width)))
    # Who stands higher stands further back.
    for face in sorted(photograph.faces, key=lambda face: face.centre_y):
        placed = photograph.placement_of(face)
        reach = 2.1 * placed.pixels_per_unit
        left, right = max(0, int(placed.centre[0] - reach)), min(width, int(placed.centre[0] + reach) + 1)
        inside = replace(placed, centre=(placed.centre[0] - left, placed.centre[1]))
        draw_person(planes[:, :, left:right], face.parameters, inside)
    return exposed(cv2.merge(list(planes)), photograph.scene), face_boxes(photograph)


def face_boxes(photograph: Photograph) -> tuple[FaceBox, ...]:
    """Return the box of each face, to six decimals: a square around the head, cut off where the photograph ends."""
    boxes = []
    for face in photograph.faces:
        outline = photograph.placement_of(face).project(face_geometry(face.parameters).head.outline)
        low, high = outline.min(0), outline.max(0)
        half = 0.5 * face.looseness * float((high - low).max())
        x, y = 0.5 * (low + high)
        sides = ((x - half) / photograph.width, (x + half) / photograph.width,
                 (y - half) / photograph.height, (y + half) / photograph.height)
        boxes.append(FaceBox(*(round(float(np.clip(side, 0, 1)), 6) for side in sides)))
    return tuple(boxes)
