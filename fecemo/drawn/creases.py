"""Folds and wrinkles: those that actions make, and those that age leaves."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Points, mirrored, ribbon, spline, taper
from fecemo.drawn.geometry import FaceGeometry
from fecemo.drawn.parameters import FaceParameters

_SHALLOWEST = 0.04
"""Shallower folds are not drawn."""


@dataclass(frozen=True)
class Crease:
    """One fold of the skin."""

    outline: Points  #: Of shape (n, 2), float32. Closed polygon in face units.
    depth: float  #: From 0 (not there) to 1.


def creases(parameters: FaceParameters, geometry: FaceGeometry) -> list[Crease]:
    """Return the folds that actions and age make, shallow ones first."""
    folds: list[Crease] = []
    for side in (-1, 1):
        folds += _beside_mouth(parameters, geometry, side) + _around_eye(parameters, geometry, side)
        folds += _between_brows(parameters, geometry, side)
    folds += _forehead(parameters, geometry) + _chin(parameters, geometry)
    return sorted(folds, key=lambda crease: crease.depth)


def _fold(control: list[tuple[float, float]], side: int, depth: float, width: float,
          start: float = 0.0) -> list[Crease]:
    if depth <= _SHALLOWEST:
        return []
    curve = spline(mirrored(control, side), 5)
    return [Crease(ribbon(curve, width * taper(len(curve), start)), min(float(depth), 1.0))]


def _beside_mouth(parameters: FaceParameters, geometry: FaceGeometry, side: int) -> list[Crease]:
    expression, age = parameters.expression, parameters.identity.age
    x, y = geometry.mouth.corner(side)
    x, wing, wing_y = abs(x), geometry.nose.wing, geometry.nose.wing_y
    pull = expression.lip_corner_pull * expression.lower_gain(side)
    dimple = expression.dimple(side)
    fall = expression.lip_corner_depress
    raised = max(expression.upper_lip_raise, expression.nose_wrinkle)
    nasolabial = 0.05 + 0.35 * age + 0.75 * pull + 0.65 * raised + 0.40 * dimple + 0.2 * expression.lip_stretch
    out = 0.085 + 0.035 * pull + 0.02 * raised
    folds = _fold([(wing * 1.12, wing_y - 0.05), (wing + 0.085 + 0.03 * raised, wing_y + 0.03),
                    (x + out - 0.03, 0.45 * wing_y + 0.55 * y - 0.03), (x + out, y - 0.01),
                    (x + out - 0.015, y + 0.07)], side, nasolabial, 0.055, 0.35)
    # Corners: a dimple curls around them, a frown drags a line down from them.
    tucked = max(0.9 * dimple, 0.35 * pull, 0.6 * expression.lip_tighten, 0.5 * expression.lip_stretch)
    folds += _fold([(x + 0.012, y - 0.055), (x + 0.045, y - 0.005), (x + 0.012, y + 0.05)], side, tucked, 0.042)
    marionette = max(0.85 * fall, 0.25 * age, 0.5 * expression.chin_raise, 0.3 * expression.lip_press)
    folds += _fold([(x + 0.005, y + 0.005), (x + 0.035, y + 0.06), (x + 0.025, y + 0.16)], side, marionette, 0.042, 0.5)
    return folds


def _around_eye(parameters: FaceParameters, geometry: FaceGeometry, side: int) -> list[Crease]:
    eye = geometry.eyes[0 if side < 0 else 1]
    expression, age = parameters.expression, parameters.identity.age
    cheek = expression.cheek_raise * expression.lower_gain(side)
    corner_x, corner_y = abs(float(eye.upper[-1, 0])), float(eye.upper[-1, 1])
    feet = 0.85 * cheek - 0.15 + 0.30 * age + 0.2 * expression.lid_tighten
    folds: list[Crease] = []
    for angle in (-0.45, 0.0, 0.42):
        end = (corner_x + 0.135 * np.cos(angle), corner_y + 0.135 * np.sin(angle) + 0.01)
        middle = (corner_x + 0.09 * np.cos(angle), corner_y + 0.075 * np.sin(angle))
        folds += _fold([(corner_x + 0.045, corner_y + 0.3 * np.sin(angle) * 0.1), middle, end], side, feet, 0.024)
    low = float(eye.lower[:, 1].max())
    inner, outer = abs(float(eye.lower[0, 0])), corner_x
    bag = 0.12 + 0.35 * age + 0.65 * eye.squeeze
    folds += _fold([(inner + 0.02, low + 0.015), (inner + 0.12, low + 0.062),
                    (0.5 * (inner + outer) + 0.06, low + 0.070), (outer - 0.02, low + 0.035)], side, bag, 0.035)
    return folds


def _between_brows(parameters: FaceParameters, geometry: FaceGeometry, side: int) -> list[Crease]:
    expression = parameters.expression
    brow = geometry.brows[0 if side < 0 else 1]
    x, y = abs(brow.inner[0]) - 0.045, brow.inner[1]
    frown = max(expression.brow_lower * expression.upper_gain(side), 0.55 * expression.nose_wrinkle) - 0.1
    return _fold([(x + 0.012, y - 0.10), (x - 0.002, y - 0.02), (x + 0.012, y + 0.09)], side, 0.95 * frown, 0.040)


def _forehead(parameters: FaceParameters, geometry: FaceGeometry) -> list[Crease]:
    expression, age = parameters.expression, parameters.identity.age
    top = min(brow.curve[:, 1].min() for brow in geometry.brows)
    inner, outer = expression.inner_brow_raise, expression.outer_brow_raise
    folds: list[Crease] = []
    for line in range(3):
        y = float(top) - 0.10 - 0.10 * line
        width = (0.50 if outer > 0.3 else 0.27) - 0.04 * line
        depth = 0.75 * max(inner * (0.75 + 0.25 * outer), outer) - 0.12 + 0.28 * age - 0.05 * line
        sag = 0.02 if outer > 0.3 else -0.035  # lifted inside alone, the lines arch upwards in the middle
        folds += _fold([(-width, y + sag), (-0.5 * width, y - 0.012), (0.0, y + 0.008), (0.5 * width, y - 0.012),
                            (width, y + sag)], 1, depth, 0.028)
    return folds


def _chin(parameters: FaceParameters, geometry: FaceGeometry) -> list[Crease]:
    expression = parameters.expression
    low = float(geometry.mouth.lower_outer[:, 1].max())
    boss = expression.chin_raise
    y = low + 0.055 - 0.01 * boss
    return _fold([(-0.13, y + 0.022), (0.0, y - 0.006 - 0.02 * boss), (0.13, y + 0.022)], 1,
                  0.28 + 0.6 * boss + 0.25 * expression.lip_press, 0.050)
