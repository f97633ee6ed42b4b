"""How embeddings are probed, as a recipe states it."""

from dataclasses import dataclass
from typing import Literal


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
