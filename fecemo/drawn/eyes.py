"""Eyes and brows."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Canvas, Patch, Points, as_points, ellipse, mirrored, ribbon, spline, taper
from fecemo.drawn.capture import Capture
from fecemo.drawn.expression import Expression
from fecemo.drawn.identity import EYE_COLOURS, Identity

_T = np.linspace(-1.0, 1.0, 25, dtype=np.float32)
"""Along a lid, from the inner corner (-1) to the outer corner (1)."""
CLOSED = 0.012
"""Distance of the lids of a closed eye, in face units."""


@dataclass(frozen=True)
class EyeShape:
    """One eye."""

    side: int  #: -1 at the picture's left, 1 at its right.
    centre: tuple[float, float]  #: Middle between the corners, in face units.
    #: `upper`, `lower`: Of shape (25, 2), float32. Edges of the lids, from the inner to the outer corner.
    upper: Points
    lower: Points
    crease: Points  #: Of shape (25, 2), float32. Fold of the upper lid.
    iris: tuple[float, float, float]  #: Centre and radius of the iris: x, y, radius.
    squeeze: float  #: How much cheek and lid push from below, from 0 to 1: bags and wrinkles.


def eye_shape(expression: Expression, identity: Identity, capture: Capture, side: int) -> EyeShape:
    """Return the shape of one eye: ``side`` -1 at the picture's left, 1 at its right.

    Lids rise with AU5, narrow with AU6 and AU7; AU1 with AU4 lifts the inner part of the upper lid. Size, spacing, tilt
    and relaxed opening are the person's, where the eye looks the capture's.
    """
    gain = expression.upper_gain(side)
    raised, tight = expression.upper_lid_raise * gain, expression.lid_tighten * gain
    cheek = expression.cheek_raise * expression.lower_gain(side)
    size = 1 + 0.13 * identity.eye_size
    centre = (side * (0.37 + 0.03 * identity.eye_spacing + 0.02 * identity.face_width), 0.0)
    half = 0.205 * size
    wrinkling = expression.nose_wrinkle

    above = (0.096 * size * (1 + 0.16 * identity.eye_opening) + 0.09 * raised
             - 0.040 * tight - 0.018 * cheek - 0.022 * wrinkling - 0.012 * expression.brow_lower * (1 - raised))
    below = 0.064 * size + 0.012 * raised - 0.050 * cheek - 0.042 * tight - 0.016 * wrinkling
    below = max(below, -0.012)
    above = max(above, CLOSED - below)

    # Grief lifts the lid's inner part and lets the outer part sink.
    grief = (
        min(1.0, expression.inner_brow_raise * (0.35 + expression.brow_lower))
        * (1 - expression.outer_brow_raise)
        * gain
    )
    lean = -0.22 - 0.35 * grief + 0.25 * expression.brow_lower * (1 - grief)
    arch_above = (1 - np.abs(_T) ** 2.3) * (1 + lean * _T)
    arch_below = (1 - np.abs(_T) ** 2.2) * (1 + 0.2 * _T)
    corners = (
        -0.5 * (0.02 + 0.055 * identity.eye_tilt) * (_T + 1) + 0.012 * (1 - _T) * 0.5 + 0.02 * grief * (_T + 1) * 0.5
    )
    upper_y = corners - (above - 0.012 * grief) * arch_above
    lower_y = np.maximum(corners + below * arch_below, upper_y + CLOSED * (1 - _T**2))
    x = centre[0] + side * half * _T
    gap = 0.055 + 0.012 * identity.brow_height - 0.022 * min(1.0, raised) - 0.02 * expression.brow_lower
    crease_y = upper_y - max(gap, 0.018) * (1 - 0.75 * np.abs(_T) ** 3) * (1 + 0.15 * _T)

    radius = 0.093 * (1 + 0.09 * identity.eye_size)
    iris = (centre[0] + 0.085 * capture.gaze_x, -0.012 + 0.045 * capture.gaze_y, radius)
    squeeze = min(1.0, 0.75 * cheek + 0.45 * tight + 0.3 * wrinkling)
    return EyeShape(side, centre, as_points(x, upper_y), as_points(x, lower_y), as_points(x, crease_y), iris, squeeze)


def paint_eyes(canvas: Canvas, eyes: tuple[EyeShape, ...], identity: Identity, capture: Capture) -> None:
    """Paint eyes and their lids, layer by layer together; the highlight lies towards the light."""
    skin = identity.skin_rgb
    canvas.shadow([np.concatenate([eye.crease, eye.upper[::-1]]) for eye in eyes], skin * 0.25 + 0.66, softness=0.02,
                  opacity=0.55)
    opening = canvas.covered([np.concatenate([eye.upper, eye.lower[::-1]]) for eye in eyes])
    if opening is not None:
        canvas.paint(opening, (0.93, 0.915, 0.90))
        _paint_irises(canvas, opening, eyes, identity, capture)
        # The upper lid and its lashes shade the eyeball; the corners are redder than the middle.
        shaded = canvas.covered([ribbon(eye.upper + np.array([0, 0.012], np.float32), 0.07) for eye in eyes],
                                softness=0.014)
        canvas.tint(shaded.within(opening) if shaded else None, (0.50, 0.46, 0.46), 0.75)
        inner = canvas.covered([ellipse((float(eye.upper[0, 0]), float(eye.upper[0, 1])), 0.045, 0.03) for eye in eyes],
                               0.008)
        canvas.tint(inner.within(opening) if inner else None, (0.90, 0.62, 0.60), 0.9)

    thick = 0.028 + 0.012 * max(0.0, identity.lip_colour - 0.3)
    lash = (np.array([0.13, 0.09, 0.08]) * (0.6 + 0.5 * identity.hair_rgb.mean())).astype(np.float32)
    count = len(_T)
    lashes = [ribbon(eye.upper, thick * taper(count, 0.25, 0.55)) for eye in eyes]
    for eye in eyes:
        tail = eye.upper[-1] + np.array([[0, 0], [eye.side * 0.022, -0.012], [eye.side * 0.04, -0.03]], np.float32)
        lashes.append(ribbon(tail, np.array([0.018, 0.012, 0.0])))
    canvas.fill(lashes, lash, softness=0.003, opacity=0.95)
    canvas.fill([ribbon(eye.lower, 0.012 * taper(count, 0.3, 0.8)) for eye in eyes], skin * (0.42, 0.34, 0.32),
                softness=0.004, opacity=0.75)
    canvas.shadow([ribbon(eye.crease, 0.022 * taper(count, 0.2, 0.4)) for eye in eyes], (0.52, 0.42, 0.38),
                  softness=0.006, opacity=0.75)


def _paint_irises(canvas: Canvas, opening: Patch, eyes: tuple[EyeShape, ...], identity: Identity,
                  capture: Capture) -> None:
    colour = np.array(EYE_COLOURS[identity.eye_colour], np.float32)
    bright = np.minimum(colour * 1.5 + 0.05, 1.0)
    right = 0.45 * float(np.sin(np.radians(capture.light_azimuth)))
    down = -0.12 - 0.35 * float(np.sin(np.radians(capture.light_elevation)))
    # Each layer: where its middle lies and how large it is, as shares of the iris; colour, softness, opacity, lit.
    layers = ((0.0, 0.0, 1.0, 1.0, colour * 0.38, 0.005, 1.0, True), (0.0, 0.0, 0.86, 0.86, colour, 0.006, 1.0, True),
              (0.0, 0.38, 0.55, 0.38, bright, 0.014, 0.6, True),
              (0.0, 0.0, 0.45, 0.45, np.array((0.02, 0.02, 0.025)), 0.003, 1.0, True),
              (right, down, 0.2, 0.2, np.ones(3), 0.003, 0.55 + 0.4 * capture.light_strength, False))
    for shift_x, shift_y, share_x, share_y, layer_colour, softness, opacity, lit in layers:
        discs = []
        for eye in eyes:
            x, y, radius = eye.iris
            discs.append(ellipse((x + shift_x * radius, y + shift_y * radius), share_x * radius, share_y * radius))
        patch = canvas.covered(discs, softness)
        canvas.paint(patch.within(opening) if patch else None, layer_colour, opacity, lit)


_HAIRS = 22


@dataclass(frozen=True)
class BrowShape:
    """One brow."""

    side: int  #: -1 at the picture's left, 1 at its right.
    curve: Points  #: Of shape (n, 2), float32. Its middle line from the inner to the outer end, in face units.
    widths: np.ndarray  #: Of shape (n,), float32. Its thickness along the line.

    @property
    def inner(self) -> tuple[float, float]:
        """Tuple of float: the inner end."""
        return float(self.curve[0, 0]), float(self.curve[0, 1])


def brow_shape(expression: Expression, identity: Identity, eye: EyeShape) -> BrowShape:
    """Return the shape of the brow over an eye.

    AU1 lifts the inner half, AU2 the outer half, AU4 lowers and draws together; AU9 pulls the inner end down. Height,
    arch and thickness are the person's.
    """
    gain = expression.upper_gain(eye.side)
    inner = min(1.0, expression.inner_brow_raise * gain)
    outer = min(1.0, expression.outer_brow_raise * gain)
    lower = min(1.0, expression.brow_lower * gain)
    wrinkle = expression.nose_wrinkle
    base = -0.262 - 0.035 * identity.brow_height
    arch = 0.055 + 0.03 * identity.brow_arch
    # Together with AU1, AU4 draws the brows together and turns them obliquely instead of lowering their inner ends.
    down = lower * (1 - 0.9 * inner)
    y = np.array([base - 0.150 * inner + 0.125 * down + 0.075 * wrinkle * (1 - inner),
                  base - 0.45 * arch - 0.105 * inner - 0.045 * outer + 0.105 * down + 0.045 * wrinkle * (1 - inner),
                  base - arch - 0.025 * inner - 0.105 * outer + 0.060 * lower + 0.020 * wrinkle,
                  base - 0.85 * arch + 0.035 * inner * (1 - outer) - 0.135 * outer + 0.030 * lower,
                  base + 0.020 + 0.050 * inner * (1 - outer) - 0.110 * outer + 0.010 * lower])
    middle = abs(eye.centre[0])
    inward = 0.050 * lower + 0.03 * wrinkle
    x = np.array([middle - 0.215 - inward, middle - 0.11 - 0.6 * inward, middle + 0.03, middle + 0.16, middle + 0.27])
    curve = mirrored(spline(np.stack([x, y], 1), samples=6), eye.side)
    t = np.linspace(0, 1, len(curve))
    profile = np.interp(t, (0, 0.12, 0.45, 0.8, 1), (0.68, 1.0, 0.95, 0.62, 0.14))
    thickness = 0.074 * (1 + 0.38 * identity.brow_thickness) * (1 + 0.10 * lower)
    return BrowShape(eye.side, curve, (thickness * profile).astype(np.float32))


def paint_brows(canvas: Canvas, brows: tuple[BrowShape, ...], identity: Identity) -> None:
    """Paint brows: a soft body with single hairs over it."""
    colour = identity.brow_rgb
    body = canvas.covered([ribbon(brow.curve, brow.widths * 0.92) for brow in brows], softness=0.010)
    canvas.paint(body, colour, 0.72 if identity.age < 0.8 else 0.6)
    canvas.fill([hair for brow in brows for hair in _hairs(brow, identity)], colour * 0.8, opacity=0.6)


def _hairs(brow: BrowShape, identity: Identity) -> np.ndarray:
    """Return single hairs as narrow quadrilaterals: ndarray of shape (n_hairs, 4, 2), float32."""
    rng = np.random.default_rng([identity.texture_seed, 1 if brow.side > 0 else 2])
    where = np.linspace(0.02, 0.93, _HAIRS) + rng.uniform(-0.015, 0.015, _HAIRS)
    position = where * (len(brow.curve) - 1)
    index = position.astype(int)
    along = brow.curve[index + 1] - brow.curve[index]
    root = brow.curve[index] + along * (position - index)[:, None]
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    thickness = brow.widths[index][:, None]
    # Hairs stand up at the inner end and lie along the brow at the outer one.
    upright = np.array([0, -1], np.float32) * (1.1 - where)[:, None]
    direction = along * (0.35 + 0.75 * where)[:, None] + upright
    direction *= thickness * rng.uniform(0.75, 1.15, (_HAIRS, 1))
    start = root + np.array([0, 1], np.float32) * thickness * rng.uniform(0.1, 0.5, (_HAIRS, 1))
    across = direction[:, ::-1] * (-1, 1) / np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-6)[:, None]
    corners = (start + 0.008 * across, start + direction + 0.002 * across, start + direction - 0.002 * across,
               start - 0.008 * across)
    return np.stack(corners, 1).astype(np.float32)
