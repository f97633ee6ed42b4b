"""Beards and moustaches, from stubble to full; lips are painted over them."""

import cv2
import numpy as np

from fecemo.drawn.canvas import Canvas, Patch, Points, mirrored, spline
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.identity import Identity

_OPACITY = {"stubble": 0.30, "moustache": 0.88, "goatee": 0.85, "full": 0.88}


def paint_beard(canvas: Canvas, geometry: FaceGeometry, identity: Identity) -> None:
    """Paint the beard, if there is one, around mouth and jaw."""
    if identity.beard == "none":
        return
    shapes = {"stubble": _full, "full": _full, "goatee": _goatee, "moustache": _moustache}[identity.beard](geometry)
    face = canvas.covered(geometry.head.outline, 0.004)
    beard = canvas.covered(shapes, softness=0.030 if identity.beard in ("stubble", "full") else 0.016)
    patch = beard.within(face) if beard is not None and face is not None else None
    if patch is None:
        return
    rng = np.random.default_rng([identity.texture_seed, 4])
    height, width = patch.coverage.shape
    # Short hairs hang down: noise that is longer than it is wide.
    grain: np.ndarray = rng.normal(0, 1, (max(2, height // 5), max(2, width // 2))).astype(np.float32)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    colour = identity.brow_rgb[:, None, None] * np.clip(1 + 0.22 * grain, 0.4, 1.7)
    ragged = np.clip(patch.coverage * (1 + 0.25 * grain), 0, 1).astype(np.float32)
    canvas.paint(Patch(patch.window, ragged), colour, _OPACITY[identity.beard])


def _full(geometry: FaceGeometry) -> list[Points]:
    head, mouth, nose = geometry.head, geometry.mouth, geometry.nose
    outline = head.outline[head.outline[:, 1] > 0.08]
    jaw = outline[np.argsort(-np.arctan2(outline[:, 1], outline[:, 0]))] * np.array([1.03, 1.03], np.float32)
    edges = []
    for side in (1, -1):
        x, y = mouth.corner(side)
        edges.append(mirrored([(0.90 * head.half_width, 0.10), (0.84 * head.half_width, 0.42),
                               (0.72 * head.half_width, 0.62), (abs(x) + 0.15, y - 0.04), (abs(x) + 0.02, y - 0.10),
                               (0.10, nose.base + 0.065)], side))
    # From the picture's right ear along the upper edge to its left ear, then back along the jaw.
    upper = spline(np.concatenate([edges[0], edges[1][::-1]]), 5)
    return [np.concatenate([upper, jaw]).astype(np.float32)]


def _moustache(geometry: FaceGeometry) -> list[Points]:
    mouth, nose = geometry.mouth, geometry.nose
    shapes = []
    for side in (-1, 1):
        x, y = mouth.corner(side)
        top = float(mouth.upper_outer[20, 1])
        shapes.append(spline(mirrored([(-0.01, nose.base + 0.055), (0.12, nose.base + 0.055),
                                       (abs(x) * 0.85, 0.6 * y + 0.4 * nose.base - 0.005), (abs(x) + 0.065, y + 0.01),
                                       (abs(x) * 0.97, y - 0.035), (abs(x) * 0.5, top - 0.010), (-0.01, top + 0.005)],
                                      side), 5, closed=True))
    return shapes


def _goatee(geometry: FaceGeometry) -> list[Points]:
    mouth = geometry.mouth
    chin, low = geometry.head.chin, float(mouth.lower_outer[20, 1])
    shapes = _moustache(geometry)
    for side in (-1, 1):
        x, y = mouth.corner(side)
        shapes.append(spline(mirrored([
            (abs(x) + 0.055, y - 0.01), (abs(x) + 0.05, 0.5 * (y + chin)), (0.24, chin - 0.01), (-0.01, chin + 0.03),
            (-0.01, low + 0.05), (0.13, low + 0.06), (abs(x) - 0.015, y + 0.05)], side), 5, closed=True))
    return shapes
