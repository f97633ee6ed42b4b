"""The nose: nostrils, wings and the shadow beneath; its relief is the surface's."""

from dataclasses import dataclass

from fecemo.drawn.canvas import Canvas, ellipse, mirrored, ribbon, spline, taper
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
