"""Learning curves of a run, read from the records of their steps; a step that has not run is left empty."""

import sys
from dataclasses import dataclass

from fecemo.data.receipts import sound_receipt
from fecemo.evaluation.cells import CellRecords, Heading
from fecemo.stages.tables.cell_records import read_cell, read_scores
from fecemo.study.cell import Cell, resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe
from fecemo.study.rows import LearningStep

LEARNT = {"triplet": "triplets", "label": "labelled faces"}
"""What examples are called by their target; all others are unlabelled faces."""


@dataclass(frozen=True)
class LearningPoint:
    """A cell with less of one thing, or the cell itself; without records or amount, where it has not run."""

    cell: CellRecords
    amount: int | None  #: How much it had, in the curve's unit.
    seconds: float | None  #: Wall-clock seconds of training; None also where nothing was trained for the point.
    recipe_value: float | None = None  #: The recipe's value; None for the cell itself.


@dataclass(frozen=True)
class LearningCurve:
    """One cell with less and less of one thing."""

    row: Heading
    column: Heading
    setting: str  #: The recipe's key, such as ``"classify.faces"``.
    unit: str  #: What there is less of, in words, such as ``"triplets"``.
    points: tuple[LearningPoint, ...]  #: From the least; the last is the cell itself.


def read_learning_curves(study: Recipe, layout: RunLayout,
                         rows: tuple[CellRecords, ...]) -> tuple[LearningCurve, ...]:
    """Return the curves that a recipe asks for, each with its row as the last point.

    A step that turned out to have no less than its row, such as more faces than there are, is no point; it is named on
    stderr.

    Parameters
    ----------
    rows : tuple of CellRecords
        Table 2 of the same run.
    """
    scores = read_scores(study, layout, study.step_cells)
    by_curve: dict[tuple[str, str, str], list[tuple[str, LearningStep]]] = {}
    for name, variant in study.step_cells:
        step = study.steps[name]
        by_curve.setdefault((step.row, variant, step.key), []).append((name, step))
    whole = {(row.row.name, row.column.name): row for row in rows}
    curves = []
    for (name, variant, key), steps in by_curve.items():
        cell, row = resolve(study, name, variant), whole[name, variant]
        last = _point(cell, steps[-1][1], layout, row, recipe_value=None)
        points = []
        for step_name, step in steps:
            step_cell = resolve(study, step_name, variant)
            figures = read_cell(step_cell, layout, scores.get((step_name, variant)))
            point = _point(step_cell, step, layout, figures, step.value)
            if point.amount is not None and last.amount is not None and point.amount >= last.amount:
                print(f"table: {step_cell.title} had {point.amount}, no less than the {last.amount} of {cell.title}; "
                      "it is no point of the curve", file=sys.stderr)
                continue
            points.append(point)
        curves.append(LearningCurve(row=row.row, column=row.column, setting=key, unit=_unit(cell, steps[-1][1]),
                                    points=(*points, last)))
    return tuple(curves)


def _unit(cell: Cell, step: LearningStep) -> str:
    """Return what there is less of, in words."""
    if not step.phase:
        return "faces clustered"
    if step.setting == "epochs":
        return "epochs" if len(cell.fit) == 1 else f"epochs of “{step.phase}”"
    if step.setting == "label_fraction":
        return "labels"
    phase = next(phase for phase in cell.approach.phases if phase.name == step.phase)
    targets = {term.target for term in cell.fit[phase.name].losses}
    return next((words for target, words in LEARNT.items() if target in targets), "unlabelled faces")


def _point(cell: Cell, step: LearningStep, layout: RunLayout, row: CellRecords,
           recipe_value: float | None) -> LearningPoint:
    """Return a cell as a point: how much of the step's setting it had, and how long its networks were trained."""
    if not step.phase:
        return LearningPoint(row, None if row.sweep is None else row.sweep.source_faces, None, recipe_value)
    receipt = sound_receipt(layout.model(cell.row, cell.variant.name))
    if receipt is None or (row.score is None and row.sweep is None):
        return LearningPoint(row, None, None, recipe_value)
    of_phase = receipt.summary["epochs" if step.setting == "epochs" else "faces"]
    return LearningPoint(row, of_phase.get(step.phase), receipt.seconds, recipe_value)
