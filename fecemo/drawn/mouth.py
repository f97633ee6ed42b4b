"""The nose and the mouth: nostrils, wings and the shadow beneath; lips. The nose's relief is the surface's."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Canvas, Patch, Points, as_points, ellipse, mirrored, ribbon, spline, taper
from fecemo.drawn.expression import Expression
from fecemo.drawn.identity import Identity


@dataclass(frozen=True)
class NoseShape:
    """The nose, in face units."""

    tip: float  #: y of the tip.
    base: float  #: y where the nose meets the upper lip.
    wing: float  #: Half width at the wings.
    wing_y: float  #: y of the wings' middle, lifted by AU9 and AU10.
    wrinkle: float  #: From 0 to 1: wrinkles at the root.


def nose_shape(expression: Expression, identity: Identity) -> NoseShape:
    """Return the shape of the nose; AU9 and AU10 lift the wings and AU12 widens them."""
    length = 0.50 * (1 + 0.10 * identity.nose_length) * (1 + 0.04 * identity.face_length)
    lift = 0.050 * expression.nose_wrinkle + 0.018 * expression.upper_lip_raise
    wing = 0.150 * (1 + 0.17 * identity.nose_width) * (
        1 + 0.07 * expression.lip_corner_pull + 0.12 * expression.nose_wrinkle + 0.05 * expression.upper_lid_raise)
    return NoseShape(length - 0.055 - 0.5 * lift, length + 0.015 - 0.4 * lift, wing, length - 0.03 - lift,
                     expression.nose_wrinkle)


def paint_nose(canvas: Canvas, nose: NoseShape, identity: Identity, light_x: float, strength: float) -> None:
    """Paint nostrils, wings and shadow.

    ``light_x`` is from -1 (light from the picture's left) to 1, ``strength`` from 0 to 1.
    """
    wing, y, base = nose.wing, nose.wing_y, nose.base
    shade = (0.56, 0.45, 0.41)
    fallen = -0.05 * light_x
    beneath = spline([(-0.8 * wing + fallen, base - 0.01), (fallen, base - 0.005), (0.8 * wing + fallen, base - 0.01),
                      (0.55 * wing + fallen, base + 0.055), (fallen, base + 0.075),
                      (-0.55 * wing + fallen, base + 0.055)], closed=True)
    canvas.shadow(beneath, shade, softness=0.028, opacity=0.45 + 0.35 * strength)
    curls, nostrils, wrinkles = [], [], []
    for side in (-1, 1):
        # The side turned away from the light lies in the nose's own shade.
        away = max(0.0, -side * light_x)
        flank = mirrored([(0.09, 0.02), (0.075, 0.18), (0.5 * wing + 0.03, y - 0.13), (wing * 1.02, y - 0.02),
                          (wing * 1.12, y + 0.03), (wing * 1.3, y - 0.02), (0.19, 0.2), (0.15, 0.04)], side)
        canvas.shadow(spline(flank, 4, closed=True), shade, softness=0.035, opacity=0.10 + 0.45 * away * strength)
        curl = spline(mirrored([(wing * 0.86, y - 0.075), (wing * 1.04, y - 0.03), (wing * 1.05, y + 0.025),
                                (wing * 0.86, y + 0.052)], side), 5)
        curls.append(ribbon(curl, 0.026 * taper(len(curl), 0.1, 0.4)))
        nostrils.append(ellipse((side * wing * 0.47, base - 0.012), wing * 0.30, 0.021 + 0.008 * nose.wrinkle,
                                -0.28 * side))
        for offset in (0.0, 0.06, 0.12) if nose.wrinkle > 0.05 else ():
            line = spline(mirrored([(0.025, 0.015 + offset), (0.075, -0.005 + offset), (0.12, 0.03 + offset)], side), 5)
            wrinkles.append(ribbon(line, 0.022 * taper(len(line))))
    canvas.shadow(curls, shade, softness=0.010, opacity=0.75)
    canvas.fill(nostrils, identity.skin_rgb * (0.26, 0.17, 0.15), softness=0.007, opacity=0.88)
    septum = spline([(-0.42 * wing, base + 0.002), (0.0, base + 0.016), (0.42 * wing, base + 0.002)], 5)
    canvas.shadow(ribbon(septum, 0.020 * taper(len(septum))), shade, softness=0.008, opacity=0.6)
    if wrinkles:
        canvas.shadow(wrinkles, shade, softness=0.007, opacity=0.75 * nose.wrinkle)


def nose_relief(nose: NoseShape) -> list[tuple[float, float, float, float, float]]:
    """Return the bumps that make the nose: x, y, spread in x, spread in y, height of each, in face units."""
    return [(0.0, nose.tip - 0.28, 0.060, 0.20, 0.085), (0.0, nose.tip - 0.10, 0.070, 0.11, 0.075),
            (0.0, nose.tip, 0.085, 0.070, 0.125), (-0.75 * nose.wing, nose.wing_y, 0.055, 0.050, 0.055),
            (0.75 * nose.wing, nose.wing_y, 0.055, 0.050, 0.055)]


_T = np.linspace(-1.0, 1.0, 41, dtype=np.float32)
"""Along the mouth, from the picture's left corner (-1) to its right corner (1)."""


@dataclass(frozen=True)
class MouthShape:
    """The mouth, in face units. Curves run from the picture's left corner to its right one."""

    #: `upper_outer`, `upper_inner`, `lower_inner`, `lower_outer`: Of shape (41, 2), float32. Edges of the lips.
    upper_outer: Points
    upper_inner: Points
    lower_inner: Points
    lower_outer: Points
    gap: float  #: Largest distance between the lips; 0 when they touch.
    press: float  #: How firmly the lips are pressed together, from 0 to 1.
    teeth: float  #: y of the upper teeth's edge.

    def corner(self, side: int) -> tuple[float, float]:
        """Return the corner of one side: -1 the picture's left, 1 its right."""
        x, y = self.upper_inner[-1 if side > 0 else 0].tolist()
        return x, y


def mouth_shape(expression: Expression, identity: Identity, nose_base: float) -> MouthShape:
    """Return the shape of the mouth: AU10, 12, 14, 15, 17, 20, 23, 24, 25 and 26 move the lips.

    ``nose_base`` is the y where the nose meets the upper lip.
    """
    e = expression
    rise = {side: e.lip_corner_pull * e.lower_gain(side) for side in (-1, 1)}
    fall = {side: e.lip_corner_depress * e.lower_gain(side) for side in (-1, 1)}
    rounding = e.jaw_drop * (1 - 0.9 * e.lip_corner_pull) * (1 - e.lip_stretch)
    half = {
        side: 0.290 * (1 + 0.13 * identity.mouth_width)
        * (1 + 0.24 * rise[side] + 0.30 * e.lip_stretch + 0.10 * e.dimple(side) - 0.06 * e.dimple(-side)
           - 0.02 * fall[side] - 0.24 * e.lip_tighten - 0.20 * rounding - 0.10 * e.chin_raise)
        for side in (-1, 1)
    }
    corner = {
        side: -0.120 * rise[side] - 0.145 * e.dimple(side) + 0.105 * fall[side] + 0.030 * e.lip_stretch
        + 0.07 * e.jaw_drop * (1 - e.lip_corner_pull)
        for side in (-1, 1)
    }
    smile = 0.5 * (rise[-1] + rise[1])
    dimples = e.dimple_left + e.dimple_right
    middle = (nose_base + 0.235 * (1 + 0.12 * identity.face_length) + 0.022 * identity.mouth_height
              + 0.022 * smile - 0.012 * dimples - 0.045 * e.chin_raise - 0.020 * e.lip_corner_depress
              - 0.022 * e.upper_lip_raise)

    gap = max(0.0, 0.082 * e.lips_part + 0.30 * e.jaw_drop * min(1.0, 0.2 + 1.2 * e.lips_part) - 0.016)
    x = np.where(_T < 0, half[-1] * _T, half[1] * _T)
    reach = np.abs(_T)
    ends = np.where(_T < 0, corner[-1], corner[1])
    # A smile's line is a bow; the line of a depressed mouth is flat in the middle and bends at its ends.
    bend = np.where(ends > 0, 2.4, 1.75)
    line = middle + ends * reach**bend
    roundness = 1.0 - 0.42 * rounding
    open_profile = np.maximum(0.0, 1 - _T**2) ** roundness
    # An open smile hangs below its corners: the upper lip's edge stays up and the lower lip carries the bow.
    up_share = 0.30 + 0.10 * smile
    upper_inner = line - up_share * gap * open_profile
    lower_inner = line + (1 - up_share) * gap * open_profile * (1 + 0.15 * smile)

    fullness = 1 + 0.32 * identity.lip_thickness
    thin = (
        1 - 0.22 * e.lip_corner_pull - 0.12 * e.lip_stretch - 0.30 * e.lip_tighten - 0.50 * e.lip_press - 0.10 * dimples
    )
    upper_thickness = max(0.016, 0.066 * fullness * (thin - 0.10 * e.nose_wrinkle))
    lower_thickness = max(0.022, 0.098 * fullness * (thin + 0.12 * e.chin_raise))
    bow = 1 - 0.20 * np.exp(-(_T / 0.11) ** 2) + 0.10 * np.exp(-(((reach - 0.27) / 0.16) ** 2))
    square = (
        (0.055 * e.upper_lip_raise + 0.025 * e.nose_wrinkle) * np.exp(-(((reach - 0.42) / 0.33) ** 2)) * (1 - reach**6)
    )
    upper_outer = upper_inner - upper_thickness * (1 - reach**2.0) ** 0.9 * bow - square
    upper_inner = upper_inner - square * (0.25 + 0.65 * min(1.0, gap / 0.05))
    lower_outer = lower_inner + lower_thickness * (1 - reach**2.6)
    press = min(1.0, e.lip_press + 0.5 * e.lip_tighten) * (gap < 0.01)
    # Parted a little, the lips still show a dark line beneath the teeth.
    teeth = float(upper_inner[20]) + min(0.088, 0.68 * gap)
    return MouthShape(as_points(x, upper_outer), as_points(x, upper_inner), as_points(x, lower_inner),
                      as_points(x, lower_outer), float(gap), float(press), teeth)


_COUNT = len(_T)


def paint_mouth(canvas: Canvas, mouth: MouthShape, identity: Identity) -> None:
    """Paint the mouth: what is inside it, then the lips around."""
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
    left, right = mouth.corner(-1)[0], mouth.corner(1)[0]
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
