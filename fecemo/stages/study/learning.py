"""Steps of learning curves: a row of the recipe once more, with less of one thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach

if TYPE_CHECKING:
    from fecemo.stages.study.recipe import Recipe

LESSENED = ("faces", "label_fraction", "epochs")
"""Settings of a phase of training of which a step has less."""
CLUSTER_ON = "cluster_on"
"""Number of unlabelled faces of which a step makes its clusters. Nothing is trained anew for it."""
ONLY = "only"


@dataclass(frozen=True)
class LearningStep:
    """One point of a learning curve.

    Parameters
    ----------
    row : str
        The row of the recipe of which it is a step.
    phase : str
        The phase of training that has less; ``""`` where only the clusters have.
    setting : str
        Of `LESSENED`, or `CLUSTER_ON`.
    value : float
        Of the setting.
    """

    row: str
    phase: str
    setting: str
    value: float

    @property
    def key(self) -> str:
        """str: What the recipe calls the curve, such as ``"classify.faces"``."""
        return f"{self.phase}.{self.setting}" if self.phase else self.setting

    @property
    def name(self) -> str:
        """str: By which its folders are called, such as ``"modern-classify.faces-600"``."""
        return f"{self.row}-{self.key}-{self.value:g}"

    def lessen(self, fit: dict[str, dict[str, Any]]) -> None:
        """Put the step's setting into what the recipe says of the row's phases."""
        if self.phase:
            fit[self.phase][self.setting] = self.value


def curves_of(said: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Yield the curves that a recipe asks of a row: a key and its values."""
    yield from ((key, values) for key, values in said.items() if key != ONLY)


def learning_steps(learning: Mapping[str, Mapping[str, Any]]) -> dict[str, LearningStep]:
    """Return all steps by name, in the recipe's order.

    Parameters
    ----------
    learning : mapping of str to mapping
        What a recipe says under ``learning``; see `Recipe`.
    """
    steps = (LearningStep(row, *_parts(key), value) for row, said in learning.items() for key, values in curves_of(said)
             for value in values)
    return {step.name: step for step in steps}


def check_learning(recipe: "Recipe", where: str) -> None:
    """Raise `InputError` if a learning curve is asked of what is no row, or of what a row has none of."""
    for row, said in recipe.learning.items():
        key = f"{where}: learning.{row}"
        if row not in recipe.approaches:
            raise InputError(f"{key}: no row {row!r} in this recipe: {nearest(row, recipe.approaches)}")
        ran = [variant for its, variant in recipe.cells if its == row]
        only = said.get(ONLY, ran)
        if not isinstance(only, list) or not only or set(only) - set(ran):
            raise InputError(f"{key}.{ONLY}: expected a list of variants on which the row runs, {' or '.join(ran)}, "
                             f"found {only!r}")
        for curve, values in curves_of(said):
            _check_key(curve, recipe.approach_of(row), f"{key}.{curve}")
            if not isinstance(values, list) or not values or not all(map(_is_number, values)):
                raise InputError(f"{key}.{curve}: expected a list of numbers above 0, found {values!r}")
            if sorted(set(values)) != values:
                raise InputError(f"{key}.{curve}: expected rising numbers, found {values!r}")


def refuse_no_less(step: LearningStep, has: Any, where: str) -> None:
    """Raise `InputError` if a step asks for no less than its row.

    Parameters
    ----------
    step : LearningStep
    has : float or None
        The row's own value of the setting; None stands for all there is.
    where : str
        Names the recipe.
    """
    if has is not None and step.value >= has:
        raise InputError(f"{where}: learning.{step.row}.{step.key}: {step.value:g} is no less than the {has:g} of the "
                         "row itself, which is the last point of the curve")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _parts(key: str) -> tuple[str, str]:
    phase, _, setting = key.rpartition(".")
    return phase, setting


def _check_key(curve: str, approach: Approach, key: str) -> None:
    phases = [phase.name for phase in approach.phases]
    known = [f"{phase}.{setting}" for phase in phases for setting in LESSENED]
    if approach.predicts_by == "clusters":
        known.append(CLUSTER_ON)
    if curve not in known:
        raise InputError(f"{key}: there is nothing such of which {approach.name} could have less: "
                         f"{nearest(curve, known)}")
