"""Table 1 of a run, read from the score records of its cells."""

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from fecemo.data.variant import find_variant, variants
from fecemo.models.approach import approaches
from fecemo.stages.tables.stored_scores import read_scores
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    from fecemo.evaluation.tables.table import ComparisonTable


def read_table(study: Recipe, layout: RunLayout) -> "ComparisonTable":
    """Return the table of a run's finished score records.

    Raises
    ------
    StoredStateError
        If a score is damaged or of another recipe.
    """
    from fecemo.data.published import read_published
    from fecemo.data.shipped import shipped
    from fecemo.evaluation.measurement import read_records
    from fecemo.evaluation.metrics.comparison import compare_cells
    from fecemo.evaluation.metrics.seeds import spread_over_seeds
    from fecemo.evaluation.records.headline import HEADLINES
    from fecemo.evaluation.records.predictions import read_predictions
    from fecemo.evaluation.tables.table import ComparisonTable, Heading

    scores = read_scores(study, layout, study.cells)
    predictions = {cell: read_predictions(layout.score(*cell), score.emotions) for cell, score in scores.items()}
    further = [read_scores(study.with_seed(seed, study.name), layout.of_seed(seed), study.cells)
               for seed in study.seeds]
    spreads = {cell: spread for cell, score in scores.items()
               if (spread := spread_over_seeds([score, *(its[cell] for its in further if cell in its)])) is not None}
    published = read_published(shipped(f"published/{study.published}.yaml"))
    titles = {**{name: approach.title for name, approach in approaches().items()},
              **{name: variant.title for name, variant in variants().items()},
              **{headline.name: headline.short for headline in HEADLINES},
              **published.titles}
    return ComparisonTable(
        title=study.title, scores=scores, published_titles=titles, spreads=spreads,
        published=published,
        records={cell: read_records(layout.score(*cell)) for cell in scores},
        comparisons=compare_cells(scores, predictions, seed=study.seed),
        rows=tuple(Heading(name, study.title_of(name), part) for name, part in _parts(study).items()),
        columns=tuple(Heading(name, find_variant(name).title) for name in study.variants),
        left_out=frozenset(product(study.approaches, study.variants)) - frozenset(study.cells))


def _parts(study: Recipe) -> dict[str, str]:
    """Return the part of the table in which each row stands: a backbone's, where several rows share each of several."""
    behind = {row: study.approach_of(row) for row in study.approaches}
    rows = Counter(approach.name for approach in behind.values())
    divided = len(rows) > 1 and min(rows.values()) > 1
    return {row: approach.title if divided else "" for row, approach in behind.items()}
