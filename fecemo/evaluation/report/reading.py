"""Figures of one run, found by their cell, and what they say.

The sentences of ``reading.html.jinja`` are computed from the results and hold for no others.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from fecemo.evaluation.cells import Heading
from fecemo.evaluation.leaders import is_ahead, leader
from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.results import Results
from fecemo.evaluation.writers import environment

Row = Mapping[Any, Any]
Where = tuple[str, str]


class Lookup:
    """The figures of a run's own cells, by cell, metric and class: of the recipe's first seed, and means over seeds."""

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


def first_sentence(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading], n_classes: int,
                   missing: Collection[Where] = ()) -> Markup:
    """Return the main result in one sentence: the best accuracy beside what guessing gives, and what it cost.

    Parameters
    ----------
    missing : collection of (row, variant)
        Cells of the recipe without a score: the best is then called that of those that are done.
    """
    cells = lookup.scored()
    if not cells:
        return Markup("No cell has run yet.")
    best = max(cells, key=lookup.best)
    mean, titles = lookup.mean(best, "accuracy"), {heading.name: heading.title for heading in (*rows, *columns)}
    (sentence,) = _sentences(
        "first", lookup, best, n_classes=n_classes, row=titles.get(best[0], best[0]),
        column=titles.get(best[1], best[1]), n_cells=len(cells), partial=bool(missing),
        uneven=len({lookup.value(cell, "n_scored") for cell in cells}) > 1,
        mean=mean and (number(mean), number(mean, "deviation"), mean["seeds"]))
    return sentence


def read_cell(lookup: Lookup, score: Score) -> list[Markup]:
    """Return what one cell's figures say."""
    cell = (score.approach, score.variant)
    recalls = {name: recall for name in lookup.classes(cell)
               if (recall := lookup.value(cell, "recall", name)) is not None}
    best, worst = (pick(recalls, key=lambda name: recalls[name]) for pick in (max, min))
    labels = score.labels_used
    saw = {"asked for names that labels suggested": labels.suggestions_used,
           "saw true labels": labels.target_labels_shown, "saw the score of other names": labels.other_scores_seen}
    return _sentences(
        "cell", lookup, cell, score=score, verdict=lookup.value(cell, "verdict") or 0.0, best=best, worst=worst,
        differs=recalls[best] > recalls[worst],
        never=_listed([name for name in lookup.classes(cell) if not lookup.value(cell, "answered", name)], last="or"),
        saw=_listed([words for words, shown in saw.items() if shown]) if score.method == "hand" else "")


def read_run(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading],
             missing: Collection[Where] = ()) -> list[Markup]:
    """Return what the whole of Table 1 says, most important first; ``missing`` as in `first_sentence`."""
    cells = lookup.scored()
    if not cells:
        return [Markup("No cell has run yet, so there is nothing to read.")]
    titles = {heading.name: heading.title for heading in (*rows, *columns)}
    ahead: dict[tuple[str, bool], list[str]] = {}
    level, partly = [], {variant for _, variant in missing}
    for column in columns:
        ran = [(row.name, column.name) for row in rows if lookup.row((row.name, column.name), "accuracy")]
        leader = lookup.leader(ran)
        if leader is not None:
            ahead.setdefault((titles[leader[0]], column.name in partly), []).append(column.title)
        elif len(ran) > 1:
            level.append(column.title)
    apart, alike = [], []
    for row in rows:
        ran = [(row.name, column.name) for column in columns if lookup.row((row.name, column.name), "accuracy")]
        best, worst = (pick(ran, key=lookup.best) for pick in (max, min)) if len(ran) > 1 else (None, None)
        if best and worst and lookup.ahead(best, worst):
            apart.append((row.title, titles[best[1]], lookup.cite(best, "accuracy"), titles[worst[1]],
                          lookup.cite(worst, "accuracy")))
        elif best:
            alike.append(row.title)
    purities = {cell: lookup.value(cell, "purity") for cell in cells}
    bounds = sorted((purity, cell) for cell, purity in purities.items() if purity is not None)
    published = [(figure, lookup.value(cell, "accuracy", column="low") or 0,
                  lookup.value(cell, "accuracy", column="high") or 1)
                 for cell in cells if (figure := lookup.published(cell)) is not None]
    return _sentences(
        "run", lookup, cells[0], n_cells=len(cells), partial=bool(missing), apart=apart,
        alike=_listed(alike), level=_listed(level),
        against={verdict: _cells_of(lookup, rows, columns, verdict) for verdict in (1.0, 0.5, 0.0, -1.0)},
        ahead=[(approach, among_done, _listed(variants)) for (approach, among_done), variants in ahead.items()],
        bounds=[lookup.cite(bounds[at][1], "purity") for at in (0, -1)] if bounds else [], n_published=len(published),
        higher=sum(low > figure for figure, low, _ in published),
        lower=sum(high < figure for figure, _, high in published))


def _cells_of(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading], verdict: float) -> str:
    """Return the cells of which a verdict holds, such as ``"Supervised (all 3), Semi-supervised (RGB, Cropped)"``."""
    parts = []
    for row in rows:
        scored = [column for column in columns if lookup.row((row.name, column.name), "accuracy")]
        titles = [column.title for column in scored if lookup.value((row.name, column.name), "verdict") == verdict]
        if titles and len(titles) == len(scored) > 1:
            parts.append(f"{row.title} ({'both' if len(titles) == 2 else f'all {len(titles)}'})")
        elif titles:
            parts.append(f"{row.title} ({', '.join(titles)})")
    return ", ".join(parts)


def _listed(words: Sequence[str], last: str = "and") -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _sentences(part: str, lookup: Lookup, cell: Where, **facts: Any) -> list[Markup]:
    """Return the sentences of a part of the template, a line each."""
    def cite(metric: str, column: str = "value", kind: str = "") -> object:
        return lookup.cite(cell, metric, kind, column)

    text = environment().get_template("reading.html.jinja").render(part=part, cite=cite, **facts)
    return [Markup(line.strip()) for line in text.split("\n") if line.strip()]
