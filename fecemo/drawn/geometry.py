"""Where every feature of a face lies."""

from dataclasses import dataclass

import numpy as np

from fecemo.drawn.canvas import Points
from fecemo.drawn.eyes import BrowShape, EyeShape, brow_shape, eye_shape
from fecemo.drawn.mouth import MouthShape, mouth_shape
from fecemo.drawn.nose import NoseShape, nose_shape
from fecemo.drawn.outline import HeadShape, head_shape
from fecemo.drawn.parameters import FaceParameters


@dataclass(frozen=True)
class FaceGeometry:
    """All features of a face seen from the front, in face units (see `outline`).

    Parameters
    ----------
    head : HeadShape
        Skull, cheeks and chin.
    eyes : tuple of EyeShape
        The eye at the picture's left, the eye at its right.
    brows : tuple of BrowShape
        In the same order.
    nose : NoseShape
        The nose.
    mouth : MouthShape
        The mouth.
    """

    head: HeadShape
    eyes: tuple[EyeShape, EyeShape]
    brows: tuple[BrowShape, BrowShape]
    nose: NoseShape
    mouth: MouthShape

    @property
    def features(self) -> Points:
        """Ndarray of shape (n, 2), float32: points of brows, eyes and mouth."""
        parts = [brow.curve for brow in self.brows]
        parts += [lid for eye in self.eyes for lid in (eye.upper, eye.lower)]
        return np.concatenate([*parts, self.mouth.upper_outer, self.mouth.lower_outer])


def face_geometry(parameters: FaceParameters) -> FaceGeometry:
    """Return where the features of a face lie.

    Parameters
    ----------
    parameters : FaceParameters
        Expression and identity; of the capture, only where the eyes look.

    Returns
    -------
    FaceGeometry
    """
    expression, identity = parameters.expression, parameters.identity
    eyes = (
        eye_shape(expression, identity, parameters.capture, -1),
        eye_shape(expression, identity, parameters.capture, 1),
    )
    brows = (brow_shape(expression, identity, eyes[0]), brow_shape(expression, identity, eyes[1]))
    nose = nose_shape(expression, identity)
    return FaceGeometry(
        head_shape(expression, identity), eyes, brows, nose, mouth_shape(expression, identity, nose.base)
    )
