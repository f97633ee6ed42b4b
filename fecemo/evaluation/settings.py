"""How predictions are scored, as a recipe states it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of the scores.

    Parameters
    ----------
    bootstrap : int
        Resamples of the scored faces for the intervals.
    confidence : float
        Coverage of the intervals, in (0, 1).
    """

    bootstrap: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.bootstrap < 1:
            raise ValueError(f"bootstrap must be at least 1, not {self.bootstrap}")
        if not 0 < self.confidence < 1:
            raise ValueError(f"confidence must be between 0 and 1, not {self.confidence}")
