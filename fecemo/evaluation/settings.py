"""How predictions are scored, as a recipe states it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fecemo.data.ranges import Ranged, ranged
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
class ProbeSettings(Ranged):
    """What a probe learns from, and how."""

    #: Label budget: labelled faces of the train split, drawn by seed in the proportions of their emotions. None takes
    #: all of them.
    labels: int | None = ranged(None, min=1)
    #: scikit-learn's ``C`` of the logistic regression: the smaller, the stronger its L2 penalty.
    penalty: float = ranged(1.0, above=0)
    neighbours: int = ranged(20, min=1)  #: Nearest training faces that vote.
    metric: Literal["cosine", "euclidean"] = "cosine"  #: By which they are nearest.
    components: int = ranged(256, min=1)  #: Wider embeddings are reduced to this many principal components first.


PROBE = "probe"


@dataclass(frozen=True)
class ComposeSettings:
    """Training sets of one size with changing shares of a group: what balance gains, and for whom."""

    #: What divides people: a column of the data set or of ``about_faces``. Groups are never guessed from a face.
    column: str
    #: The group whose share changes: a word of the column; ``">0.5"`` or ``"<0.5"`` for a column of numbers, which
    #: makes two groups of it.
    focus: str
    #: Of the focus among the faces learned from, ascending, each in [0, 1].
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    size: int | None = None  #: Faces that are learned from each time; the most that every share allows without it.
    draws: int = 3  #: Training sets a share, each of a seed of its own.
    learner: str = PROBE  #: ``probe``, a logistic regression, or a row of the recipe that is a classifier of pixels.
    variant: str = "gray"  #: Image variant: ``rgb``, ``gray`` or ``tight``.
    penalty: float = ProbeSettings.penalty  #: scikit-learn's ``C`` of the logistic regression.
    components: int = ProbeSettings.components  #: Longer vectors are reduced to this many principal components first.

    def __post_init__(self) -> None:
        if len(self.shares) < 3 or list(self.shares) != sorted(set(self.shares)) or (
                self.shares[0] < 0 or self.shares[-1] > 1):
            raise ValueError(f"shares must be three or more of 0 to 1, ascending, not {list(self.shares)}")
        for name in ("size", "draws", "components"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if not self.penalty > 0:
            raise ValueError(f"penalty must be above 0, not {self.penalty}")


@dataclass(frozen=True)
class EvaluationSettings(Ranged):
    """Settings of the scores."""

    bootstrap: int = ranged(1000, min=1, max=MAX_RESAMPLES)  #: Resamples of the scored faces for the intervals.
    confidence: float = ranged(0.95, above=0, below=1)  #: Coverage of the intervals, in (0, 1).
    probe: ProbeSettings = field(default_factory=ProbeSettings)  #: How embeddings are probed.
    #: A CSV of what else is known of the labelled faces, a row a face: age, light, … The path is relative to the
    #: working folder. Of faces that are drawn, their true parameters are known without one.
    about_faces: Path | None = None
    groups: tuple[str, ...] = ()  #: Its columns that divide people into groups whose figures are compared.

    def resampling(self, seed: int) -> Resampling:
        """Return how scores are resampled under a seed."""
        return Resampling(self.bootstrap, self.confidence, seed)
