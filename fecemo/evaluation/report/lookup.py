"""Figures of one run, found by their cell."""

from collections.abc import Iterator, Mapping
from typing import Any

from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.results import Results
from fecemo.evaluation.table import is_ahead, leader

Row = Mapping[Any, Any]
Where = tuple[str, str]


class Lookup:
    """The figures of a run's own cells, by cell, metric and class: of the recipe's first seed, and means over seeds.

    Parameters
    ----------
    results : Results
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        frame = results.figures.assign(line=range(len(results.figures)))
        cells = frame[(frame["setting"] == "") & (frame["state"] == "measured") & (frame["stage"] != "cluster_sweep")]
        self._first: dict[tuple[str, str, str, str], Row] = {}
        self._mean: dict[tuple[str, str, str, str], Row] = {}
        for row in cells.to_dict("records"):
            key = (row["row"], row["variant"], row["metric"], row["class"])
            (self._first if known(row["seed"]) else self._mean).setdefault(key, row)
        published = frame[frame["stage"] == "published"]
        self._published = published.set_index(["row", "variant"])["value"].to_dict()

    def row(self, cell: Where, metric: str, kind: str = "") -> Row | None:
        """Return a figure of a cell under the first seed, or None."""
        return self._first.get((*cell, metric, kind))

    def mean(self, cell: Where, metric: str) -> Row | None:
        """Return a figure's mean over seeds, or None where the cell ran with one."""
        return self._mean.get((*cell, metric, ""))

    def value(self, cell: Where, metric: str, kind: str = "", column: str = "value") -> float | None:
        """Return a number of a cell, or None."""
        row = self.row(cell, metric, kind)
        return None if row is None or not known(row[column]) else float(row[column])

    def cite(self, cell: Where, metric: str, kind: str = "", column: str = "value", places: int = 3) -> Part:
        """Return a number of a cell, to be printed; a dash where it is not there."""
        row = self.row(cell, metric, kind)
        return DASH if row is None else number(row, column, places=places)

    def cite_record(self, cell: Where, name: str, path: str, places: int = 3) -> Part:
        """Return a number of a cell metric's record, to be printed."""
        column, row = "value", self.row(cell, f"{name}.{path}")
        if row is None:  # an end of an interval belongs to the number beside it
            path, _, column = path.rpartition(".")
            row = self.row(cell, f"{name}.{path.replace('intervals.', '')}") or self.row(cell, f"{name}.{path}.value")
        return DASH if row is None or column not in ("value", "low", "high") else number(row, column, places=places)

    def scored(self) -> list[Where]:
        """Return the cells that have an accuracy, in the order of the results."""
        return list(dict.fromkeys((row, variant) for row, variant, metric, _ in self._first if metric == "accuracy"))

    def published(self, cell: Where) -> float | None:
        """Return what is published of a cell, or None."""
        return self._published.get(cell)

    def overall(self, cell: Where, metric: str = "accuracy") -> Row | None:
        """Return a figure's mean over seeds, or that of the only one."""
        return self.mean(cell, metric) or self.row(cell, metric)

    def best(self, cell: Where, metric: str = "accuracy") -> float:
        """Return the value of `overall`, and 0 where there is none."""
        row = self.overall(cell, metric)
        return 0.0 if row is None else float(row["value"])

    def ahead(self, a: Where, b: Where, metric: str = "accuracy") -> bool:
        """Tell whether one cell is better than another by more than chance explains."""
        first, second = self.overall(a, metric), self.overall(b, metric)
        return first is not None and second is not None and is_ahead(first, second, self.results)

    def leader(self, cells: list[Where], metric: str = "accuracy") -> Where | None:
        """Return the cell that is ahead of all others, or None."""
        return leader({cell: row for cell in cells if (row := self.overall(cell, metric)) is not None}, self.results)

    def classes(self, cell: Where) -> Iterator[str]:
        """Yield the classes of a cell's scored faces."""
        return (kind for row, variant, metric, kind in self._first if (row, variant) == cell and metric == "support")
