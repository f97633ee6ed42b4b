"""How the learning rate changes while a network trains."""

from dataclasses import dataclass, field

SCHEDULES = "fecemo.training.schedules"
"""Each module there holds one `SCHEDULE`."""


@dataclass(frozen=True)
class Schedule:
    """The learning rate over the epochs; the fields are what a recipe may set.

    Parameters
    ----------
    name : str
        Key in recipes; no setting.
    """

    name: str = field(default="", init=False)

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
