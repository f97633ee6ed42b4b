"""Everything that a drawn face is made from, and how it is written into a table."""

from dataclasses import asdict, dataclass, field

import numpy as np

from fecemo.drawn.capture import Capture, sample_capture
from fecemo.drawn.emotions import sample_expression
from fecemo.drawn.expression import Expression
from fecemo.drawn.identity import Identity, sample_identity


@dataclass(frozen=True)
class Nuisance:
    """Everything about a face that says nothing of its expression.

    Parameters
    ----------
    identity : Identity
        Who it is.
    capture : Capture
        How it was photographed.
    """

    identity: Identity = field(default_factory=Identity)
    capture: Capture = field(default_factory=Capture)


@dataclass(frozen=True)
class FaceParameters:
    """The true parameters of one drawn face.

    Parameters
    ----------
    expression : Expression
        What it does.
    nuisance : Nuisance
        Who it is and how it was photographed.
    emotion : str or None
        Which emotion it was drawn for, where it was drawn for one.
    """

    expression: Expression = field(default_factory=Expression)
    nuisance: Nuisance = field(default_factory=Nuisance)
    emotion: str | None = None

    @property
    def identity(self) -> Identity:
        """Identity: who it is."""
        return self.nuisance.identity

    @property
    def capture(self) -> Capture:
        """Capture: how it was photographed."""
        return self.nuisance.capture

    def as_row(self) -> dict[str, float | int | str]:
        """Return all parameters as one flat row of a table.

        Returns
        -------
        dict
            ``emotion``, then every parameter as ``expression.…``, ``identity.…`` or ``capture.…``, always in the same
            order. Floats are rounded to six decimals.
        """
        row: dict[str, float | int | str] = {"emotion": self.emotion or ""}
        for part, values in (("expression", self.expression), ("identity", self.identity), ("capture", self.capture)):
            for name, value in asdict(values).items():
                row[f"{part}.{name}"] = round(float(value), 6) if isinstance(value, float) else value
        return row


def sample_face(rng: np.random.Generator, emotion: str, identity: Identity | None = None) -> FaceParameters:
    """Draw a face of one emotion; who it is and how it was photographed do not depend on the emotion.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    emotion : str
        One of the eight emotions.
    identity : Identity, optional
        A person met before; by default a new one is drawn.

    Returns
    -------
    FaceParameters
    """
    person = sample_identity(rng)
    capture = sample_capture(rng)
    expression = sample_expression(rng, emotion)
    return FaceParameters(expression, Nuisance(identity or person, capture), emotion)
