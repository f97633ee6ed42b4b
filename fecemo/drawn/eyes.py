"""Eyes: lids that open and close around an eyeball that looks somewhere."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Canvas, Patch
from fecemo.drawn.capture import Capture
from fecemo.drawn.curves import Points, ellipse, ribbon, taper
from fecemo.drawn.expression import Expression
from fecemo.drawn.identity import EYE_COLOURS, Identity

_T = np.linspace(-1.0, 1.0, 25, dtype=np.float32)
"""Along a lid, from the inner corner (-1) to the outer corner (1)."""
CLOSED = 0.012
"""Distance of the lids of a closed eye, in face units."""


@dataclass(frozen=True)
class EyeShape:
    """One eye.

    Parameters
    ----------
    side : int
        -1 at the picture's left, 1 at its right.
    centre : tuple of float
        Middle between the corners, in face units.
    upper, lower : ndarray of shape (25, 2), float32
        Edges of the lids, from the inner to the outer corner.
    crease : ndarray of shape (25, 2), float32
        Fold of the upper lid.
    iris : tuple of float
        Centre and radius of the iris: x, y, radius.
    squeeze : float
        How much cheek and lid push from below, from 0 to 1: bags and wrinkles.
    """

    side: int
    centre: tuple[float, float]
    upper: Points
    lower: Points
    crease: Points
    iris: tuple[float, float, float]
    squeeze: float

    @property
    def opening(self) -> float:
        """float: largest distance between the lids, in face units."""
        return float((self.lower[:, 1] - self.upper[:, 1]).max())


def eye_shape(expression: Expression, identity: Identity, capture: Capture, side: int) -> EyeShape:
    """Return the shape of one eye.

    Parameters
    ----------
    expression : Expression
        Lids rise with AU5, narrow with AU6 and AU7; AU1 with AU4 lifts the inner part of the upper lid.
    identity : Identity
        Size, spacing, tilt and relaxed opening.
    capture : Capture
        Where the eye looks.
    side : int
        -1 at the picture's left, 1 at its right.

    Returns
    -------
    EyeShape
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
    return EyeShape(side, centre, _points(x, upper_y), _points(x, lower_y), _points(x, crease_y), iris, squeeze)


def paint_eyes(canvas: Canvas, eyes: tuple[EyeShape, ...], identity: Identity, capture: Capture) -> None:
    """Paint eyes and their lids.

    Parameters
    ----------
    canvas : Canvas
        The face, with its light.
    eyes : tuple of EyeShape
        All that are to be painted; layer by layer they go together.
    identity : Identity
        Colour of iris and skin.
    capture : Capture
        The highlight lies towards the light.
    """
    skin = identity.skin_rgb
    canvas.shadow(
        [np.concatenate([eye.crease, eye.upper[::-1]]) for eye in eyes], skin * 0.25 + 0.66, softness=0.02, opacity=0.55
    )
    opening = canvas.covered([np.concatenate([eye.upper, eye.lower[::-1]]) for eye in eyes])
    if opening is not None:
        canvas.paint(opening, (0.93, 0.915, 0.90))
        _paint_irises(canvas, opening, eyes, identity, capture)
        # The upper lid and its lashes shade the eyeball; the corners are redder than the middle.
        shaded = canvas.covered(
            [ribbon(eye.upper + np.array([0, 0.012], np.float32), 0.07) for eye in eyes], softness=0.014
        )
        canvas.tint(shaded.within(opening) if shaded else None, (0.50, 0.46, 0.46), 0.75)
        inner = canvas.covered(
            [ellipse((float(eye.upper[0, 0]), float(eye.upper[0, 1])), 0.045, 0.03) for eye in eyes], 0.008
        )
        canvas.tint(inner.within(opening) if inner else None, (0.90, 0.62, 0.60), 0.9)

    thick = 0.028 + 0.012 * max(0.0, identity.lip_colour - 0.3)
    lash = (np.array([0.13, 0.09, 0.08]) * (0.6 + 0.5 * identity.hair_rgb.mean())).astype(np.float32)
    count = len(_T)
    lashes = [ribbon(eye.upper, thick * taper(count, 0.25, 0.55)) for eye in eyes]
    for eye in eyes:
        tail = eye.upper[-1] + np.array([[0, 0], [eye.side * 0.022, -0.012], [eye.side * 0.04, -0.03]], np.float32)
        lashes.append(ribbon(tail, np.array([0.018, 0.012, 0.0])))
    canvas.fill(lashes, lash, softness=0.003, opacity=0.95)
    canvas.fill(
        [ribbon(eye.lower, 0.012 * taper(count, 0.3, 0.8)) for eye in eyes],
        skin * (0.42, 0.34, 0.32),
        softness=0.004,
        opacity=0.75,
    )
    canvas.shadow(
        [ribbon(eye.crease, 0.022 * taper(count, 0.2, 0.4)) for eye in eyes],
        (0.52, 0.42, 0.38),
        softness=0.006,
        opacity=0.75,
    )


def _paint_irises(
    canvas: Canvas, opening: Patch, eyes: tuple[EyeShape, ...], identity: Identity, capture: Capture
) -> None:
    colour = np.array(EYE_COLOURS[identity.eye_colour], np.float32)
    bright = np.minimum(colour * 1.5 + 0.05, 1.0)
    right = 0.45 * float(np.sin(np.radians(capture.light_azimuth)))
    down = -0.12 - 0.35 * float(np.sin(np.radians(capture.light_elevation)))
    # Each layer: where its middle lies and how large it is, as shares of the iris; colour, softness, opacity, lit.
    layers = (
        (0.0, 0.0, 1.0, 1.0, colour * 0.38, 0.005, 1.0, True),
        (0.0, 0.0, 0.86, 0.86, colour, 0.006, 1.0, True),
        (0.0, 0.38, 0.55, 0.38, bright, 0.014, 0.6, True),
        (0.0, 0.0, 0.45, 0.45, np.array((0.02, 0.02, 0.025)), 0.003, 1.0, True),
        (right, down, 0.2, 0.2, np.ones(3), 0.003, 0.55 + 0.4 * capture.light_strength, False),
    )
    for shift_x, shift_y, share_x, share_y, layer_colour, softness, opacity, lit in layers:
        discs = []
        for eye in eyes:
            x, y, radius = eye.iris
            discs.append(ellipse((x + shift_x * radius, y + shift_y * radius), share_x * radius, share_y * radius))
        patch = canvas.covered(discs, softness)
        canvas.paint(patch.within(opening) if patch else None, layer_colour, opacity, lit)


def _points(x: np.ndarray, y: np.ndarray) -> Points:
    return np.stack([x, y], 1).astype(np.float32)
