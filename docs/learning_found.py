"""Learning curves on a page: what its record holds of them, and their figure."""

from collections.abc import Callable, Iterator
from typing import Any

from page_parts import standalone

from fecemo.evaluation.figures.learning import Panel, PanelPoint, learning_figure
from fecemo.evaluation.records.cited import count, duration, share
from fecemo.evaluation.tables.cost_table import OWN, RANKED, CostRow, way_key
from fecemo.evaluation.tables.learning_curves import LearningCurve

DRAWN = {"own": "own answers"}
"""What the figure calls a way of answering; clusters are called by their number."""


def curve_found(curve: LearningCurve, n_clusters: tuple[int, ...], stands: Callable[[CostRow], bool]) -> (
        dict[str, Any] | None):
    """Return what a page's record holds of a curve, or None where the row itself or all its steps have not run."""
    ways = (*((k, "labels_per_cluster") for k in n_clusters), OWN)
    points = [{"amount": point.amount, "seconds": point.seconds, "answers": {
        way_key(way): {"mean": its[RANKED].mean, "low": its[RANKED].low, "high": its[RANKED].high}
        for way in ways if (its := point.row.figures(way)) is not None}}
        for point in curve.points if point.amount is not None and stands(point.row)]
    if len(points) < 2 or not stands(curve.points[-1].row):
        return None
    return {"title": curve.row.title + (", aligned" if curve.column.name == "aligned" else ""), "unit": curve.unit,
            "key": f"{curve.row.name}/{curve.column.name}", "setting": curve.setting, "points": points}


def learning_drawn(found: dict[str, Any]) -> str:
    """Draw the curves of a record."""
    shown = (f"{found['n_clusters'][0]} labels_per_cluster", f"{found['n_clusters'][-1]} labels_per_cluster", "own")
    panels = [Panel(curve["title"], curve["unit"], tuple(PanelPoint(point["amount"], {
        DRAWN.get(way, f"k = {way.split()[0]}"): (its["mean"], its["low"], its["high"])
        for way in shown if (its := point["answers"].get(way)) is not None}) for point in curve["points"]))
        for curve in found["learning"]]
    return standalone(learning_figure(panels, found["chance"]))


def curve_lines(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a line a curve, each of its cells from the least amount to that of the row itself."""
    for curve in found["learning"]:
        points = curve["points"]
        ranked = [its["answers"][_ranked(curve)]["mean"] for its in points]
        yield {"key": curve["key"], "title": curve["title"], "unit": curve["unit"], "rises": rises(curve),
               "least": points[0]["amount"], "first": ranked[0], "gain": ranked[-1] - ranked[0],
               "last_gain": ranked[-1] - ranked[-2],
               "amounts": _along(count(its["amount"]) for its in points),
               "trained": _along(duration(its["seconds"]) for its in points if its["seconds"] is not None),
               "answers": {way: _along(share(its["answers"][way]["mean"]) for its in points if way in its["answers"])
                           for way in points[-1]["answers"]}}


def rises(curve: dict[str, Any]) -> bool:
    """Tell whether a curve ends above where it begins by more than their intervals.

    By the answers that rank rows: of most clusters, or a row's own.
    """
    way = _ranked(curve)
    first, last = (curve["points"][at]["answers"][way] for at in (0, -1))
    return bool(last["low"] > first["high"])


def _ranked(curve: dict[str, Any]) -> str:
    """Return the answers by which rows are ranked: by most clusters, or a row's own."""
    return list(curve["points"][-1]["answers"])[-1]


def _along(parts: Iterator[str]) -> str:
    return " → ".join(parts)
