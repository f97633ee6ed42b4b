"""The same learning rate throughout."""

from dataclasses import dataclass, field

from fecemo.training.schedule import Schedule


@dataclass(frozen=True)
class Constant(Schedule):
    """1 throughout."""

    name: str = field(default="constant", init=False)

    def factor(self, done: float, epochs: int) -> float:
        """Return 1; see `Schedule.factor`."""
        return 1.0


SCHEDULE = Constant
