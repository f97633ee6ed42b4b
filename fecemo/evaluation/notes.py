"""Sentences beneath a table that hold for this very run: each is made of the results."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.results import NOT_RUN, PUBLISHED, Results
from fecemo.evaluation.table import Grid

if TYPE_CHECKING:
    import pandas

Note = Callable[[Grid, "pandas.DataFrame", Results], Iterable[Part]]
TRAINED_ONCE = ("The networks are of one training each: by how much another would differ is in no interval.",)


def caption_of(grid: Grid, results: Results) -> tuple[Part, ...]:
    """Return a table's caption with the notes that it asks for."""
    parts: list[Part] = [grid.table.caption] if grid.table.caption else []
    for name in grid.table.notes:
        said = tuple(NOTES[name](grid, grid.selected, results))
        if said:
            parts += [" ", *said] if parts else said
    return tuple(parts)


def chance(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return what guessing gives, uniformly and by always naming the most frequent class."""
    figures = results.figures.assign(line=range(len(results.figures)))
    rows = figures[figures["row"].isin(selected["row"]) & (figures["state"] == "measured") & (figures["setting"] == "")]
    uniform = rows[(rows["metric"] == "accuracy") & rows["chance"].notna()]
    majority = rows[rows["metric"] == "majority_share"]
    if uniform.empty or majority.empty:
        return ()
    return ("Guessing gives ", *_span(uniform, "chance"), " (uniform) and ", *_span(majority, "value"),
            " (always the most frequent class).")


def _span(rows: "pandas.DataFrame", column: str) -> tuple[Part, ...]:
    ranked = rows.sort_values(column, kind="stable")
    low, high = (number(ranked.iloc[at], column) for at in (0, -1))
    return (low,) if str(low) == str(high) else (low, " to ", high)


def seeds(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return what stands beside a figure: an interval over faces, or a deviation over seeds."""
    rows = selected[selected["metric"].isin({figure.metric for figure in grid.table.figures})]
    over, single = rows[rows["deviation"].notna() & rows["low"].isna()], rows[rows["low"].notna()]
    cells = ["row", "variant"]
    alone = single.merge(over[cells].drop_duplicates(), on=cells, how="left", indicator=True)
    interval = "a bootstrap interval over the scored faces in brackets"
    if over.empty:
        return (f"Beside each figure, {interval}.",) if len(single) else ()
    if (alone["_merge"] == "left_only").any():
        return (f"Mean ± standard deviation over seeds; figures of one seed have {interval}.",)
    return ("Mean ± standard deviation over seeds.",)


def marked(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return by which rule the best of a column is marked."""
    if any(cell.best for _, cells in grid.lines for cell in cells):
        return ("Marked: ahead of every other row of its column, by the interval of the paired difference on the faces "
                "that both were scored on; without one, by intervals that do not touch.",)
    return ()


def naming(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return how clusters got their names."""
    ways = set(selected.loc[selected["stage"] == "evaluate", "naming"])
    said = []
    if any(way.startswith("vote") for way in ways):
        said.append("Clusters were named by the vote of a labelled sample, which is not scored.")
    if any(way.startswith("few labels") for way in ways):
        said.append("Clusters were named by the labels of a few faces of each, which are not scored.")
    if any(way.endswith("class balanced") for way in ways):
        said.append("The faces that named were drawn with equally many of each class, which takes a labelled set.")
    if any(way.endswith(", blind") for way in ways):
        said.append("Clusters were named by a person who looked at unlabelled faces.")
    if any(way.endswith("not blind") for way in ways):
        said.append("Some clusters were named by a person who saw labels, suggestions made of labels, or the score of "
                    "other names: not blind.")
    figures = results.figures
    if (figures.loc[(figures["metric"] == "abstained") & figures["row"].isin(selected["row"]), "value"] > 0).any():
        said.append("A face in a cluster without a class counts as wrong.")
    return (" ".join(said),) if said else ()


def dashes(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return what a dash means, and what waits for what."""
    said = []
    if any(cell.plain_value == DASH for _, cells in grid.lines for cell in cells):
        said.append(f"{DASH}: has not run, or does not apply.")
    waiting = selected[selected["value"].isna() & ~selected["state"].isin(("measured", NOT_RUN, PUBLISHED))]
    for state, rows in waiting.groupby("state", sort=False):
        titles = ", ".join(dict.fromkeys(rows["title"]))
        said.append(f"{titles}: {state}.")
    return (" ".join(said),) if said else ()


def trained_once(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return what no interval of Table 2 holds."""
    return TRAINED_ONCE


def sweep(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return how the clusters of Table 2 were named, with the labels that it took."""
    rows = selected[(selected["stage"] == "cluster_sweep") & (selected["metric"] == "labels_naming")]
    if rows.empty:
        return ()
    said: list[Part] = ["k clusters of unlabelled faces are named by "]
    for place, (way, its) in enumerate(rows.groupby("naming", sort=False)):
        ranked = its.sort_values("value", kind="stable")
        low, high = (number(ranked.iloc[at], "value", kind="count") for at in (0, -1))
        said += ["; by " if place else "", str(way), " (", low, *((" to ", high) if str(low) != str(high) else ()),
                 " labels)"]
    said.append(", none of them scored: mean over seeds of clusters and names, with an interval over both. "
                "Classifiers answer by themselves.")
    if (selected.loc[selected["metric"] == "rare_class_exponent", "value"] > 0).any():
        said.append(" In naming, the labels of rare classes weigh more.")
    if (selected.loc[selected["metric"] == "class_balanced", "value"] > 0).any():
        said.append(" The labels that name were drawn with equally many of each class, which takes a labelled set.")
    return said


def triplets(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return on which triplets rows were tested."""
    rows = selected[(selected["metric"] == "triplet_accuracy") & (selected["class"] == "")]
    if rows.empty:
        return ()
    said: list[Part] = ["Triplets: share of those whose odd face is found; chance is 1/3."]
    for on, its in rows.groupby("scored_on", sort=False):
        counted = its[its["n"].notna()].sort_values("n", kind="stable")
        who = "" if rows["scored_on"].nunique() == 1 else f" ({', '.join(dict.fromkeys(its['title']))})"
        if counted.empty:
            said.append(f" Scored{who}: {on}; their number was not stored, so that there is no interval.")
            continue
        low, high = (number(counted.iloc[at], "n", kind="count") for at in (0, -1))
        several = (" to ", high) if str(low) != str(high) else ()
        said += [f" Scored{who}: {on}, ", low, *several, "."]
        if "chose" in str(on):
            said.append(" That flatters the figure.")
    return said


def source(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return where published figures are from."""
    sources = list(dict.fromkeys(selected.loc[selected["source"] != "", "source"]))
    return (f"Source: {'; '.join(sources)}.",) if sources else ()


def same_faces(grid: Grid, selected: "pandas.DataFrame", results: Results) -> Iterable[Part]:
    """Return what a marked difference means."""
    return ("Difference and its interval from a paired bootstrap, on the faces that both were scored on. Marked: all "
            "of it is above 0.",) if known(selected["value"].max()) else ()


NOTES: dict[str, Note] = {note.__name__: note for note in (
    chance, seeds, marked, naming, dashes, trained_once, sweep, triplets, source, same_faces)}
