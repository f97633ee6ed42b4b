"""One drawn face: layers from the background to the glasses."""

import cv2
import numpy as np

from fecemo.drawn.beard import paint_beard
from fecemo.drawn.body import paint_body, paint_ears, paint_shadow_of_head
from fecemo.drawn.canvas import Canvas
from fecemo.drawn.capture import draw_backdrop, exposed, through_jpeg
from fecemo.drawn.creases import creases
from fecemo.drawn.eyes import paint_brows, paint_eyes
from fecemo.drawn.geometry import FaceGeometry, face_geometry
from fecemo.drawn.glasses import paint_glasses
from fecemo.drawn.hair import HAIR_CUTS, paint_back_hair, paint_bun, paint_hair
from fecemo.drawn.mouth import paint_mouth, paint_nose
from fecemo.drawn.parameters import FaceParameters
from fecemo.drawn.pose import Placement, placement
from fecemo.drawn.skin import BOTTOM, LOWEST_CHIN, head_canvas, light_on_head, light_surface, paint_skin
from fecemo.errors import InputError

HEAD_SHARE = 0.84
"""Height of a head of scale 1, as a share of the picture's height."""
HEAD_HEIGHT = 2.5
"""Height of the average head with its hair, in face units."""
_FINER = 1.3
"""Pixels of the frontal head for one of the picture, each way."""
_SMALLEST_DRAWN = 144
"""Smaller faces are drawn at least this large and shrunk: thin lines would vanish."""


def draw_face(parameters: FaceParameters, size: int = 200) -> np.ndarray:
    """Draw a face: ndarray of shape (size, size, 3), uint8 RGB. The same parameters give the same pixels.

    ``size`` is at least 16.
    """
    return through_jpeg(expose_face(parameters, size), parameters.capture.jpeg_quality)


def expose_face(parameters: FaceParameters, size: int = 200) -> np.ndarray:
    """Draw a face as `draw_face` does, but leave JPEG to the one who writes the file."""
    if size < 16:
        raise InputError(f"a face cannot be drawn in {size} pixels, expected at least 16")
    drawn = size * -(-_SMALLEST_DRAWN // size)
    capture = parameters.capture
    planes = np.stack(cv2.split(draw_backdrop(capture, drawn, drawn)))
    draw_person(planes, parameters, face_placement(parameters, drawn))
    picture = cv2.merge(list(planes))
    if drawn != size:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return exposed(picture, capture, size / 200)


def face_placement(parameters: FaceParameters, size: int) -> Placement:
    """Return where `draw_face` puts the head in a picture of ``size`` × ``size`` pixels."""
    capture = parameters.capture
    pixels_per_unit = HEAD_SHARE * capture.scale * size / HEAD_HEIGHT
    centre = ((0.5 + capture.shift_x) * size, (0.515 + capture.shift_y) * size)
    return placement(capture, centre, pixels_per_unit)


def draw_person(picture: np.ndarray, parameters: FaceParameters, placed: Placement) -> None:
    """Draw head and shoulders into a picture: RGB from 0 to 1 of shape (3, height, width), float32."""
    geometry = face_geometry(parameters)
    behind = Canvas(picture.shape[1], picture.shape[2], placed.behind())
    paint_back_hair(behind, geometry, parameters)
    paint_body(behind, geometry, parameters, placed.roll)
    paint_shadow_of_head(behind, geometry, parameters)
    paint_ears(behind, geometry, parameters, placed)
    _lay_over(picture, behind.pixels)

    # The frontal head is painted finer than the picture shows it: the turn then samples it without jagged edges.
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    fineness = int(np.clip(4 * round(_FINER * placed.pixels_per_unit / 4), 48, 160))
    head = head_canvas(fineness, BOTTOM if cut is not None and cut.length > LOWEST_CHIN else LOWEST_CHIN)
    _paint_head(head, geometry, parameters)
    pixels, window = placed.warp(head.pixels, head.pixels_per_unit, picture.shape[1:])
    _lay_over(picture[:, *window], pixels)


def _paint_head(head: Canvas, geometry: FaceGeometry, parameters: FaceParameters) -> None:
    identity, capture = parameters.identity, parameters.capture
    gloss = light_surface(head, parameters, geometry, creases(parameters, geometry))
    paint_bun(head, parameters)
    paint_skin(head, geometry, identity, gloss)
    paint_beard(head, geometry, identity)
    paint_nose(head, geometry.nose, identity, float(light_on_head(capture).direction[0]), capture.light_strength)
    paint_eyes(head, geometry.eyes, identity, capture)
    paint_brows(head, geometry.brows, identity)
    paint_mouth(head, geometry.mouth, identity)
    paint_glasses(head, geometry, identity)
    paint_hair(head, geometry, parameters)


def _lay_over(picture: np.ndarray, layer: np.ndarray) -> None:
    picture *= 1 - layer[3]
    picture += layer[:3]
    np.clip(picture, 0, 1, out=picture)
