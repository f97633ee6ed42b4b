"""What is seen behind the face: ears, neck, shoulders and clothes."""

import colorsys

import numpy as np

from fecemo.drawn.canvas import Canvas, Points, mirrored, ribbon, spline, taper
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.hair import HAIR_CUTS
from fecemo.drawn.parameters import FaceParameters
from fecemo.drawn.pose import Placement
from fecemo.drawn.skin import light_on_head

_EAR_DEPTH = -0.12
_FAR_BELOW = 9.0
"""Bodies go on below every picture, in face units."""


def paint_body(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters, roll: float) -> None:
    """Paint neck, shoulders and clothes on a canvas in turned face units.

    ``roll`` is the head's, in radians: the shoulders follow only a little.
    """
    capture = parameters.capture
    light = light_on_head(capture)
    jaw = 1 + 0.10 * parameters.identity.jaw_width
    skin = parameters.identity.skin_rgb * light.tint * (light.ambient + 0.62 * light.diffuse) * (0.95, 0.92, 0.90)
    right = [(0.50 * jaw, 0.55), (0.47 * jaw, 1.15), (0.50 * jaw, 1.45), (0.70, 1.64), (1.2, 1.80), (1.5, 2.1)]
    half = spline(right, 4)
    neck = np.concatenate([half, [(1.5, _FAR_BELOW), (-1.5, _FAR_BELOW)], mirrored(half, -1)[::-1]]).astype(np.float32)
    canvas.fill(_upright(neck, roll), skin, softness=0.008)
    for side in (-1, 1):
        away = max(0.0, -side * float(light.direction[0]))
        flank = spline(mirrored([(0.52 * jaw, 0.7), (0.52 * jaw, 1.5), (0.30, 1.5), (0.26, 0.9)], side), 4, closed=True)
        canvas.shadow(_upright(flank, roll), (0.62, 0.52, 0.48), softness=0.08,
                      opacity=0.25 + 0.6 * away * capture.light_strength)
        cord = spline(mirrored([(0.36 * jaw, 1.25), (0.24, 1.45), (0.09, 1.62)], side), 4)
        canvas.shadow(_upright(ribbon(cord, 0.05 * taper(len(cord))), roll), (0.7, 0.6, 0.56), softness=0.02,
                      opacity=0.5)

    hue, value = capture.clothes_hue, capture.clothes_value
    cloth = np.array(colorsys.hsv_to_rgb(hue, 0.15 + 0.5 * (1 - abs(2 * value - 1)), 0.12 + 0.78 * value), np.float32)
    cloth = cloth * light.tint * (light.ambient + 0.7 * light.diffuse)
    deep = 1.72 + 0.25 * ((hue * 7) % 1.0)
    collar = [(-0.66, 1.56), (-0.40, 1.64), (0.0, deep), (0.40, 1.64), (0.66, 1.56)]
    sleeve = spline([(1.05, 1.70), (1.42, 1.84), (1.70, 2.12), (1.86, 2.7), (1.95, 3.6)], 5)
    shirt = np.concatenate([spline(collar, 6), sleeve, [(1.95, _FAR_BELOW), (-1.95, _FAR_BELOW)],
                            mirrored(sleeve, -1)[::-1]]).astype(np.float32)
    canvas.fill(_upright(shirt, roll), cloth, softness=0.008)
    canvas.shadow(_upright(ribbon(spline(collar, 6), 0.05), roll), (0.72, 0.72, 0.74), softness=0.012, opacity=0.7)
    for side in (-1, 1):
        seam = spline(mirrored([(1.05, 1.9), (1.15, 2.4), (1.1, 3.0)], side), 4)
        canvas.shadow(_upright(ribbon(seam, 0.10), roll), (0.7, 0.7, 0.72), softness=0.05, opacity=0.6)


def paint_shadow_of_head(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters) -> None:
    """Darken neck, clothes and hair beneath the chin."""
    light = light_on_head(parameters.capture)
    fallen = np.array([-0.10 * light.direction[0], 0.16], np.float32)
    low = geometry.head.outline[geometry.head.outline[:, 1] > 0.3]
    shape = low[np.argsort(np.arctan2(low[:, 1], low[:, 0]))] + fallen
    canvas.shadow(shape, (0.50, 0.40, 0.37), softness=0.07, opacity=0.55 + 0.35 * parameters.capture.light_strength)


def paint_ears(canvas: Canvas, geometry: FaceGeometry, parameters: FaceParameters, placed: Placement) -> None:
    """Paint the ears that no hair covers, in turned face units; a turn shows one ear and hides the other."""
    cut = HAIR_CUTS.get(parameters.identity.hair_style)
    if cut is not None and not cut.ears:
        return
    light = light_on_head(parameters.capture)
    size = 1 + 0.16 * parameters.identity.ear_size
    for side in (-1, 1):
        level = light.ambient + light.diffuse * float(
            np.clip(0.55 * side * light.direction[0] + 0.45 * light.direction[2] + 0.15, 0, 1)
        )
        skin = parameters.identity.skin_rgb * light.tint * level * (0.97, 0.88, 0.86)
        edge = geometry.head.half_width - 0.045

        def ear(control: list[tuple[float, float]], side: int = side, edge: float = edge) -> Points:
            points = np.array(control, np.float32) * size * (1, 1)
            return mirrored(points + np.array([edge, 0.12], np.float32), side)

        shell = spline(ear([(0.0, -0.26), (0.08, -0.30), (0.155, -0.26), (0.18, -0.13), (0.155, 0.03), (0.115, 0.15),
                            (0.07, 0.245), (0.02, 0.25), (-0.05, 0.1), (-0.05, -0.15)]), 5, closed=True)
        rim = spline(ear([(0.035, -0.19), (0.09, -0.225), (0.132, -0.17), (0.13, -0.05), (0.095, 0.07)]), 4)
        bowl = spline(ear([(0.045, -0.09), (0.09, -0.08), (0.085, 0.03), (0.05, 0.09), (0.02, 0.03)]), 4, closed=True)
        canvas.fill(placed.turned(shell, _EAR_DEPTH), skin, softness=0.006)
        canvas.shadow(placed.turned(ribbon(rim, 0.03 * taper(len(rim), 0.3, 0.2)), _EAR_DEPTH), (0.62, 0.48, 0.44),
                      softness=0.010)
        canvas.shadow(placed.turned(bowl, _EAR_DEPTH), (0.55, 0.40, 0.36), softness=0.022, opacity=0.9)


def _upright(points: Points, roll: float) -> Points:
    """Return points that follow the head's roll at the chin, and only a quarter of it at the shoulders."""
    weight = np.clip((points[:, 1] - 0.8) / 1.0, 0, 1)
    angle = -0.75 * roll * weight
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = points[:, 0], points[:, 1] - 0.9
    return np.stack([cosine * x - sine * y, sine * x + cosine * y + 0.9], 1).astype(np.float32)
