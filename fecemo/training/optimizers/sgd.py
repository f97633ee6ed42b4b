"""Stochastic gradient descent with momentum and weight decay."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.training.optimizer import Optimizer


@dataclass(frozen=True)
class SGD(Optimizer):
    """v ← momentum · v − rate · (g + weight_decay · w);  w ← w + v.

    Decay is a part of the gradient and gathers momentum with it, as in the frameworks in which studies state it
    beside momentum; Keras's own would act on the weights alone, and be ten times weaker at a momentum of .9.

    Parameters
    ----------
    momentum : float
        In [0, 1).
    weight_decay : float
    """

    momentum: float = 0.0
    weight_decay: float = 0.0
    name: str = field(default="sgd", init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {self.momentum}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be at least 0, not {self.weight_decay}")

    @property
    def slots(self) -> int:
        """int: The velocity, where there is momentum."""
        return 1 if self.momentum else 0

    def build(self, learning_rate: float, accumulate: int | None) -> Any:
        """Return Keras's optimizer; see `Optimizer.build`."""
        import keras

        decay = self.weight_decay

        class DecayingSGD(keras.optimizers.SGD):
            def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
                super().update_step(gradient + decay * variable, variable, learning_rate)

        kind = DecayingSGD if decay else keras.optimizers.SGD
        return kind(learning_rate, momentum=self.momentum, gradient_accumulation_steps=accumulate)


OPTIMIZER = SGD
