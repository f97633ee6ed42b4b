"""Learning curves of a recipe: rows with less of one thing, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LESSENED = ("faces", "label_fraction", "epochs")
"""Settings of a phase of training of which a step has less."""
CLUSTER_ON = "cluster_on"
"""Number of unlabelled faces of which a step makes its clusters. Nothing is trained anew for it."""


@dataclass(frozen=True)
class LearningStep:
    """One point of a learning curve."""

    row: str  #: The row of the recipe of which it is a step.
    phase: str  #: The phase of training that has less; ``""`` where only the clusters have.
    setting: str  #: Of `LESSENED`, or `CLUSTER_ON`.
    value: float  #: Of the setting.

    @property
    def key(self) -> str:
        """str: What the recipe calls the curve, such as ``"classify.faces"``."""
        return f"{self.phase}.{self.setting}" if self.phase else self.setting

    @property
    def name(self) -> str:
        """str: By which its folders are called, such as ``"small_resnet-classify.faces-600"``."""
        return f"{self.row}-{self.key}-{self.value!r}"

    def lessen(self, fit: dict[str, dict[str, Any]]) -> None:
        """Put the step's setting into what the recipe says of the row's phases, one of which it lessens."""
        fit[self.phase][self.setting] = self.value


def curves_of(curves: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Yield the curves that a recipe asks of a row: a key and its values."""
    yield from ((key, values) for key, values in curves.items() if key != "variants")


def learning_steps(learning: Mapping[str, Mapping[str, Any]]) -> dict[str, LearningStep]:
    """Return all steps by name, in the recipe's order.

    Parameters
    ----------
    learning : mapping of str to mapping
        What a recipe says under ``learning``; see `Recipe`.
    """
    steps = (LearningStep(row, *curve_parts(key), value) for row, curves in learning.items()
             for key, values in curves_of(curves) for value in values)
    return {step.name: step for step in steps}


def curve_parts(key: str) -> tuple[str, str]:
    """Return the phase and the setting of a curve's key, such as ``("classify", "faces")``."""
    phase, _, setting = key.rpartition(".")
    return phase, setting
