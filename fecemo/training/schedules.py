"""The learning rate over the epochs of a phase. Others come from entry points in the group ``fecemo.schedules``."""

import math
from dataclasses import dataclass, field

from fecemo.data.ranges import Ranged, ranged
from fecemo.registry import Registry


@dataclass(frozen=True)
class Schedule(Ranged):
    """A learning rate that changes; its fields are what a recipe may set.

    Keras's schedules count steps and are a part of the optimizer. These count epochs, so that a recipe says the same
    of any number of faces and any batch size, and a resumed run only asks for the step that it is at.
    """

    name: str = field(default="", init=False)  #: Key in recipes; no setting.

    def factor(self, done: float, epochs: int) -> float:
        """Return the factor of the learning rate, in [0, 1].

        Parameters
        ----------
        done : float
            Epochs done, in [0, epochs), with the part of the running one that is done.
        epochs : int
            That are to be done.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """1 throughout."""

    name: str = field(default="constant", init=False)

    def factor(self, done: float, epochs: int) -> float:
        """Return 1; see `Schedule.factor`."""
        return 1.0


@dataclass(frozen=True)
class Halved(Schedule):
    """½ to the power of the whole periods that are done ("weighted-cluster loss", section 4.2)."""

    every: int = ranged(10, min=1)  #: Epochs of a period.
    name: str = field(default="halved", init=False)

    def factor(self, done: float, epochs: int) -> float:
        """Return 1, ½, ¼, …; see `Schedule.factor`."""
        return 0.5 ** (int(done) // self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    """A rate to the power of the whole epochs that are done."""

    rate: float = ranged(0.98, above=0, below=1)  #: In (0, 1).
    name: str = field(default="exponential", init=False)

    def factor(self, done: float, epochs: int) -> float:
        """Return 1, rate, rate², …; see `Schedule.factor`."""
        return self.rate ** int(done)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Up from near 0 to 1, then down to near 0 along half a cosine (Loshchilov and Hutter 2017, equation 5)."""

    warmup: float = ranged(0.0, min=0)  #: Epochs of the way up.
    name: str = field(default="cosine", init=False)

    def factor(self, done: float, epochs: int) -> float:
        """Return the factor of a step; see `Schedule.factor`. The very first step of a warm-up changes nothing."""
        if done < self.warmup:
            return done / self.warmup
        return 0.5 * (1 + math.cos(math.pi * (done - self.warmup) / (epochs - self.warmup)))


schedules = Registry[type[Schedule]]("fecemo.training.schedules", "SCHEDULE", "schedule")
SCHEDULE = (Constant, Halved, Exponential, Cosine)
