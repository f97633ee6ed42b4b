"""All parameters of a drawn face, and the factors that they belong to."""

from dataclasses import asdict, dataclass, field

import numpy as np

from fecemo.drawn.capture import Capture, sample_capture
from fecemo.drawn.expression import Expression, sample_expression
from fecemo.drawn.identity import Identity, sample_identity

CAPTURE_FACTORS = {"pose": ("yaw", "pitch", "roll", "scale", "shift_x", "shift_y", "gaze_x", "gaze_y"),
                   "light": ("light_azimuth", "light_elevation", "light_strength", "exposure", "warmth"),
                   "background": ("backdrop", "backdrop_hue", "backdrop_saturation", "backdrop_value", "clothes_hue",
                                  "clothes_value"),
                   "camera": ("blur", "noise", "jpeg_quality")}
"""How a face was photographed, sorted; seeds belong nowhere."""
_FACTOR_OF = {name: factor for factor, names in CAPTURE_FACTORS.items() for name in names}


def factor_column(column: str) -> str | None:
    """Return a parameter's column name by its factor, or None for seeds and what is no parameter.

    ``"capture.yaw"``, as `FaceParameters.as_row` writes it, is ``"pose.yaw"``; ``expression.…`` and ``identity.…`` keep
    their names.
    """
    part, _, name = column.partition(".")
    if part == "capture":
        return f"{_FACTOR_OF[name]}.{name}" if name in _FACTOR_OF else None
    return column if part in ("expression", "identity") and not name.endswith("seed") else None


@dataclass(frozen=True)
class Nuisance:
    """Everything about a face that says nothing of its expression: who it is, and how it was photographed."""

    identity: Identity = field(default_factory=Identity)
    capture: Capture = field(default_factory=Capture)


@dataclass(frozen=True)
class FaceParameters:
    """The true parameters of one drawn face."""

    expression: Expression = field(default_factory=Expression)  #: What it does.
    nuisance: Nuisance = field(default_factory=Nuisance)  #: Who it is and how it was photographed.
    emotion: str | None = None  #: Which emotion it was drawn for, where it was drawn for one.

    @property
    def identity(self) -> Identity:
        """Identity: who it is."""
        return self.nuisance.identity

    @property
    def capture(self) -> Capture:
        """Capture: how it was photographed."""
        return self.nuisance.capture

    def as_row(self) -> dict[str, float | int | str]:
        """Return all parameters as one flat row: ``emotion``, ``expression.…``, ``identity.…`` and ``capture.…``.

        The order is always the same. Floats are rounded to six decimals.
        """
        row: dict[str, float | int | str] = {"emotion": self.emotion or ""}
        for part, values in (("expression", self.expression), ("identity", self.identity), ("capture", self.capture)):
            for name, value in asdict(values).items():
                row[f"{part}.{name}"] = round(float(value), 6) if isinstance(value, float) else value
        return row


def sample_face(rng: np.random.Generator, emotion: str) -> FaceParameters:
    """Draw a face of one emotion; who it is and how it was photographed do not depend on the emotion."""
    identity = sample_identity(rng)
    capture = sample_capture(rng)
    expression = sample_expression(rng, emotion)
    return FaceParameters(expression, Nuisance(identity, capture), emotion)
