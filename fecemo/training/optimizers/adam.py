"""Adam (Kingma and Ba 2015)."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.optimizer import Optimizer


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam as Keras has it: β₁ = .9, β₂ = .999, ε = 1e-7."""

    name: str = field(default="adam", init=False)

    @property
    def slots(self) -> int:
        """int: Two moments."""
        return 2

    def build(self, learning_rate: float, accumulate: int | None) -> Any:
        """Return Keras's optimizer; see `Optimizer.build`."""
        import keras

        return keras.optimizers.Adam(learning_rate, gradient_accumulation_steps=accumulate)


OPTIMIZER = Adam
