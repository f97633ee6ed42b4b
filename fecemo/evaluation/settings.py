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
