"""How one network is fitted, as a recipe states it."""

from dataclasses import dataclass
from typing import Literal

LOSSES_OF_TASK = {
    "reconstruct": ("binary_crossentropy", "mean_squared_error"),
    "classify": ("categorical_crossentropy",),
}
"""Which losses a task can be given."""


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
    precision : {"float32", "mixed_bfloat16"}
        Of what the layers compute; weights are float32 always. Half the memory and several times the speed on
        accelerators that have bfloat16, slower elsewhere.
    accumulate : int
        Steps whose gradients are averaged into one update of the weights, for batches that memory cannot hold at once.
        Those of a last, unfinished update are lost.
    """

    loss: Literal["binary_crossentropy", "mean_squared_error", "categorical_crossentropy"]
    optimizer: Literal["adam", "adamax", "sgd"]
    learning_rate: float
    epochs: int
    batch_size: int = 32
    faces: int | None = None
    label_fraction: float | None = None
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    accumulate: int = 1

    def __post_init__(self) -> None:
        for name in ("learning_rate", "epochs", "batch_size", "accumulate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if self.faces is not None and self.faces <= 0:
            raise ValueError(f"faces must be above 0, not {self.faces}")
        if self.label_fraction is not None and not 0 < self.label_fraction <= 1:
            raise ValueError(f"label_fraction must be above 0 and at most 1, not {self.label_fraction}")
