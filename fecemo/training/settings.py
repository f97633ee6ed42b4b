"""How one network is fitted, as a recipe states it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FitSettings:
    """Settings of one phase of training.

    Parameters
    ----------
    loss : {"binary_crossentropy", "mean_squared_error", "categorical_crossentropy"}
        Between pixels in [0, 1] and their reconstruction, or between one-hot emotions and probabilities.
    optimizer : {"adam", "adamax", "sgd"}
    learning_rate : float
    epochs : int
    batch_size : int
        Faces a step. The study does not state it.
    faces : int, optional
        Train on this many faces, drawn by seed; None takes all there are.
    label_fraction : float, optional
        Only for phases that learn from labels: the share of all labelled faces, in (0, 1], stratified by emotion and
        drawn by seed from the train split; None takes the whole train split.
    """

    loss: Literal["binary_crossentropy", "mean_squared_error", "categorical_crossentropy"]
    optimizer: Literal["adam", "adamax", "sgd"]
    learning_rate: float
    epochs: int
    batch_size: int = 32
    faces: int | None = None
    label_fraction: float | None = None

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epochs", "batch_size"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.faces is not None and self.faces <= 0:
            raise ValueError(f"faces must be above 0, not {self.faces}")
        if self.label_fraction is not None and not 0 < self.label_fraction <= 1:
            raise ValueError(f"label_fraction must be above 0 and at most 1, not {self.label_fraction}")
