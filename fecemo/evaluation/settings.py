"""How predictions are scored, as a recipe states it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fecemo.errors import InputError

MAX_RESAMPLES = 100_000
"""More change no digit that is shown, and fill the memory."""


@dataclass(frozen=True)
class Resampling:
    """How a bootstrap draws, and how wide its intervals are. Raises `InputError` where that is out of range."""

    resamples: int  #: At least 1.
    confidence: float  #: Coverage of the intervals, in (0, 1).
    seed: int

    def __post_init__(self) -> None:
        if self.resamples < 1 or not 0 < self.confidence < 1:
            raise InputError(f"evaluation: bootstrap must be at least 1 and confidence in (0, 1), got {self.resamples} "
                             f"and {self.confidence}")

    @property
    def ends(self) -> tuple[float, float]:
        """(float, float): Quantiles of resampled figures that are the ends of an interval."""
        return (1 - self.confidence) / 2, (1 + self.confidence) / 2


@dataclass(frozen=True)
class ProbeSettings:
    """What a probe learns from, and how.

    Parameters
    ----------
    labels : int, optional
        Label budget: labelled faces of the train split, drawn by seed in the proportions of their emotions. None
        takes all of them.
    penalty : float
        scikit-learn's ``C`` of the logistic regression: the smaller, the stronger its L2 penalty.
    neighbours : int
        Nearest training faces that vote.
    metric : {"cosine", "euclidean"}
        By which they are nearest.
    components : int
        Wider embeddings are reduced to this many principal components first.
    """

    labels: int | None = None
    penalty: float = 1.0
    neighbours: int = 20
    metric: Literal["cosine", "euclidean"] = "cosine"
    components: int = 256

    def __post_init__(self) -> None:
        for name in ("labels", "neighbours", "components"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if not self.penalty > 0:
            raise ValueError(f"penalty must be above 0, not {self.penalty}")


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of the scores.

    Parameters
    ----------
    bootstrap : int
        Resamples of the scored faces for the intervals.
    confidence : float
        Coverage of the intervals, in (0, 1).
    probe : ProbeSettings
        How embeddings are probed.
    about_faces : Path, optional
        A CSV of what else is known of the labelled faces, a row a face: age, light, … The path is
        relative to the working folder. Of faces that are drawn, their true parameters are known without one.
    groups : tuple of str
        Its columns that divide people into groups whose figures are compared.
    """

    bootstrap: int = 1000
    confidence: float = 0.95
    probe: ProbeSettings = field(default_factory=ProbeSettings)
    about_faces: Path | None = None
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.bootstrap <= MAX_RESAMPLES:
            raise ValueError(f"bootstrap must be from 1 to {MAX_RESAMPLES}, not {self.bootstrap}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must be between 0 and 1, not {self.confidence}")

    def resampling(self, seed: int) -> Resampling:
        """Return how scores are resampled under a seed."""
        return Resampling(self.bootstrap, self.confidence, seed)
