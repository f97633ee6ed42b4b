"""Entries of Table 2: what one row answers in one way, with the record that every number comes from."""

from fecemo.evaluation.records.cited import DASH, Cited, cite, count, field_of, share
from fecemo.evaluation.tables.blocks import Entry, Part
from fecemo.evaluation.tables.cost_table import OWN, CostRow, Way
from fecemo.evaluation.tables.table import Heading

EMPTY = Entry((DASH,))


def title_on(row: Heading, column: Heading, usual: Heading) -> str:
    """Return the title of a row, with the variant of its faces where it is not the usual one."""
    return row.title + ("" if column == usual else f", {column.title}")


def heading(way: Way) -> str:
    """Return the heading of a column of answers."""
    n_clusters, naming = way
    return {"labels_per_cluster": f"k={n_clusters}, labels per cluster",
            "majority_vote": f"k={n_clusters}, majority vote", "classifier": "Own answers"}[naming]


def answer_entry(row: CostRow, way: Way, name: str, *, interval: bool, best: bool = False) -> Entry:
    """Return ``"balanced_accuracy"`` or ``"accuracy"`` of a row in one way, with its interval or its deviation."""
    figures = row.figures(way)
    if figures is None or name not in figures:
        return EMPTY
    if way == OWN and row.score is not None:
        beside: tuple[Part, ...] = ("[", cite(row.score, f"intervals.{name}.low"), ", ",
                                    cite(row.score, f"intervals.{name}.high"), "]")
        return Entry((cite(row.score, name),), beside, best=best)
    path = f"{path_of(row, way)}.{name}"
    if interval:
        beside = ("[", cite_sweep(row, f"{path}.low"), ", ", cite_sweep(row, f"{path}.high"), "]")
    else:
        beside = ("± ", cite_sweep(row, f"{path}.deviation"))
    return Entry((cite_sweep(row, f"{path}.mean"),), beside, best=best)


def path_of(row: CostRow, way: Way) -> str:
    """Return where a row's cluster sweep holds one way of answering."""
    assert row.cluster_sweep is not None  # it answers in this way
    numbers = [one.n_clusters for one in row.cluster_sweep.entries]
    return f"entries.{numbers.index(way[0])}.named.{way[1]}"


def cite_sweep(row: CostRow, path: str, places: int = 3) -> Part:
    """Return one number of a row's cluster sweep, to be printed; a dash where it is not defined."""
    value = field_of(row.cluster_sweep, path)
    if value is None:
        return DASH
    text = count(value) if isinstance(value, int) else share(value, places)
    return Cited(text, value, f"{row.key}/cluster_sweep", path)
