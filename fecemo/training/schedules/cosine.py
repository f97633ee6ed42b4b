"""A learning rate that rises evenly and then falls along a cosine (Loshchilov and Hutter 2017, equation 5)."""

import math
from dataclasses import dataclass, field

from fecemo.training.schedule import Schedule


@dataclass(frozen=True)
class Cosine(Schedule):
    """Up from near 0 to 1 over ``warmup`` epochs, then down to near 0 along half a cosine.

    Parameters
    ----------
    warmup : float
        Epochs.
    """

    warmup: float = 0.0
    name: str = field(default="cosine", init=False)

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise ValueError(f"warmup must be at least 0, not {self.warmup}")

    def factor(self, done: float, epochs: int) -> float:
        """Return the factor of a step; see `Schedule.factor`. The very first step of a warm-up changes nothing."""
        if done < self.warmup:
            return done / self.warmup
        return 0.5 * (1 + math.cos(math.pi * (done - self.warmup) / (epochs - self.warmup)))


SCHEDULE = Cosine
