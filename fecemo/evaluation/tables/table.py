"""The comparison table: approaches × variants, measured from score records, and as published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fecemo.data.published import PublishedTable
from fecemo.errors import StoredStateError
from fecemo.evaluation.metrics.comparison import Cell, Comparison, leader
from fecemo.evaluation.metrics.seeds import SeedSpread
from fecemo.evaluation.records.score import Score


@dataclass(frozen=True)
class Heading:
    """A row's or column's key in recipes and its title in print.

    Parameters
    ----------
    name, title : str
    part : str
        Of a row: title of the part of the table in which it stands, where the table has parts.
    """

    name: str
    title: str
    part: str = ""


@dataclass(frozen=True)
class ComparisonTable:
    """One study's scores in its own layout.

    Parameters
    ----------
    title : str
        Title of the study.
    rows, columns : tuple of Heading
        Approaches and variants, in the order of the recipe.
    scores : mapping of (str, str) to Score
        By approach and variant; a cell that has not run is absent.
    published : PublishedTable, optional
        Figures of others, for comparison; printed in a block of their own.
    published_titles : mapping of str to str
        Titles of the published table's approaches and variants where they are known; else their key is printed.
    comparisons : mapping of str to Comparison
        Pairs of cells on the faces that both were scored on; see `compare_cells`.
    records : mapping of (str, str) to mapping of str to object
        What else was measured of a cell, by the measurement's name.
    spreads : mapping of (str, str) to SeedSpread
        Of cells that ran with several seeds.
    left_out : frozenset of (str, str)
        Cells that the recipe leaves out: they are not missing.

    Raises
    ------
    StoredStateError
        If a score belongs to a cell that the table does not have, or to another cell than it is filed under.
    """

    title: str
    rows: tuple[Heading, ...]
    columns: tuple[Heading, ...]
    scores: Mapping[Cell, Score]
    published: PublishedTable | None = None
    published_titles: Mapping[str, str] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    records: Mapping[Cell, Mapping[str, Any]] = field(default_factory=dict)
    spreads: Mapping[Cell, SeedSpread] = field(default_factory=dict)
    left_out: frozenset[Cell] = frozenset()

    def __post_init__(self) -> None:
        cells = {(row.name, column.name) for row in self.rows for column in self.columns}
        for cell, score in self.scores.items():
            if cell not in cells:
                raise StoredStateError(f"the score of {'/'.join(cell)} belongs to no cell of this table")
            if cell != (score.approach, score.variant):
                raise StoredStateError(f"the score filed under {'/'.join(cell)} is of "
                                       f"{score.approach}/{score.variant}; run the evaluate stage again")

    def parts(self) -> tuple["ComparisonTable", ...]:
        """Return one table for each part that its rows name, in their order and with the part's title."""
        titles = dict.fromkeys(row.part for row in self.rows)
        return tuple(self._part(title) for title in titles) if len(titles) > 1 else (self,)

    def _part(self, title: str) -> "ComparisonTable":
        rows = tuple(row for row in self.rows if row.part == title)
        names = {row.name for row in rows}
        published = self.published and replace(self.published, figures={
            name: figures for name, figures in self.published.figures.items() if name in names})
        return replace(self, title=title, rows=rows, published=published,
                       scores={cell: score for cell, score in self.scores.items() if cell[0] in names})

    def cells(self) -> Iterator[tuple[Heading, Heading, Score | None]]:
        """Yield every cell with its score, or None where it has not run, row by row."""
        for row in self.rows:
            for column in self.columns:
                if (row.name, column.name) not in self.left_out:
                    yield row, column, self.scores.get((row.name, column.name))

    def score(self, row: Heading, column: Heading) -> Score | None:
        """Return a cell's score, or None where it has not run."""
        return self.scores.get((row.name, column.name))

    def leaders(self) -> dict[str, Score]:
        """Return, by variant, the approach whose accuracy is ahead of every other's; absent where none is.

        Where cells ran with several seeds, its worst seed must be better than every other's best too.
        """
        found = {}
        for column in self.columns:
            scores = [score for row in self.rows if (score := self.score(row, column)) is not None]
            best = leader(self.comparisons, scores, "accuracy")
            if best is not None and all(self._ahead_under_every_seed(best, one) for one in scores if one is not best):
                found[column.name] = best
        return found

    def _ahead_under_every_seed(self, best: Score, other: Score) -> bool:
        spreads = [self.spreads.get((score.approach, score.variant)) for score in (best, other)]
        if spreads[0] is None or spreads[1] is None:
            return True
        return spreads[0].metrics["accuracy"].low > spreads[1].metrics["accuracy"].high

    def leader(self, metric: str) -> Score | None:
        """Return the cell that is ahead of every other of the table in a headline metric, or None."""
        return leader(self.comparisons, self.scores.values(), metric)

    @property
    def confidence(self) -> str:
        """Heading of the intervals, such as ``"95 % interval"``."""
        levels = sorted({score.confidence for score in self.scores.values()})
        return f"{100 * levels[0]:g} % interval" if len(levels) == 1 else "interval"

    @property
    def published_rows(self) -> tuple[Heading, ...]:
        """Approaches of the published block."""
        names = self.published.figures if self.published else {}
        return tuple(Heading(name, self.published_titles.get(name, name)) for name in names)

    @property
    def published_columns(self) -> tuple[Heading, ...]:
        """Variants of the published block."""
        names = dict.fromkeys(name for row in self.published.figures.values() for name in row) if self.published else {}
        return tuple(Heading(name, self.published_titles.get(name, name)) for name in names)
