"""Several runs side by side, from their score records alone; runs of one recipe with different seeds are joined."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from fecemo.evaluation.metrics.comparison import Cell, Comparison, compare_same_cell
from fecemo.evaluation.metrics.seeds import SeedSpread, share_a_test, spread_over_seeds
from fecemo.evaluation.records.cited import DASH, Cited, count, share
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.tables.blocks import Block, Entry, Part, scored_entry
from fecemo.evaluation.tables.export import csv_fields

SIDE_BY_SIDE_FORMAT = "fecemo.side_by_side/1"
SHOWN = ("accuracy", "balanced_accuracy")
"""Headline metrics with a block of their own; the CSV and JSON hold all."""


@dataclass(frozen=True)
class RunScores:
    """The score records of one run.

    Parameters
    ----------
    name : str
        Unlike that of any other run.
    scores : mapping of (str, str) to Score
        By approach and variant; at least one, all of one recipe and seed.
    predictions : mapping of (str, str) to Predictions
    """

    name: str
    scores: Mapping[Cell, Score]
    predictions: Mapping[Cell, Predictions] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """str: Name of the recipe."""
        return next(iter(self.scores.values())).recipe

    @property
    def seed(self) -> int:
        """int: Seed of the run."""
        return next(iter(self.scores.values())).seed


@dataclass(frozen=True)
class Column:
    """One or several runs that stand in one column.

    Parameters
    ----------
    runs : tuple of RunScores
        Several differ in their seed alone.
    """

    runs: tuple[RunScores, ...]

    @property
    def title(self) -> str:
        """str: Heading."""
        seeds = ", ".join(str(run.seed) for run in self.runs)
        return self.runs[0].name if len(self.runs) == 1 else f"{self.runs[0].recipe} (seeds {seeds})"

    def scores(self, cell: Cell) -> list[Score]:
        """Return the scores of one cell."""
        return [run.scores[cell] for run in self.runs if cell in run.scores]

    def spread(self, cell: Cell) -> SeedSpread | None:
        """Return a cell's mean and spread, or None for fewer than two seeds."""
        return spread_over_seeds(self.scores(cell))


@dataclass(frozen=True)
class SideBySide:
    """Runs in columns, cells in lines.

    Parameters
    ----------
    columns : tuple of Column
    cells : tuple of (str, str)
        Every cell of any run; approaches, and the variants of each, in the order in which they are met.
    titles : mapping of str to str
        Of approaches and variants.
    comparisons : mapping of str to Comparison
        By ``"<column> <approach>/<variant>"``, where a column of one run is compared with the first column of one run.
    """

    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    titles: Mapping[str, str]
    comparisons: Mapping[str, Comparison]


def stand_side_by_side(runs: Sequence[RunScores]) -> SideBySide:
    """Put runs into columns.

    Runs of one recipe are joined where no two of them have the same seed and each cell was scored on the same test.
    """
    by_recipe: dict[str, list[RunScores]] = {}
    for run in runs:
        by_recipe.setdefault(run.recipe, []).append(run)
    columns = []
    for its in by_recipe.values():
        joined = len({run.seed for run in its}) == len(its) and all(
            share_a_test(Column(tuple(its)).scores(cell)) for run in its for cell in run.scores)
        columns += [Column(tuple(sorted(its, key=lambda run: run.seed)))] if joined else [Column((run,)) for run in its]
    scores = [score for run in runs for score in run.scores.values()]
    titles = {name: title for score in scores for name, title in ((score.approach, score.approach_title),
                                                                  (score.variant, score.variant_title))}
    approaches = list(dict.fromkeys(score.approach for score in scores))
    cells = tuple(sorted(dict.fromkeys((score.approach, score.variant) for score in scores),
                         key=lambda cell: approaches.index(cell[0])))
    single = [column for column in columns if len(column.runs) == 1]
    comparisons = {}
    for column in single[1:]:
        for cell in cells:
            found = compare_same_cell(cell, column.runs[0].scores, column.runs[0].predictions,
                                      single[0].runs[0].scores, single[0].runs[0].predictions)
            if found is not None:
                comparisons[f"{column.title} {'/'.join(cell)}"] = found
    return SideBySide(tuple(columns), cells, titles, comparisons)


def side_by_side_blocks(it: SideBySide) -> list[Block]:
    """Return a block of each shown metric, and one of the differences where the runs share faces."""
    blocks = [_metric_block(it, name) for name in SHOWN]
    if it.comparisons:
        blocks.append(_differences_block(it))
    return blocks


def _metric_block(it: SideBySide, name: str) -> Block:
    headline = next(one for one in HEADLINES if one.name == name)

    def entry(column: Column, cell: Cell) -> Entry:
        scores, spread = column.scores(cell), column.spread(cell)
        if not scores:
            return Entry((DASH,))
        if spread is None:
            return _of_run(scored_entry(scores[0], name), column.runs[0].name)
        found, path = spread.metrics[name], f"{column.title} {'/'.join(cell)}"
        return Entry((Cited(share(found.mean), found.mean, path, f"metrics.{name}.mean"),),
                     ("± ", Cited(share(found.deviation), found.deviation, path, f"metrics.{name}.deviation")))

    return Block(name, headline.title, (
        f"{headline.meaning} One run: value and its interval. Several seeds: mean ± standard deviation over them.",),
        ("Approach", "Images", *(column.title for column in it.columns)),
        tuple((it.titles[cell[0]], it.titles[cell[1]], *(entry(column, cell) for column in it.columns))
              for cell in it.cells))


def _of_run(entry: Entry, run: str) -> Entry:
    """Return an entry whose numbers also say of which run they are."""
    def tell(parts: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(replace(part, record=f"{run}/{part.record}") if isinstance(part, Cited) else part
                     for part in parts)

    return replace(entry, value=tell(entry.value), beside=tell(entry.beside))


def _differences_block(it: SideBySide) -> Block:
    single = [column for column in it.columns if len(column.runs) == 1]

    def entry(column: Column, cell: Cell) -> Entry:
        key = f"{column.title} {'/'.join(cell)}"
        found = it.comparisons.get(key)
        if found is None:
            return Entry((DASH,))
        difference = found.differences["accuracy"]
        parts = [Cited(share(getattr(difference, part)), getattr(difference, part), key, f"differences.accuracy.{part}")
                 for part in ("value", "low", "high")]
        shared = Cited(count(found.n_shared), found.n_shared, key, "n_shared")
        return Entry((parts[0],), ("[", parts[1], ", ", parts[2], "] on ", shared), best=difference.low > 0)

    return Block(
        "differences", f"Difference from {single[0].title}",
        ("Accuracy minus that of the first run on the faces that both were scored on, with the interval of a paired "
         "bootstrap and the number of these faces. Marked: the whole interval lies above 0.",),
        ("Approach", "Images", *(column.title for column in single[1:])),
        tuple((it.titles[cell[0]], it.titles[cell[1]], *(entry(column, cell) for column in single[1:]))
              for cell in it.cells))


def side_by_side_csv(it: SideBySide) -> str:
    """Return a line a run and cell, in full precision."""
    import pandas

    lines = [{"run": run.name, "recipe": score.recipe, "approach": score.approach, "variant": score.variant,
              **csv_fields(score)} for column in it.columns for run in column.runs for score in run.scores.values()]
    return str(pandas.DataFrame(lines).to_csv(index=False, lineterminator="\n"))


def side_by_side_json(it: SideBySide) -> str:
    """Return the records as JSON, with means, spreads and differences."""
    document = {
        "format": SIDE_BY_SIDE_FORMAT,
        "columns": [{"title": column.title, "runs": [run.name for run in column.runs], "cells": {
            "/".join(cell): {"scores": [asdict(score) for score in column.scores(cell)],
                             "spread": None if (spread := column.spread(cell)) is None else asdict(spread)}
            for cell in it.cells if column.scores(cell)}} for column in it.columns],
        "comparisons": {name: asdict(one) for name, one in it.comparisons.items()},
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
