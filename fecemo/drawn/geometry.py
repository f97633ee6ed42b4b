"""Where every feature of a face lies, and the head's outline: skull, cheeks, jaw and chin.

Face units: the eyes stand on y = 0, x = 0 is the middle; the average head reaches from -1.2 (crown) to 1.2 (chin) and
from -0.84 to 0.84 in width; x grows to the picture's right and y downwards.
"""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Points, spline
from fecemo.drawn.expression import Expression
from fecemo.drawn.eyes import BrowShape, EyeShape, brow_shape, eye_shape
from fecemo.drawn.identity import Identity
from fecemo.drawn.mouth import MouthShape, NoseShape, mouth_shape, nose_shape
from fecemo.drawn.parameters import FaceParameters

HALF_WIDTH = 0.84
CROWN, CHIN = -1.2, 1.2

# Half widths, as shares of the head's, down the right side of the average face.
_PROFILE = np.array([(0.50, -1.08), (0.83, -0.80), (0.975, -0.40), (1.0, -0.02), (0.955, 0.33), (0.825, 0.66),
                     (0.60, 0.94), (0.315, 1.135)], np.float32)
_RAYS = 360


@dataclass(frozen=True)
class HeadShape:
    """The outline of skull and face."""

    outline: Points  #: Of shape (n, 2), float32. Closed polygon in face units.
    half_width: float  #: Half of the head's largest width.
    chin: float  #: y of the chin, lowered by an open jaw.
    #: Of shape (360,), float32. Distance from the point between the eyes to the outline, by angle: entry i is at i
    #: degrees, clockwise in a picture from its right.
    radius: np.ndarray


def head_shape(expression: Expression, identity: Identity) -> HeadShape:
    """Return the outline of a head; an open jaw lowers its chin, a raised chin lifts it."""
    half_width = HALF_WIDTH * (1 + 0.09 * identity.face_width)
    right = _PROFILE.copy()
    low = np.clip((right[:, 1] - 0.1) / 0.9, 0, 1)  # 0 at the eyes, 1 at the jaw
    right[:, 0] *= half_width * (1 + 0.12 * identity.jaw_width * np.sin(np.pi * np.clip(low, 0, 0.85)))
    stretch = 1 + 0.06 * identity.face_length
    drop = 0.2 * expression.jaw_drop - 0.02 * expression.chin_raise
    chin = CHIN * stretch + 0.07 * identity.chin_length + drop
    right[:, 1] = np.where(right[:, 1] > 0, right[:, 1] * stretch + low**2 * (0.07 * identity.chin_length + drop),
                           right[:, 1])
    left = right[::-1] * np.array([-1, 1], np.float32)
    control = np.concatenate([[(0.0, CROWN)], right, [(0.0, chin)], left]).astype(np.float32)
    outline = spline(control, samples=6, closed=True)

    angle = np.degrees(np.arctan2(outline[:, 1], outline[:, 0])) % 360
    order = np.argsort(angle)
    radius = np.interp(np.arange(_RAYS), angle[order], np.hypot(outline[:, 0], outline[:, 1])[order], period=360)
    return HeadShape(outline, half_width, float(chin), radius.astype(np.float32))


@dataclass(frozen=True)
class FaceGeometry:
    """All features of a face seen from the front, in face units."""

    head: HeadShape  #: Skull, cheeks and chin.
    eyes: tuple[EyeShape, EyeShape]  #: The eye at the picture's left, the eye at its right.
    brows: tuple[BrowShape, BrowShape]  #: In the same order.
    nose: NoseShape
    mouth: MouthShape


def face_geometry(parameters: FaceParameters) -> FaceGeometry:
    """Return where the features of a face lie; of the capture, only the gaze counts."""
    expression, identity = parameters.expression, parameters.identity
    eyes = (eye_shape(expression, identity, parameters.capture, -1),
            eye_shape(expression, identity, parameters.capture, 1))
    brows = (brow_shape(expression, identity, eyes[0]), brow_shape(expression, identity, eyes[1]))
    nose = nose_shape(expression, identity)
    return FaceGeometry(head_shape(expression, identity), eyes, brows, nose,
                        mouth_shape(expression, identity, nose.base))
