"""Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.optimizer import Optimizer


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam; at each update a weight also shrinks by the share learning rate × weight decay.

    Parameters
    ----------
    weight_decay : float
    """

    weight_decay: float = 1e-4
    name: str = field(default="adamw", init=False)

    def __post_init__(self) -> None:
        if not self.weight_decay > 0:
            raise ValueError(f"weight_decay must be above 0, not {self.weight_decay}; without it take adam")

    @property
    def slots(self) -> int:
        """int: Two moments."""
        return 2

    def build(self, learning_rate: float, accumulate: int | None) -> Any:
        """Return Keras's optimizer; see `Optimizer.build`."""
        import keras

        return keras.optimizers.AdamW(learning_rate, weight_decay=self.weight_decay,
                                      gradient_accumulation_steps=accumulate)


OPTIMIZER = AdamW
