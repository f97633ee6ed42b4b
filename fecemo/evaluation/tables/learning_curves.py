"""Learning curves of rows of Table 2: how well they do with less data, or with less time to learn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fecemo.evaluation.figures.learning import Panel, PanelPoint, learning_figure
from fecemo.evaluation.records.cited import DASH, Cited, count, duration
from fecemo.evaluation.tables.blocks import Block, Entry
from fecemo.evaluation.tables.cost_entries import EMPTY, answer_entry, heading, title_on
from fecemo.evaluation.tables.cost_table import OWN, RANKED, CostRow, Way, ways_with
from fecemo.evaluation.tables.table import Heading


@dataclass(frozen=True)
class LearningPoint:
    """A row of Table 2, or one that is like it and had less of something.

    Parameters
    ----------
    row : CostRow
        Without records, where it has not run as the recipe says.
    amount : int or None
        How much it had, in the curve's unit; None where it has not run.
    seconds : float or None
        Wall-clock seconds of training; None where nothing was trained for the point, or it has not run.
    asked : float or None
        The recipe's value; None for the row itself.
    """

    row: CostRow
    amount: int | None
    seconds: float | None
    asked: float | None = None


@dataclass(frozen=True)
class LearningCurve:
    """One row with less and less of one thing.

    Parameters
    ----------
    row, column : Heading
        The cell of the table.
    setting : str
        The recipe's key, such as ``"classify.faces"``.
    unit : str
        What there is less of, in words, such as ``"triplets"``.
    points : tuple of LearningPoint
        From the least; the last is the cell itself.
    """

    row: Heading
    column: Heading
    setting: str
    unit: str
    points: tuple[LearningPoint, ...]


def learning_block(curves: Sequence[LearningCurve], n_clusters: tuple[int, ...], usual: Heading,
                   chance: float | None) -> Block | None:
    """Return all points of all curves, with a figure of those that have run, or None where there is no curve.

    Parameters
    ----------
    curves : sequence of LearningCurve
    n_clusters : tuple of int
    usual : Heading
        The variant that needs no mention.
    chance : float or None
        Balanced accuracy of one answer for every face; None where nothing has been scored.
    """
    if not curves:
        return None
    ways = [way for way in ways_with(n_clusters) if way[1] != "majority_vote"]

    def answered(way: Way) -> Callable[[LearningPoint], Entry]:
        return lambda point: answer_entry(point.row, way, RANKED, interval=True)

    columns = {heading(way): answered(way) for way in ways}
    lines: tuple[tuple[str | Entry, ...], ...] = tuple(
        (f"{title_on(curve.row, curve.column, usual)}: {curve.unit}", _amount(point),
         *(column(point) for column in columns.values()), _trained(point, f"learning.{place}.points.{at}.seconds"))
        for place, curve in enumerate(curves) for at, point in enumerate(curve.points))
    panels = [panel for curve in curves if len((panel := as_panel(curve, n_clusters, usual)).points) > 1]
    return Block(
        "table2-learning", "Learning curves", (
            "Balanced accuracy of rows above, and of the same with less of one thing, everything else being equal; the "
            "last line of each is the row itself. Examples are those that were learnt from, without what was held out; "
            "a row that learns from fewer unlabelled faces has no others to cluster either. "
            "Training: of all networks of the row, on the machine on which it happened to run; a dash where nothing "
            "was trained for the line.",),
        ("Curve", "Amount", *columns, "Training"), lines,
        figure="" if chance is None or not panels else learning_figure(panels, chance))


def as_panel(curve: LearningCurve, n_clusters: tuple[int, ...], usual: Heading) -> Panel:
    """Return what the figure draws of a curve: its points that have run."""
    ways = {f"k = {k}": (k, "labels_per_cluster") for k in (n_clusters[0], n_clusters[-1])} | {"own answers": OWN}
    points = [PanelPoint(point.amount, {
        name: (its[RANKED].mean, its[RANKED].low, its[RANKED].high)
        for name, way in ways.items() if (its := point.row.figures(way)) is not None})
        for point in curve.points if point.amount is not None]
    return Panel(title_on(curve.row, curve.column, usual), curve.unit, tuple(points))


def _amount(point: LearningPoint) -> str:
    if point.amount is None:
        return DASH if point.asked is None else f"{point.asked} asked for"
    return count(point.amount)


def _trained(point: LearningPoint, path: str) -> Entry:
    if point.seconds is None:
        return EMPTY
    return Entry((Cited(duration(point.seconds), point.seconds, "table2", path),))
