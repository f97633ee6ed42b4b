"""A learning rate that is halved every so many epochs ("weighted-cluster loss", section 4.2)."""

from dataclasses import dataclass, field

from fecemo.training.schedule import Schedule


@dataclass(frozen=True)
class Halved(Schedule):
    """½ to the power of the whole number of periods that are done.

    Parameters
    ----------
    every : int
        Epochs of a period.
    """

    every: int = 10
    name: str = field(default="halved", init=False)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every must be at least 1, not {self.every}")

    def factor(self, done: float, epochs: int) -> float:
        """Return 1, ½, ¼, …; see `Schedule.factor`."""
        return 0.5 ** (int(done) // self.every)


SCHEDULE = Halved
