"""Sentences beneath a table that hold for this very run: each is made of the results."""

from collections.abc import Callable, Iterable

import pandas

from fecemo.evaluation.printed import DASH, Part, known, number
from fecemo.evaluation.results import NOT_RUN, PUBLISHED, Results
from fecemo.evaluation.table import Grid

Note = Callable[[Grid, pandas.DataFrame, Results], Iterable[Part]]


def caption_of(grid: Grid, results: Results) -> tuple[Part, ...]:
    """Return a table's caption with the notes that it asks for."""
    parts: list[Part] = [grid.table.caption] if grid.table.caption else []
    for name in grid.table.notes:
        if note := tuple(NOTES[name](grid, grid.selected, results)):
            parts += [" ", *note] if parts else note
    return tuple(parts)


def _span(rows: pandas.DataFrame, column: str = "value") -> tuple[Part, ...]:
    """Return the least and the greatest figure of some rows, or the only one."""
    ranked = rows.sort_values(column, kind="stable")
    low, high = (number(ranked.iloc[at], column) for at in (0, -1))
    return (low,) if str(low) == str(high) else (low, " to ", high)


def chance(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what guessing gives, uniformly and by always naming the most frequent class."""
    figures = results.figures.assign(line=range(len(results.figures)))
    rows = figures[figures["row"].isin(selected["row"]) & (figures["state"] == "measured") & (figures["setting"] == "")]
    uniform = rows[(rows["metric"] == "accuracy") & rows["chance"].notna()]
    majority = rows[rows["metric"] == "majority_share"]
    if uniform.empty or majority.empty:
        return ()
    return ("Guessing gives ", *_span(uniform, "chance"), " (uniform) and ", *_span(majority),
            " (always the most frequent class).")


def human(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what people reach on these faces, where their votes are stored."""
    figures = results.figures.assign(line=range(len(results.figures)))
    figures = figures[figures["row"].isin(selected["row"]) & (figures["stage"] == "soft_truth")]
    lines = {name: figures[figures["metric"] == f"soft_truth.human.{name}"] for name in (
        "rater_accuracy", "rater_balanced_accuracy", "panel_accuracy", "panel_balanced_accuracy")}
    if lines["rater_accuracy"].empty:
        return ()
    spans = {name: _span(rows) for name, rows in lines.items()}
    return ("One rater reaches ", *spans["rater_accuracy"], " against the majority of the others, balanced ",
            *spans["rater_balanced_accuracy"], "; a second panel drawn from the votes ", *spans["panel_accuracy"],
            ", balanced ", *spans["panel_balanced_accuracy"], ".")


def seeds(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what is printed beside a figure: an interval over faces, or a deviation over seeds."""
    rows = selected[selected["metric"].isin({figure.metric for figure in grid.table.figures})]
    over, single = rows[rows["deviation"].notna() & rows["low"].isna()], rows[rows["low"].notna()]
    interval = "a bootstrap interval over the scored faces in brackets"
    if over.empty:
        return (f"Beside each figure, {interval}.",) if len(single) else ()
    with_mean = set(zip(over["row"], over["variant"], strict=True))
    if set(zip(single["row"], single["variant"], strict=True)) - with_mean:
        return (f"Mean ± standard deviation over seeds; figures of one seed have {interval}.",)
    return ("Mean ± standard deviation over seeds.",)


def marked(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return by which rule the best of a column is marked."""
    if any(cell.best for _, cells in grid.lines for cell in cells):
        partial = any(cell.plain_value == DASH for _, cells in grid.lines for cell in cells)
        return (f"Marked: ahead of every other row of its column{' that has run' if partial else ''}, by the "
                "interval of the paired difference on the faces that both were scored on; without one, by intervals "
                "that do not touch.",)
    return ()


def naming(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return how clusters got their names."""
    ways, figures = selected.loc[selected["stage"] == "evaluate", "naming"], results.figures
    abstained = figures.loc[(figures["metric"] == "abstained") & figures["row"].isin(selected["row"]), "value"]
    sentences = {
        "Clusters were named by the vote of a labelled sample, which is not scored.": ways.str.startswith("vote"),
        "Clusters were named by the labels of a few faces of each, which are not scored.":
            ways.str.startswith("few labels"),
        "The faces that named were drawn with equally many of each class, which takes a labelled set.":
            ways.str.endswith("class balanced"),
        "Clusters were named by a person who looked at unlabelled faces.": ways.str.endswith(", blind"),
        "Some clusters were named by a person who saw labels, suggestions made of labels, or the score of other names: "
        "not blind.": ways.str.endswith("not blind"),
        "A face in a cluster without a class counts as wrong.": abstained > 0}
    text = " ".join(sentence for sentence, holds in sentences.items() if holds.any())
    return (text,) if text else ()


def copies(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return which rows are scored on copies of faces whose labels they read."""
    rows = selected[(selected["metric"] == "copies_scored") & (selected["value"] > 0)]
    parts: list[Part] = []
    for title, figures in rows.groupby("title", sort=False):
        count = number(figures.sort_values("value", kind="stable").iloc[-1], "value")
        parts += [" " if parts else "", f"{title}: ", count, " scored faces are copies of faces whose labels were "
                  "read, which flatters the figure."]
    return parts


def others(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return which rows are networks that others trained, and on what."""
    rows = selected[selected["supervision"].fillna("").str.contains("that others trained on ")]
    titles = dict(zip(rows["title"], rows["supervision"], strict=True))
    return (" ".join(f"{title}: {supervision}." for title, supervision in titles.items())
            + " Their labels are in no count.",) if titles else ()


def dashes(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what a dash means, and what waits for what."""
    sentences = []
    if any(cell.plain_value == DASH for _, cells in grid.lines for cell in cells):
        sentences.append(f"{DASH}: has not run, or does not apply.")
    waiting = selected[selected["value"].isna() & ~selected["state"].isin(("measured", NOT_RUN, PUBLISHED))]
    for state, rows in waiting.groupby("state", sort=False):
        sentences.append(f"{', '.join(dict.fromkeys(rows['title']))}: {state}.")
    return (" ".join(sentences),) if sentences else ()


def trained_once(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what no interval of Table 2 holds."""
    return ("The networks are of one training each: by how much another would differ is in no interval.",)


def sweep(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return how the clusters of Table 2 were named, with the labels that it took."""
    rows = selected[(selected["stage"] == "cluster_sweep") & (selected["metric"] == "labels_naming")]
    if rows.empty:
        return ()
    parts: list[Part] = ["k clusters of unlabelled faces are named by "]
    for place, (way, named) in enumerate(rows.groupby("naming", sort=False)):
        parts += ["; by " if place else "", str(way), " (", *_span(named), " labels)"]
    parts.append(", none of them scored: mean over seeds of clusters and names, with an interval over both. "
                 "Classifiers answer by themselves.")
    for metric, sentence in (
            ("rare_class_exponent", " In naming, the labels of rare classes weigh more."),
            ("class_balanced", " The labels that name were drawn with equally many of each class, which takes a "
                               "labelled set.")):
        if (selected.loc[selected["metric"] == metric, "value"] > 0).any():
            parts.append(sentence)
    return parts


def triplets(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return on which triplets rows were tested."""
    rows = selected[(selected["metric"] == "triplet_accuracy") & (selected["class"] == "")]
    if rows.empty:
        return ()
    parts: list[Part] = ["Triplets: share of those whose odd face is found; chance is 1/3."]
    for on, tested in rows.groupby("scored_on", sort=False):
        row_titles = "" if rows["scored_on"].nunique() == 1 else f" ({', '.join(dict.fromkeys(tested['title']))})"
        counted = tested[tested["n"].notna()]
        if counted.empty:
            parts.append(f" Scored{row_titles}: {on}; their number was not stored, so that there is no interval.")
            continue
        parts += [f" Scored{row_titles}: {on}, ", *_span(counted, "n"), "."]
        if "chose" in str(on):
            parts.append(" That flatters the figure.")
    return parts


def source(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return where published figures are from."""
    sources = list(dict.fromkeys(selected.loc[selected["source"] != "", "source"]))
    return (f"Source: {'; '.join(sources)}.",) if sources else ()


def same_faces(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return what a marked difference means."""
    return ("Difference and its interval from a paired bootstrap, on the faces that both were scored on. Marked: all "
            "of it is above 0.",) if known(selected["value"].max()) else ()


def looks(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return how a person's looks at clusters were simulated."""
    rows = selected[(selected["metric"] == "labels_behind_looks") & (selected["value"] > 0)]
    if rows.empty:
        return ()
    return ("A person’s look at a cluster is simulated: its name is the class of most of the faces that the look "
            "shows, weighed as naming.rare_class_exponent says. No other label of the cluster is read.",)


def person_seconds(grid: Grid, selected: pandas.DataFrame, results: Results) -> Iterable[Part]:
    """Return how many seconds an act is taken to last."""
    parts: list[Part] = []
    for counted, words in (("clusters_named", "a cluster that is looked at and named"),
                           ("faces_labelled", "a face that is labelled")):
        acts = selected[(selected["metric"] == counted) & (selected["value"] > 0)]
        acts = acts.merge(selected[selected["metric"] == "person_seconds"], on=["row", "variant", "naming", "amount"],
                          suffixes=("", "_seconds"))
        only = acts[acts["value"] == acts["amount"]]
        if len(only):
            each = only["value_seconds"].iloc[0] / only["value"].iloc[0]
            parts.append(f"{' and ' if parts else ''}{each:g} s for {words}")
    stated = "As labelling sessions of this run recorded, else as the recipe’s cost_curve states: "
    return (stated, *parts, ".") if parts else ()


NOTES: dict[str, Note] = {note.__name__: note for note in (
    chance, human, seeds, marked, naming, copies, others, dashes, trained_once, sweep, triplets, source, same_faces,
    looks, person_seconds)}
