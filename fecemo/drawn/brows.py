"""Brows: raised inside and outside, lowered and drawn together."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Canvas
from fecemo.drawn.curves import Points, mirrored, ribbon, spline
from fecemo.drawn.expression import Expression
from fecemo.drawn.eyes import EyeShape
from fecemo.drawn.identity import Identity

_HAIRS = 22


@dataclass(frozen=True)
class BrowShape:
    """One brow.

    Parameters
    ----------
    side : int
        -1 at the picture's left, 1 at its right.
    curve : ndarray of shape (n, 2), float32
        Its middle line from the inner to the outer end, in face units.
    widths : ndarray of shape (n,), float32
        Its thickness along the line.
    """

    side: int
    curve: Points
    widths: np.ndarray

    @property
    def inner(self) -> tuple[float, float]:
        """Tuple of float: the inner end."""
        return float(self.curve[0, 0]), float(self.curve[0, 1])

    @property
    def outer(self) -> tuple[float, float]:
        """Tuple of float: the outer end."""
        return float(self.curve[-1, 0]), float(self.curve[-1, 1])


def brow_shape(expression: Expression, identity: Identity, eye: EyeShape) -> BrowShape:
    """Return the shape of the brow over an eye.

    Parameters
    ----------
    expression : Expression
        AU1 lifts the inner half, AU2 the outer half, AU4 lowers and draws together; AU9 pulls the inner end down.
    identity : Identity
        Height, arch and thickness.
    eye : EyeShape
        The eye beneath.

    Returns
    -------
    BrowShape
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
    y = np.array([
        base - 0.150 * inner + 0.125 * down + 0.075 * wrinkle * (1 - inner),
        base - 0.45 * arch - 0.105 * inner - 0.045 * outer + 0.105 * down + 0.045 * wrinkle * (1 - inner),
        base - arch - 0.025 * inner - 0.105 * outer + 0.060 * lower + 0.020 * wrinkle,
        base - 0.85 * arch + 0.035 * inner * (1 - outer) - 0.135 * outer + 0.030 * lower,
        base + 0.020 + 0.050 * inner * (1 - outer) - 0.110 * outer + 0.010 * lower,
    ])
    middle = abs(eye.centre[0])
    inward = 0.050 * lower + 0.03 * wrinkle
    x = np.array([middle - 0.215 - inward, middle - 0.11 - 0.6 * inward, middle + 0.03, middle + 0.16, middle + 0.27])
    curve = mirrored(spline(np.stack([x, y], 1), samples=6), eye.side)
    t = np.linspace(0, 1, len(curve))
    profile = np.interp(t, (0, 0.12, 0.45, 0.8, 1), (0.68, 1.0, 0.95, 0.62, 0.14))
    thickness = 0.074 * (1 + 0.38 * identity.brow_thickness) * (1 + 0.10 * lower)
    return BrowShape(eye.side, curve, (thickness * profile).astype(np.float32))


def paint_brows(canvas: Canvas, brows: tuple[BrowShape, ...], identity: Identity) -> None:
    """Paint brows: a soft body with single hairs over it.

    Parameters
    ----------
    canvas : Canvas
        The face, with its light.
    brows : tuple of BrowShape
        All that are to be painted.
    identity : Identity
        Colour, and the seed of the hairs.
    """
    colour = identity.brow_rgb
    body = canvas.covered([ribbon(brow.curve, brow.widths * 0.92) for brow in brows], softness=0.010)
    canvas.paint(body, colour, 0.72 if identity.age < 0.8 else 0.6)
    canvas.fill([hair for brow in brows for hair in _hairs(brow, identity)], colour * 0.8, opacity=0.6)


def _hairs(brow: BrowShape, identity: Identity) -> np.ndarray:
    """Return single hairs as narrow quadrilaterals.

    Returns
    -------
    ndarray of shape (n_hairs, 4, 2), float32
    """
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
    corners = (
        start + 0.008 * across,
        start + direction + 0.002 * across,
        start + direction - 0.002 * across,
        start - 0.008 * across,
    )
    return np.stack(corners, 1).astype(np.float32)
