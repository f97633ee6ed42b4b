"""What an optimizer is: its settings, Keras's object made of them, and what it keeps for each weight."""

from dataclasses import dataclass, field
from typing import Any

OPTIMIZERS = "fecemo.training.optimizers"
"""Each module there holds one `OPTIMIZER`."""


@dataclass(frozen=True)
class Optimizer:
    """How weights follow from gradients; the fields are what a recipe may set.

    Parameters
    ----------
    name : str
        Key in recipes; no setting.
    """

    name: str = field(default="", init=False)

    @property
    def slots(self) -> int:
        """int: Numbers that it keeps for each weight."""
        raise NotImplementedError

    def build(self, learning_rate: float, accumulate: int | None) -> Any:
        """Return the `keras.optimizers.Optimizer`.

        Parameters
        ----------
        learning_rate : float
        accumulate : int or None
            Batches whose gradients are averaged into one step, where that is more than one.
        """
        raise NotImplementedError
