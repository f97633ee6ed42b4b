"""Steps of learning curves: a row of the recipe once more, with less of one thing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach
from fecemo.study.faces.example_set import find_example_set

if TYPE_CHECKING:
    from fecemo.study.recipe import Recipe

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
        """str: By which its folders are called, such as ``"small_resnet-classify.faces-600"``."""
        return f"{self.row}-{self.key}-{self.value!r}"

    def lessen(self, fit: dict[str, dict[str, Any]]) -> None:
        """Put the step's setting into what the recipe says of the row's phases, one of which it lessens."""
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
        if not isinstance(only, list) or not only or any(one not in ran for one in only):
            raise InputError(f"{key}.{ONLY}: expected a list of variants on which the row runs, {' or '.join(ran)}, "
                             f"found {only!r}")
        if not list(curves_of(said)):
            raise InputError(f"{key} asks for no curve, expected {' or '.join(_known(recipe.approach_of(row)))}")
        for curve, values in curves_of(said):
            _check_curve(recipe, row, curve, values, f"{key}.{curve}")
    for name in learning_steps(recipe.learning):
        if name in recipe.approaches:
            raise InputError(f"{where}: approaches.{name}: a step of the row's learning curve is called so; give the "
                             "row another name")


def _check_curve(recipe: "Recipe", row: str, curve: str, values: Any, key: str) -> None:
    approach, (phase, setting) = recipe.approach_of(row), _parts(curve)
    if curve not in (known := _known(approach)):
        raise InputError(f"{key}: there is nothing such of which {approach.name} could have less: "
                         f"{nearest(curve, known)}")
    fits, what = ((_is_share, "shares above 0 and below 1") if setting == "label_fraction"
                  else (_is_count, "whole numbers above 0"))
    if not isinstance(values, list) or not values or not all(map(fits, values)) or sorted(set(values)) != values:
        raise InputError(f"{key}: expected a list of rising {what}, found {values!r}")
    if setting == CLUSTER_ON and recipe.cluster_sweep is not None:
        levels = recipe.clustering.hierarchical_kmeans
        least = max(*recipe.cluster_sweep.n_clusters, *levels[:1], 2)
        if values[0] < least:
            asks = "clustering.hierarchical_kmeans" if levels[:1] == (least,) else "cluster_sweep"
            raise InputError(f"{key}: of {values[0]} faces the {least} clusters cannot be made that {asks} asks for")
    if phase and recipe.approaches[row].score_on == "others" and setting != "epochs" and "label" in _gives(
            approach, phase):
        raise InputError(f"{key}: with score_on: others, fewer labels to learn from leave more to be scored, and the "
                         "points of the curve could not be compared; score the row on the test split")


def refuse_no_less(step: LearningStep, has: float | None, variant: str, where: str) -> None:
    """Raise `InputError` if a step asks for no less than its row.

    Parameters
    ----------
    step : LearningStep
    has : float or None
        The row's own value of the setting; None stands for all there is.
    variant, where : str
        Of the row; and what names the recipe.
    """
    if has is not None and step.value >= has:
        raise InputError(f"{where}: learning.{step.row}.{step.key}: {step.value} is no less than the {has} of the row "
                         f"itself on {variant}, which is the last point of the curve")


def _parts(key: str) -> tuple[str, str]:
    phase, _, setting = key.rpartition(".")
    return phase, setting


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1


def _gives(approach: Approach, phase: str) -> tuple[str, ...]:
    return next(find_example_set(its.faces).gives for its in approach.phases if its.name == phase)


def _known(approach: Approach) -> list[str]:
    """Return the keys of the curves that an approach can have."""
    known = [f"{phase.name}.{setting}" for phase in approach.phases for setting in LESSENED
             if setting != "label_fraction" or "label" in _gives(approach, phase.name)]
    return [*known, CLUSTER_ON] if approach.predicts_by == "clusters" else known
