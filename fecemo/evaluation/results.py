"""Results: one row a figure of a run, tidy, as ``results.csv``; paired differences of two rows as ``differences.csv``.

The table stage makes both of the stages' records. Every table is a pivot of them, and every number of a table or of the
report says on which line it is found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fecemo.data.durable import atomic_write
from fecemo.errors import StoredStateError
from fecemo.evaluation.cell_metric import cell_metrics, numbers_of
from fecemo.evaluation.cells import CLASSIFIER, CellRecords, way_key
from fecemo.evaluation.escape import csv_text, plain_csv_text
from fecemo.evaluation.metrics.comparison import Comparison
from fecemo.evaluation.metrics.intervals import Difference
from fecemo.evaluation.metrics.seeds import SeedSpread
from fecemo.evaluation.metrics.verdict import verdict
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.records.score_parts import ClassScore

if TYPE_CHECKING:
    import pandas

RESULTS_NAME, DIFFERENCES_NAME = "results.csv", "differences.csv"
MEASURED, NOT_RUN, PUBLISHED = "measured", "not run", "published"

COLUMNS: dict[str, tuple[str, str]] = {
    "run": ("str", "Name of the run; empty in the results of a single one."),
    "row": ("str", "The recipe's key of the row."),
    "title": ("str", "Heading of the row."),
    "part": ("str", "Part of the table to which the row belongs, where it has several, such as a backbone."),
    "variant": ("str", "Variant of the face: rgb, gray, tight, …"),
    "variant_title": ("str", "Heading of the variant."),
    "dataset": ("str", "Data set on which it was scored, by its role in the recipe."),
    "supervision": ("str", "What the row learned from, in words, beside unlabelled faces."),
    "level": ("Int64", "The same as a step: 0 faces, 1 a landmark model, 2 ratings, 3 some labels, 4 all labels."),
    "setting": ("str", "Learning curves: the recipe's key of what there was less of. Empty for the row itself."),
    "amount": ("float64", "Learning curves: how much there was of it."),
    "unit": ("str", "Learning curves: of what."),
    "stage": ("str", "Stage, or cell metric, whose record holds the figure."),
    "seed": ("Int64", "Seed of the figure; empty for a mean over seeds."),
    "seeds": ("Int64", "Number of seeds behind the figure."),
    "readout": ("str", "How outputs became answers: clusters, argmax or regression."),
    "clusters": ("Int64", "Number of clusters; empty for a classifier."),
    "naming": ("str", "How clusters got their names."),
    "scored_on": ("str", "Faces or triplets that were scored."),
    "labels_used": ("Int64", "Labels of people that training, choosing settings and naming read, together."),
    "metric": ("str", "What the figure is; see the list of metrics."),
    "class": ("str", "The class, type, part or column of numbers of which it is; empty for all."),
    "value": ("float64", "The figure; empty where the cell has not run."),
    "deviation": ("float64", "Standard deviation over the seeds (n - 1)."),
    "low": ("float64", "Lower end of the interval, at the recipe's confidence."),
    "high": ("float64", "Upper end of it."),
    "chance": ("float64", "What guessing gives."),
    "human": ("float64", "What people reach on the same faces, where it is known."),
    "n": ("Int64", "Faces or triplets behind the figure."),
    "state": ("str", f"{MEASURED}; {NOT_RUN}, or what the cell waits for; {PUBLISHED} by others on other faces."),
    "source": ("str", "Publication of a published figure."),
    "digest": ("str", "Digest of the receipt of the record behind the figure."),
}
"""Columns of ``results.csv``: their type in pandas, and what they hold."""

DIFFERENCE_COLUMNS: dict[str, tuple[str, str]] = {
    "run": ("str", "Name of the run; empty within a single one."),
    "row": ("str", "The recipe's key of the first row."),
    "title": ("str", "Its heading."),
    "variant": ("str", "Its variant."),
    "variant_title": ("str", "Heading of the variant."),
    "supervision": ("str", "What it learned from, in words."),
    "other_run": ("str", "Run of the second row."),
    "other_row": ("str", "The recipe's key of the second row."),
    "other_title": ("str", "Its heading."),
    "other_variant": ("str", "Its variant."),
    "other_variant_title": ("str", "Heading of its variant."),
    "against": ("str", "variant: the best row of a variant against the others. row: the best variant of a row against "
                       "the others. study: against the best published approach with no more supervision. run: the same "
                       "cell of another run. Empty for every other pair."),
    "stage": ("str", "evaluate or cluster_sweep."),
    "readout": ("str", "clusters or argmax."),
    "clusters": ("Int64", "Number of clusters."),
    "naming": ("str", "How clusters got their names."),
    "metric": ("str", "What is compared."),
    "value": ("float64", "Figure of the first minus figure of the second, on the faces that both were scored on."),
    "low": ("float64", "Lower end of the paired bootstrap's interval."),
    "high": ("float64", "Upper end; the first is better where the whole interval lies above 0."),
    "n": ("Int64", "Faces that both were scored on."),
}
"""Columns of ``differences.csv``."""

NAMING_WORDS = {"hand": "by hand", "majority_vote": "vote", "labels_per_cluster": "few labels"}
SCORED_ON = {"test": "test split", "unused_labels": "unused labels"}


@dataclass(frozen=True)
class Results:
    """The figures of a run, or of several.

    Parameters
    ----------
    figures : DataFrame
        A row a figure, with `COLUMNS`.
    differences : DataFrame
        A row a comparison, with `DIFFERENCE_COLUMNS`.
    """

    figures: "pandas.DataFrame"
    differences: "pandas.DataFrame"


def results_of(rows: Iterable[Mapping[str, Any]], differences: Iterable[Mapping[str, Any]] = ()) -> Results:
    """Return rows as frames of the right columns and types."""
    return Results(_frame(rows, COLUMNS), _frame(differences, DIFFERENCE_COLUMNS))


def _frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, tuple[str, str]]) -> "pandas.DataFrame":
    import pandas

    frame = pandas.DataFrame(list(rows), columns=list(columns))
    for name, (kind, _) in columns.items():
        frame[name] = _typed(frame[name], kind)
    return frame


def _typed(column: "pandas.Series", kind: str) -> "pandas.Series":
    """Return a column of the results in its type; what is not there is empty text or no number."""
    values = column.astype(object).where(column.notna() & (column.astype(object) != ""), None)
    if kind == "str":
        return values.map(lambda value: "" if value is None or value != value else str(value)).astype(str)
    numbers = values.map(lambda value: None if value is None or value != value else float(value)).astype("float64")
    return numbers if kind == "float64" else numbers.astype("Int64")


def write_results(folder: Path, results: Results) -> None:
    """Write ``results.csv`` and ``differences.csv``, in full precision.

    Text that a spreadsheet would take for a formula is written behind an apostrophe.
    """
    for name, frame, columns in ((RESULTS_NAME, results.figures, COLUMNS),
                                 (DIFFERENCES_NAME, results.differences, DIFFERENCE_COLUMNS)):
        safe = frame.assign(**{column: frame[column].map(csv_text) for column, (kind, _) in columns.items()
                               if kind == "str"})
        atomic_write(folder / name, safe.to_csv(index=False, lineterminator="\n"))


def read_results(run: Path) -> "pandas.DataFrame":
    """Return the figures of a run: ``run/results.csv`` with the columns and types of `COLUMNS`.

    Raises
    ------
    StoredStateError
        If the file is missing or damaged.
    """
    return _read(run / RESULTS_NAME, COLUMNS)


def read_differences(run: Path) -> "pandas.DataFrame":
    """Return the paired differences of a run: ``run/differences.csv``. Raises as `read_results` does."""
    return _read(run / DIFFERENCES_NAME, DIFFERENCE_COLUMNS)


def _read(path: Path, columns: Mapping[str, tuple[str, str]]) -> "pandas.DataFrame":
    import pandas

    try:
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
        if list(frame.columns) == list(columns):
            frame = frame.assign(**{name: _typed(frame[name], kind) for name, (kind, _) in columns.items()})
    except FileNotFoundError as error:
        raise StoredStateError(f"{path} is missing; run the table stage") from error
    except (ValueError, pandas.errors.ParserError) as error:
        raise StoredStateError(f"{path} is damaged ({error}); run the table stage again") from error
    if list(frame.columns) != list(columns):
        raise StoredStateError(f"{path} has the columns {', '.join(frame.columns)}, expected {', '.join(columns)}; "
                               "run the table stage again")
    return frame.assign(**{name: frame[name].map(plain_csv_text) for name, (kind, _) in columns.items()
                           if kind == "str"})


def columns_page() -> str:
    """Return the dictionary of columns and metrics as Markdown."""
    lines = ["# Columns of the results", "",
             "A run's `results.csv` has one row a figure; `differences.csv` one row a comparison of two rows on the "
             "same faces.", "Both are read with `fecemo.evaluation.results.read_results(run)` and "
             "`read_differences(run)`, or with `pandas.read_csv`.",
             "This page is written by `python docs/write_results_columns.py`."]
    for name, columns in ((RESULTS_NAME, COLUMNS), (DIFFERENCES_NAME, DIFFERENCE_COLUMNS)):
        lines += ["", f"## {name}", "", "| column | type | what it holds |", "|---|---|---|"]
        lines += [f"| `{column}` | {kind} | {meaning} |" for column, (kind, meaning) in columns.items()]
    lines += ["", "## Metrics", "", "| metric | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in METRICS.items()]
    for name, metric in cell_metrics().items():
        lines += [f"| `{figure}` | {meaning} |" for figure, meaning in metric.meanings.items()]
        lines += [f"| `{name}.{path}` | {metric.title}: {heading} |" for heading, path in metric.columns.items()]
    return "\n".join(lines) + "\n"


METRICS = {
    **{one.name: one.meaning for one in HEADLINES},
    "verdict": "1: the accuracy's whole interval is above guessing. 0.5: only that of the balanced accuracy is. 0: at "
               "chance. -1: below.",
    "majority_share": "Accuracy of always naming the most frequent class of the scored faces.",
    "support": "Scored faces of a class.", "answered": "Scored faces that were given a class.",
    "recall": "Share of a class's faces that were recognised.",
    "precision": "Share of the faces given a class that show it.", "f1": "Harmonic mean of recall and precision.",
    "kappa": "Cohen's kappa of one class against the rest.",
    "alpha": "Krippendorff's nominal alpha of one class against the rest.",
    "nmi": "Normalised mutual information of clusters and classes (the V-measure); grows with the number of clusters.",
    "homogeneity": "Clusters hold one class: one part of the V-measure.",
    "completeness": "Classes keep to one cluster: the other part.",
    "ami": "Adjusted mutual information: 0 by chance, 1 perfect.",
    "ari": "Adjusted Rand index: 0 by chance, 1 perfect.",
    "purity": "Accuracy of the best name for every group, found with the answers in hand: an upper bound, no result.",
    "oracle_accuracy": "Accuracy of the best names with each class once, found with the answers in hand: no result.",
    "silhouette": "Silhouette of a sample of the clustered faces, from -1 to 1.",
    "stability": "Mean adjusted Rand index between clusterings from other seeds.",
    "labels_training": "Labels from which a network learned.", "labels_naming": "Labels that named clusters.",
    "labels_choosing": "Labels by which settings were chosen, such as the epoch at which training stopped.",
    "faces_looked_at": "Faces at which a person looked to name clusters.",
    "names_suggested": "Names that the person took from suggestions made of labels.",
    "labels_shown": "1 where labels were shown to the person who named.",
    "scores_seen": "Scores of other names that the person saw before.",
    "n_scored": "Faces scored.", "abstained": "Scored faces that got no class; they count as wrong.",
    "seconds": "Seconds of all stages that lead to the figure.", "training_seconds": "Seconds of training.",
    "published_figure": "A figure that others publish, of other faces; its class says what it is.",
    "rare_class_exponent": "Naming: by how much the labels of rare classes weigh more; 0 is not at all.",
    "class_balanced": "Naming: 1 where equally many labels of each class were drawn, which takes a labelled set.",
    "triplet_accuracy": "Share of rated triplets whose odd face the embedding finds.",
}
"""Every metric that is no cell metric's own, with what it is."""

_CHANCE = {"cohen_kappa": 0.0, "krippendorff_alpha": 0.0, "class_kappa": 0.0, "class_alpha": 0.0, "roc_auc": 0.5,
           "kappa": 0.0, "alpha": 0.0, "ami": 0.0, "ari": 0.0}
_LABELS = {"labels_training": "training", "labels_naming": "naming", "labels_choosing": "choosing",
           "faces_looked_at": "looked_at", "names_suggested": "suggestions_used",
           "labels_shown": "target_labels_shown", "scores_seen": "other_scores_seen"}
_CLUSTERS = ("nmi", "homogeneity", "completeness", "ami", "ari", "purity", "oracle_accuracy", "silhouette", "stability")
_VERDICTS = {"ABOVE": 1.0, "PARTLY": 0.5, "AT": 0.0, "BELOW": -1.0}
Rows = Iterator[dict[str, Any]]


def cell_rows(cell: CellRecords, *, seed: int, dataset: str = "target", spread: SeedSpread | None = None,
              further: Iterable[Score] = (), **common: Any) -> Rows:
    """Yield the rows of one cell: of its score, its metrics, its cluster sweep and its triplet test.

    Parameters
    ----------
    cell : CellRecords
    seed : int
        Of the recipe.
    dataset : str
    spread : SeedSpread, optional
        Of the score over several seeds.
    further : iterable of Score
        The scores under further seeds.
    **common
        Further columns of every row, such as ``setting`` and ``amount``.
    """
    common = {"row": cell.row.name, "title": cell.row.title, "part": cell.row.part, "variant": cell.column.name,
              "variant_title": cell.column.title, "dataset": dataset, "supervision": cell.supervision,
              "level": cell.level, "state": MEASURED, **common}
    if cell.score is None and cell.sweep is None:
        yield {**common, "stage": "evaluate", "metric": "accuracy", "seed": seed, "state": cell.waits or NOT_RUN,
               "readout": "clusters" if cell.clustered else "argmax"}
    if cell.score is not None:
        yield from _score_rows(cell.score, {**common, "digest": cell.digests.get("evaluate", "")}, spread, further)
    for name, record in cell.records.items():
        at = {**common, "stage": name, "seed": seed, "digest": cell.digests.get("evaluate", "")}
        yield from _metric_rows(name, record, at)
    if cell.sweep is not None:
        yield from _sweep_rows(cell, {**common, "digest": cell.digests.get("cluster_sweep", "")})
    if cell.triplets is not None:
        yield from _triplet_rows(cell, {**common, "seed": seed, "digest": cell.digests.get("triplet_test", "")})
    if cell.seconds is not None:
        yield {**common, "stage": "train", "seed": seed, "metric": "training_seconds", "value": cell.seconds}


def _score_rows(score: Score, common: dict[str, Any], spread: SeedSpread | None, further: Iterable[Score]) -> Rows:
    readout = {"readout": "clusters", "clusters": len(score.clusters.source_sizes), "naming": naming_words(score),
               } if score.clusters else {"readout": "argmax", "naming": "" if score.method == "classifier" else
                                         naming_words(score)}
    common = {**common, "stage": "evaluate", **readout, "scored_on": SCORED_ON.get(score.score_on, score.score_on)}
    chance = {**_CHANCE, "accuracy": score.chance.uniform, "balanced_accuracy": 1 / max(1, score.n_emotions)}
    for each in (score, *further):
        at = {**common, "seed": each.seed, "seeds": 1, "labels_used": each.labels_used.total, "n": each.n_scored}
        for headline in HEADLINES:
            if (value := each.metric(headline.name)) is not None:
                interval = each.intervals.get(headline.name)
                yield {**at, "metric": headline.name, "value": value, "chance": chance.get(headline.name),
                       **({} if interval is None else {"low": interval.low, "high": interval.high})}
        if each is not score:
            continue
        yield {**at, "metric": "verdict", "value": _VERDICTS[verdict(score).name]}
        yield {**at, "metric": "majority_share", "value": score.chance.majority}
        for name, figures in score.classes.items():
            for field in fields(ClassScore):
                if (value := getattr(figures, field.name)) is not None:
                    yield {**at, "metric": field.name, "class": name, "value": value, "chance": _CHANCE.get(field.name)}
        for name in _CLUSTERS if score.clusters else ():
            if (value := getattr(score.clusters, name)) is not None:
                by_chance = {"purity": "purity_of_chance", "oracle_accuracy": "oracle_of_chance"}.get(name)
                yield {**at, "metric": name, "value": value,
                       "chance": getattr(score.clusters, by_chance) if by_chance else _CHANCE.get(name)}
        for name, field_name in _LABELS.items():
            yield {**at, "metric": name, "value": float(getattr(score.labels_used, field_name))}
        for name, value in (("n_scored", score.n_scored), ("abstained", score.abstained),
                            ("seconds", score.seconds.total)):
            yield {**at, "metric": name, "value": float(value)}
    for name, over in spread.metrics.items() if spread else ():
        yield {**common, "metric": name, "seeds": len(spread.seeds) if spread else 0, "value": over.mean,
               "deviation": over.deviation, "chance": chance.get(name), "labels_used": score.labels_used.total,
               "n": score.n_scored}


def naming_words(score: Score) -> str:
    """Return how clusters got their names: ``"vote"``, ``"few labels, class balanced"``, ``"by hand, not blind"``."""
    if score.method == "hand":
        by = f" ({score.labels_used.named_by})" if score.labels_used.named_by else ""
        return f"by hand{by}, {'blind' if score.labels_used.blind else 'not blind'}"
    plain = score.method.removeprefix("class_balanced ")
    return NAMING_WORDS.get(plain, plain) + (", class balanced" if plain != score.method else "")


def _metric_rows(name: str, record: Any, common: dict[str, Any]) -> Rows:
    if (rows := cell_metrics()[name].rows) is not None:
        yield from ({**common, **row} for row in rows(record))
        return
    n_scored = getattr(record, "n_scored", None)
    for path, value, interval in numbers_of(record):
        yield {**common, "metric": f"{name}.{path}", "value": value, "n": n_scored,
               **({} if interval is None else {"low": interval.low, "high": interval.high})}


def _sweep_rows(cell: CellRecords, common: dict[str, Any]) -> Rows:
    sweep = cell.sweep
    assert sweep is not None  # asked for by the caller
    choosing = 0 if cell.score is None else cell.score.labels_used.choosing
    present = round(1 / sweep.chance.uniform)
    common = {**common, "stage": "cluster_sweep", "readout": "clusters", "seeds": len(sweep.seeds), "n": sweep.n_scored,
              "scored_on": SCORED_ON.get(sweep.score_on, sweep.score_on)}
    yield {**common, "metric": "labels_training", "value": float(sweep.labels_training)}
    yield {**common, "metric": "labels_choosing", "value": float(choosing)}
    yield {**common, "metric": "n_scored", "value": float(sweep.n_scored)}
    yield {**common, "metric": "majority_share", "value": sweep.chance.majority}
    for entry in sweep.entries:
        at = {**common, "clusters": entry.n_clusters}
        for name in ("nmi", "ami", "ari"):
            mean = getattr(entry, name)
            yield {**at, "metric": name, "value": mean.mean, "deviation": mean.deviation, "chance": _CHANCE.get(name)}
        if entry.stability is not None:
            yield {**at, "metric": "stability", "value": entry.stability}
        for naming, named in entry.named.items():
            answers = {**at, "naming": NAMING_WORDS.get(naming, naming),
                       "labels_used": sweep.labels_training + named.most_labels}
            for name, by_chance in (("balanced_accuracy", 1 / present), ("accuracy", sweep.chance.uniform)):
                figure = getattr(named, name)
                yield {**answers, "metric": name, "value": figure.mean, "deviation": figure.deviation,
                       "low": figure.low, "high": figure.high, "chance": by_chance}
            yield {**answers, "metric": "labels_naming", "value": float(named.most_labels)}


def _triplet_rows(cell: CellRecords, common: dict[str, Any]) -> Rows:
    triplets = cell.triplets
    assert triplets is not None  # asked for by the caller
    on = ("triplet test" if triplets.tested else
          "held-out triplets, which also chose the epoch" if triplets.chose_epoch else "held-out triplets")
    common = {**common, "stage": "triplet_test", "scored_on": on, "metric": "triplet_accuracy", "chance": 1 / 3}
    yield {**common, "value": triplets.accuracy, "n": triplets.n_triplets,
           **({} if triplets.interval is None else {"low": triplets.interval.low, "high": triplets.interval.high})}
    for name, share in triplets.by_type.items():
        yield {**common, "class": name, "value": share.accuracy, "n": share.n_triplets}


def comparison_rows(cells: Mapping[tuple[str, str], Score], comparisons: Mapping[str, Comparison]) -> Rows:
    """Yield every comparison of two cells of Table 1, both ways round."""
    best_of = _best(cells)
    by_key = {f"{row}/{variant}": score for (row, variant), score in cells.items()}
    for comparison in comparisons.values():
        first, second = by_key[comparison.a], by_key[comparison.b]
        against = ""
        if first.variant == second.variant and best_of["variant", first.variant] is first:
            against = "variant"
        elif first.approach == second.approach and best_of["row", first.approach] is first:
            against = "row"
        for metric, difference in comparison.differences.items():
            yield {"row": first.approach, "title": first.approach_title, "variant": first.variant,
                   "variant_title": first.variant_title, "other_row": second.approach,
                   "other_title": second.approach_title, "other_variant": second.variant,
                   "other_variant_title": second.variant_title, "against": against, "stage": "evaluate",
                   "metric": metric, "value": difference.value, "low": difference.low, "high": difference.high,
                   "n": comparison.n_shared}


def _best(cells: Mapping[tuple[str, str], Score]) -> dict[tuple[str, str], Score]:
    best: dict[tuple[str, str], Score] = {}
    for (row, variant), score in cells.items():
        for key in (("row", row), ("variant", variant)):
            if key not in best or score.accuracy > best[key].accuracy:
                best[key] = score
    return best


def sweep_comparison_rows(rows: Iterable[CellRecords], differences: Mapping[str, Mapping[str, Difference]],
                          studies: Mapping[tuple[str, str], str]) -> Rows:
    """Yield the comparisons of Table 2.

    Parameters
    ----------
    rows : iterable of CellRecords
    differences : mapping of str to mapping of str to Difference
        By ``"a - b"`` and the way of answering; see `compare_rows`.
    studies : mapping of (str, str) to str
        By a row's key and a way of answering, the key of the published approach that it is compared with.
    """
    by_key = {row.key: row for row in rows}
    for pair, by_way in differences.items():
        a, b = (by_key[key] for key in pair.split(" - "))
        for way, difference in by_way.items():
            clusters, _, naming = way.partition(" ")
            own = way == way_key(CLASSIFIER)
            yield {"row": a.row.name, "title": a.row.title, "variant": a.column.name, "variant_title": a.column.title,
                   "supervision": a.supervision, "other_row": b.row.name, "other_title": b.row.title,
                   "other_variant": b.column.name, "other_variant_title": b.column.title,
                   "against": "study" if studies.get((a.key, way)) == b.key else "", "stage": "cluster_sweep",
                   "readout": "argmax" if own else "clusters", "clusters": None if own else int(clusters),
                   "naming": "" if own else NAMING_WORDS.get(naming, naming), "metric": "balanced_accuracy",
                   "value": difference.value, "low": difference.low, "high": difference.high}
