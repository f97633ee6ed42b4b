"""The block that says which cell is better than which, on the faces that both were scored on."""

from collections.abc import Iterator

from fecemo.evaluation.metrics.comparison import Comparison, comparison_key, find_comparison
from fecemo.evaluation.records.cited import Cited, count, share
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.tables.blocks import Block, Entry
from fecemo.evaluation.tables.table import ComparisonTable

COMPARED = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced acc."}


def comparison_block(table: ComparisonTable) -> Block | None:
    """Return the best of every column against its other approaches, and the best of every row against its variants.

    None where no two cells share enough faces. The table's JSON holds every pair.
    """
    lines: list[tuple[str | Entry, ...]] = []
    for group, best, best_title, other, other_title in _pairs(table):
        comparison = find_comparison(table.comparisons, best, other)
        if comparison is not None:
            lines.append((group, f"{best_title} − {other_title}", *_entries(comparison)))
    if not lines:
        return None
    return Block(
        "better", "Which is better", (
            "The most accurate of each column and row against the others, on the faces that both were scored on: the "
            f"difference and its {table.confidence} from a paired bootstrap. Marked: all of it lies above 0."
            + (" Of the recipe's first seed." if table.spreads else ""),),
        ("On", "Compared", *COMPARED.values(), "Faces shared"), tuple(lines))


def _pairs(table: ComparisonTable) -> Iterator[tuple[str, Score, str, Score, str]]:
    for column in table.columns:
        scores = [score for row in table.rows if (score := table.score(row, column)) is not None]
        for best, other in _best_and_others(scores):
            yield f"{column.title} faces", best, best.approach_title, other, other.approach_title
    for row in table.rows:
        scores = [score for column in table.columns if (score := table.score(row, column)) is not None]
        for best, other in _best_and_others(scores):
            yield row.title, best, best.variant_title, other, other.variant_title


def _best_and_others(scores: list[Score]) -> Iterator[tuple[Score, Score]]:
    ranked = sorted(scores, key=lambda score: -score.accuracy)
    for other in ranked[1:]:
        yield ranked[0], other


def _entries(comparison: Comparison) -> Iterator[Entry]:
    for metric in COMPARED:
        yield _difference(comparison, metric)
    yield Entry((Cited(count(comparison.n_shared), comparison.n_shared, "table", f"{_path(comparison)}.n_shared"),))


def _difference(comparison: Comparison, metric: str) -> Entry:
    it, path = comparison.differences[metric], f"{_path(comparison)}.differences.{metric}"
    parts = [Cited(share(value), value, "table", f"{path}.{name}")
             for name, value in (("value", it.value), ("low", it.low), ("high", it.high))]
    return Entry((parts[0],), ("[", parts[1], ", ", parts[2], "]"), best=it.low > 0)


def _path(comparison: Comparison) -> str:
    return f"comparisons.{comparison_key(comparison.a, comparison.b)}"
