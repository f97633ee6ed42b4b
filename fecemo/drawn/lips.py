"""Lips, teeth and tongue painted into a mouth's shape."""

import numpy as np

from fecemo.drawn.canvas import Canvas, Patch
from fecemo.drawn.curves import ellipse, ribbon, spline, taper
from fecemo.drawn.identity import Identity
from fecemo.drawn.mouth import MouthShape

_COUNT = 41


def paint_mouth(canvas: Canvas, mouth: MouthShape, identity: Identity) -> None:
    """Paint the mouth: what is inside it, then the lips around.

    Parameters
    ----------
    canvas : Canvas
        The face, with its light.
    mouth : MouthShape
        Where the lips lie.
    identity : Identity
        Colour of skin and lips.
    """
    skin = identity.skin_rgb
    natural = skin * (0.86, 0.60, 0.58) * (1 - 0.12 * identity.skin_tone)
    painted = np.array((0.72, 0.16, 0.20), np.float32) * (0.9 - 0.25 * identity.skin_tone)
    colour = natural + (painted - natural) * np.float32(max(0.0, identity.lip_colour - 0.15) * 0.75)

    under = mouth.lower_outer[6:-6] + np.array([0, 0.028], np.float32)
    canvas.shadow(ribbon(under, 0.06 * taper(len(under))), (0.60, 0.50, 0.46), softness=0.026, opacity=0.65)
    if mouth.gap > 0.004:
        _paint_inside(canvas, mouth)
    upper = np.concatenate([mouth.upper_outer, mouth.upper_inner[::-1]])
    lower = np.concatenate([mouth.lower_inner, mouth.lower_outer[::-1]])
    canvas.fill(lower, colour * 1.04, softness=0.006, opacity=0.95)
    canvas.fill(upper, colour * 0.84, softness=0.005, opacity=0.95)

    # A wet gleam on the lower lip, a light rim over the upper one.
    low = 0.55 * mouth.lower_inner[13:28] + 0.45 * mouth.lower_outer[13:28]
    thickness = float((mouth.lower_outer[20] - mouth.lower_inner[20])[1])
    canvas.fill(ribbon(low, 0.38 * thickness * taper(len(low))), np.minimum(colour * 1.25 + 0.10, 1.0),
                softness=0.012, opacity=0.5)
    rim = mouth.upper_outer[8:-8] - np.array([0, 0.010], np.float32)
    canvas.fill(ribbon(rim, 0.016 * taper(len(rim))), np.minimum(skin * 1.08, 1.0), softness=0.008, opacity=0.35)

    dark = colour * (0.34, 0.24, 0.24)
    if mouth.gap <= 0.004:
        width = 0.026 + 0.012 * mouth.press
        canvas.fill(ribbon(mouth.upper_inner, width * taper(_COUNT, 0.45, 0.45)), dark, softness=0.005, opacity=0.85)
    for side in (-1, 1):
        x, y = mouth.corner(side)
        canvas.shadow(ellipse((x - 0.004 * side, y), 0.030, 0.022), (0.42, 0.32, 0.30), softness=0.010, opacity=0.85)


def _paint_inside(canvas: Canvas, mouth: MouthShape) -> None:
    inside = canvas.covered(np.concatenate([mouth.upper_inner, mouth.lower_inner[::-1]]))
    if inside is None:
        return
    canvas.paint(inside, (0.20, 0.055, 0.055))
    left, right = mouth.corner_left[0], mouth.corner_right[0]
    floor = float(mouth.lower_inner[20, 1])
    middle = 0.5 * (left + right)
    if mouth.gap > 0.10:
        tongue = ellipse((middle, floor + 0.01), 0.30 * (right - left), 0.42 * mouth.gap)
        _paint_within(canvas, canvas.covered(tongue, 0.014), inside, (0.66, 0.28, 0.28), 0.9)
    # The upper row hangs from the lip and curves back and up towards the corners.
    t = np.linspace(-1, 1, 17)
    edge = mouth.teeth - 0.35 * (mouth.teeth - np.interp(t, np.linspace(-1, 1, _COUNT), mouth.upper_inner[:, 1])) * t**2
    x = np.where(t < 0, middle + (middle - left) * t, middle + (right - middle) * t) * 0.97
    row = np.concatenate([np.stack([x, edge], 1), np.stack([x[::-1], np.full(17, edge.min() - 0.25)], 1)]).astype(
        np.float32
    )
    teeth = canvas.covered(row, 0.004)
    _paint_within(canvas, teeth, inside, (0.93, 0.91, 0.86), 0.97)
    gaps = []
    for position in (-0.66, -0.44, -0.21, 0.0, 0.21, 0.44, 0.66):
        place = float(np.interp(position, t, x))
        bottom = float(np.interp(position, t, edge))
        gaps.append(ribbon(np.array([(place, bottom - 0.16), (place, bottom)], np.float32), 0.008))
    seams = canvas.covered(gaps)
    if seams is not None and teeth is not None:
        _shade_within(canvas, seams.within(teeth), inside, (0.70, 0.66, 0.62), 0.6)
    lowest = float(mouth.lower_inner[20, 1])
    if mouth.gap > 0.06 and lowest - mouth.teeth > 0.035:
        shown = 0.035 * min(1.0, (lowest - mouth.teeth) / 0.08)
        below = spline([(middle - 0.36 * (right - left), lowest - 0.4 * shown), (middle, lowest - shown - 0.012),
                        (middle + 0.36 * (right - left), lowest - 0.4 * shown), (middle, lowest + 0.08)], closed=True)
        _paint_within(canvas, canvas.covered(below, 0.004), inside, (0.80, 0.77, 0.72), 0.85)
    # The lip's shadow on the teeth, and the dark behind the corners.
    shade = canvas.covered(ribbon(mouth.upper_inner, 0.05 * taper(_COUNT, 0.6, 0.6)), 0.014)
    _shade_within(canvas, shade, inside, (0.45, 0.36, 0.36), 0.75)
    for side in (-1, 1):
        corner = canvas.covered(ellipse((mouth.corner(side)[0], mouth.corner(side)[1]), 0.075, 0.09), 0.022)
        _shade_within(canvas, corner, inside, (0.30, 0.20, 0.20), 0.85)


def _paint_within(canvas: Canvas, patch: Patch | None, limit: Patch, colour: tuple[float, ...], opacity: float) -> None:
    canvas.paint(patch.within(limit) if patch else None, colour, opacity)


def _shade_within(canvas: Canvas, patch: Patch | None, limit: Patch, factor: tuple[float, ...], opacity: float) -> None:
    canvas.tint(patch.within(limit) if patch else None, factor, opacity)
