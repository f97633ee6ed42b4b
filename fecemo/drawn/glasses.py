"""Glasses with clear lenses."""

import numpy as np

from fecemo.drawn.canvas import Canvas, Points, ellipse, mirrored, ribbon, spline
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.identity import Identity

_FRAMES = ((0.08, 0.08, 0.09), (0.24, 0.14, 0.09), (0.50, 0.50, 0.52), (0.45, 0.10, 0.12), (0.15, 0.20, 0.38))


def paint_glasses(canvas: Canvas, geometry: FaceGeometry, identity: Identity) -> None:
    """Paint glasses, if the person wears them; they sit on the nose, whatever the brows do."""
    if identity.glasses == "none":
        return
    colour = _FRAMES[identity.texture_seed % len(_FRAMES)]
    thick = 0.024 + 0.016 * ((identity.texture_seed // 7) % 3)
    for eye in geometry.eyes:
        side = eye.side
        x = eye.centre[0] + 0.012 * side
        lens = _lens(identity.glasses, x, side)
        closed = np.concatenate([lens, lens[:2]])
        canvas.shadow(ribbon(closed + np.array([0, 0.03], np.float32), thick), (0.6, 0.52, 0.48), softness=0.02,
                      opacity=0.5)
        canvas.fill(lens, (0.92, 0.96, 1.0), opacity=0.05)
        glint = spline([(x - 0.13, -0.08), (x - 0.05, -0.15), (x - 0.01, -0.15), (x - 0.14, -0.02)], 3, closed=True)
        canvas.fill(glint, (1.0, 1.0, 1.0), softness=0.012, opacity=0.16, lit=False)
        canvas.fill(ribbon(closed, thick), colour)
        outer = float(np.abs(lens[:, 0]).max())
        arm = mirrored([(outer - 0.01, -0.06), (geometry.head.half_width * 1.01, -0.045)], side)
        canvas.fill(ribbon(arm, np.array([thick * 1.2, thick])), colour)
    inner = float(np.abs(_lens(identity.glasses, geometry.eyes[1].centre[0] + 0.012, 1)[:, 0]).min())
    bridge = spline([(-inner - 0.01, -0.03), (0.0, -0.075), (inner + 0.01, -0.03)], 5)
    canvas.fill(ribbon(bridge, thick), colour)


def _lens(style: str, x: float, side: int) -> Points:
    if style == "round":
        return ellipse((x, 0.025), 0.255, 0.235, count=40)
    width, top, bottom = 0.275, -0.145, 0.185
    corners = [(-width, top + 0.05), (-width + 0.04, top), (width - 0.05, top - 0.01), (width, top + 0.04),
               (width - 0.03, bottom - 0.06), (width - 0.10, bottom), (-width + 0.11, bottom),
               (-width + 0.02, bottom - 0.07)]
    lens = spline(corners, 4, closed=True) * np.array([side, 1], np.float32)
    return lens + np.array([x, 0], np.float32)
