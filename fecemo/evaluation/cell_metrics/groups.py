"""Groups: how people of different groups fare, where their groups are known."""

from collections.abc import Callable
from dataclasses import dataclass

from fecemo.errors import InputError, nearest
from fecemo.evaluation.cell_metric import CellEvidence, CellMetric
from fecemo.evaluation.figures.groups import groups_figure
from fecemo.evaluation.printed import Part
from fecemo.evaluation.probing.group_rates import SMALL, GroupColumn, group_names, score_groups
from fecemo.evaluation.records.score import Score

TITLES = {"accuracy_gap": "Accuracy, best − worst", "macro_f1_gap": "Macro F1, best − worst",
          "demographic_parity": "Demographic parity difference", "equalised_odds": "Equalised odds difference"}
"""What is printed for each of `GroupColumn.differences`."""


@dataclass(frozen=True)
class Groups:
    """How the groups of every column that the recipe names fare.

    Parameters
    ----------
    columns : tuple of GroupColumn
    small_below : int
        Groups of fewer scored faces are flagged.
    """

    columns: tuple[GroupColumn, ...]
    small_below: int = SMALL


def measure_groups(evidence: CellEvidence) -> Groups | None:
    """Compare the groups that the recipe names, or None where it names none or none is known of a scored face.

    Raises
    ------
    InputError
        If there is no such column.
    """
    found = []
    predictions, settings = evidence.predictions, evidence.settings
    for name in settings.groups:
        if name not in evidence.columns:
            raise InputError(f"evaluation.groups: nothing is known of the faces' {name!r}; "
                             + (nearest(name, evidence.columns) if evidence.columns
                                else "evaluation.about_faces names the file that says it"))
        column = score_groups(name, group_names(evidence.columns[name])[predictions.rows], predictions.truth,
                              predictions.prediction, predictions.emotions, resamples=settings.bootstrap,
                              confidence=settings.confidence, seed=evidence.seed)
        if column is not None:
            found.append(column)
    return Groups(tuple(found)) if found else None


def show_groups(groups: Groups, score: Score, cite: Callable[..., Part]) -> dict[str, object]:
    """Return what ``groups.html.jinja`` shows."""
    return {"groups": groups, "cite": cite, "titles": TITLES, "confidence": score.confidence,
            "figures": [groups_figure(f"{score.approach} {score.variant}", column, score) for column in groups.columns]}


METRIC = CellMetric(name="groups", title="Groups of people", kind=Groups, measure=measure_groups,
                          show=show_groups, caption="")
