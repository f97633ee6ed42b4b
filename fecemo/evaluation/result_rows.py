"""The rows of the results that the records of a cell make, and comparisons of two."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fecemo.evaluation.catalogue import CHANCE, HEADLINES
from fecemo.evaluation.cell_metric import cell_metrics, numbers_of
from fecemo.evaluation.cells import CLASSIFIER, Cell, CellRecords, Comparison, RowComparison, Triplets
from fecemo.evaluation.metrics.cluster_sweep import ClusterSweep
from fecemo.evaluation.metrics.cost_curve import CostCurve
from fecemo.evaluation.metrics.intervals import holm
from fecemo.evaluation.metrics.over_seeds import means_over_seeds
from fecemo.evaluation.records.score import ClassScore, Interval, Score
from fecemo.evaluation.results import MEASURED, NOT_RUN

Rows = Iterator[dict[str, Any]]
NAMING_WORDS = {"hand": "by hand", "majority_vote": "vote", "labels_per_cluster": "few labels",
                "action_units": "action units", "drawn_faces": "drawn faces"}
SCORED_ON = {"test": "test split", "unused_labels": "unused labels"}
LABELS = {"labels_training": "training", "labels_naming": "naming", "labels_choosing": "choosing",
          "labels_of_nobody": "of_nobody",
          "faces_viewed": "faces_viewed", "names_suggested": "suggestions_used",
          "labels_shown": "target_labels_shown", "scores_seen": "other_scores_seen"}
"""What a score cost in labels and looking, and the fields of `LabelsUsed` that say it."""
CLUSTERS = ("nmi", "homogeneity", "completeness", "ami", "ari", "purity", "oracle_accuracy", "silhouette", "stability")
"""Figures of `ClusterScore` that the results hold."""


def cell_rows(cell: CellRecords, *, seed: int, further: Sequence[Score] = (), **common: Any) -> Rows:
    """Yield the rows of one cell: of its score, its metrics, its cluster sweep and its triplet test.

    Parameters
    ----------
    seed : int
        Of the recipe.
    further : sequence of Score
        The scores under further seeds, which are joined with the cell's to means.
    **common
        Further columns of every row, such as ``run``, ``setting`` and ``amount``.
    """
    common = {"row": cell.row.name, "title": cell.row.title, "part": cell.row.part, "variant": cell.column.name,
              "variant_title": cell.column.title, "dataset": "target", "supervision": cell.supervision,
              "level": cell.level, "state": MEASURED, **common}
    digests = {stage: cell.digests.get(stage, "") for stage in ("evaluate", "cluster_sweep", "triplet_test")}
    if cell.score is None and cell.sweep is None:
        yield {**common, "stage": "evaluate", "metric": "accuracy", "seed": seed, "state": cell.waits or NOT_RUN,
               "readout": "clusters" if cell.clustered else "argmax"}
    if cell.score is not None:
        yield from _score_rows(cell.score, further, _human(cell.records), {**common, "digest": digests["evaluate"]})
    for name, record in cell.records.items():
        rows = cell_metrics()[name].rows
        for row in _number_rows(name, record) if rows is None else rows(record):
            yield {**common, "stage": name, "seed": seed, "digest": digests["evaluate"], **row}
    if cell.sweep is not None:
        choosing = 0 if cell.score is None else cell.score.labels_used.choosing
        yield from _sweep_rows(cell.sweep, choosing, {**common, "digest": digests["cluster_sweep"]})
    if cell.cost is not None:
        yield from cost_rows(cell.cost, _human(cell.records), {**common, "digest": cell.digests.get("cost_curve", "")})
        if cell.score is not None and cell.named_by_hand is not None:
            yield from _hand_rows(cell.score, *cell.named_by_hand, _human(cell.records),
                                  {**common, "digest": digests["evaluate"]})
    if cell.triplets is not None:
        yield from _triplet_rows(cell.triplets, {**common, "seed": seed, "digest": digests["triplet_test"]})
    if cell.seconds is not None:
        yield {**common, "stage": "train", "seed": seed, "metric": "training_seconds", "value": cell.seconds}


def _ends(interval: Interval | None) -> dict[str, float]:
    return {} if interval is None else {"low": interval.low, "high": interval.high}


def _human(records: Mapping[str, Any]) -> dict[str, float]:
    """Return what one rater reaches against the others, by metric; empty where no votes are stored."""
    line = getattr(records.get("soft_truth"), "human", None)
    return {} if line is None else {"accuracy": line.rater_accuracy, "balanced_accuracy": line.rater_balanced_accuracy}


def _score_rows(score: Score, further: Sequence[Score], human: Mapping[str, float], common: dict[str, Any]) -> Rows:
    common = {**common, "stage": "evaluate", "scored_on": SCORED_ON.get(score.score_on, score.score_on),
              "readout": "clusters" if score.clusters else "argmax",
              "clusters": len(score.clusters.source_sizes) if score.clusters else None,
              "naming": "" if score.method == "classifier" else naming_words(score)}
    chance = {**CHANCE, "accuracy": score.chance.uniform, "balanced_accuracy": 1 / max(1, score.n_emotions)}
    for each in (score, *further):
        seeded = {**common, "seed": each.seed, "seeds": 1, "labels_used": each.labels_used.total, "n": each.n_scored}
        for headline in HEADLINES:
            if (value := each.metric(headline.name)) is not None:
                yield {**seeded, "metric": headline.name, "value": value, "chance": chance.get(headline.name),
                       "human": human.get(headline.name), **_ends(each.intervals.get(headline.name))}
        if each is score:
            yield from ({**seeded, **row} for row in _single_rows(score))
    if further:
        for name, mean in means_over_seeds([score, *further]).items():
            yield {**common, "metric": name, "seeds": 1 + len(further), "value": mean.mean,
                   "deviation": mean.deviation, "chance": chance.get(name), "human": human.get(name),
                   "labels_used": score.labels_used.total,
                   "n": score.n_scored}


def _single_rows(score: Score) -> Rows:
    """Yield what is reported of the first seed alone: classes, clusters, and what the score cost."""
    yield {"metric": "verdict", "value": verdict(score)}
    yield {"metric": "majority_share", "value": score.chance.majority}
    for name, figures in score.classes.items():
        for field in fields(ClassScore):
            if (value := getattr(figures, field.name)) is not None:
                yield {"metric": field.name, "class": name, "value": value, "chance": CHANCE.get(field.name)}
    for name in CLUSTERS if score.clusters else ():
        if (value := getattr(score.clusters, name)) is not None:
            by_chance = {"purity": "purity_of_chance", "oracle_accuracy": "oracle_of_chance"}.get(name)
            yield {"metric": name, "value": value,
                   "chance": getattr(score.clusters, by_chance) if by_chance else CHANCE.get(name)}
    costs = {name: getattr(score.labels_used, field_name) for name, field_name in LABELS.items()}
    for name, value in {**costs, "n_scored": score.n_scored, "copies_scored": score.copies_scored,
                        "copies_left_out": score.copies_left_out, "abstained": score.abstained,
                        "seconds": score.seconds.total}.items():
        yield {"metric": name, "value": float(value)}


def verdict(score: Score) -> float:
    """Tell a score from guessing by its intervals.

    Returns
    -------
    float
        1 if the whole interval of the accuracy lies above both the uniform guess and the majority's share; 0.5 if only
        the balanced accuracy's interval lies above one in as many emotions as were scored; −1 if the whole interval of
        the accuracy lies under both guesses; else 0, at chance.
    """
    guesses = (score.chance.uniform, score.chance.majority)
    accuracy, balanced = score.intervals["accuracy"], score.intervals["balanced_accuracy"]
    if accuracy.low > max(guesses):
        return 1.0
    if balanced.low > 1 / max(1, score.n_emotions):
        return 0.5
    return -1.0 if accuracy.high < min(guesses) else 0.0


def naming_words(score: Score) -> str:
    """Return how clusters got their names: ``"vote"``, ``"few labels, class balanced"``, ``"by hand, not blind"``."""
    if score.method == "hand":
        by = f" ({score.labels_used.named_by})" if score.labels_used.named_by else ""
        return f"by hand{by}, {'blind' if score.labels_used.blind else 'not blind'}"
    plain = score.method.removeprefix("class_balanced ")
    return NAMING_WORDS.get(plain, plain) + (", class balanced" if plain != score.method else "")


def _number_rows(name: str, record: Any) -> Rows:
    for path, value, interval in numbers_of(record):
        yield {"metric": f"{name}.{path}", "value": value, "n": getattr(record, "n_scored", None), **_ends(interval)}


def _sweep_rows(sweep: ClusterSweep, choosing: int, common: dict[str, Any]) -> Rows:
    common = {**common, "stage": "cluster_sweep", "readout": "clusters", "seeds": len(sweep.seeds), "n": sweep.n_scored,
              "scored_on": SCORED_ON.get(sweep.score_on, sweep.score_on)}
    for name, value in (("labels_training", float(sweep.labels_training)), ("labels_choosing", float(choosing)),
                        ("n_scored", float(sweep.n_scored)), ("copies_scored", float(sweep.copies_scored)),
                        ("copies_left_out", float(sweep.copies_left_out)), ("majority_share", sweep.chance.majority)):
        yield {**common, "metric": name, "value": value}
    chance = {"balanced_accuracy": 1 / round(1 / sweep.chance.uniform), "accuracy": sweep.chance.uniform}
    for entry in sweep.entries:
        clusters = {**common, "clusters": entry.n_clusters}
        for name, mean in (("nmi", entry.nmi), ("ami", entry.ami), ("ari", entry.ari)):
            yield {**clusters, "metric": name, "value": mean.mean, "deviation": mean.deviation,
                   "chance": CHANCE.get(name)}
        if entry.stability is not None:
            yield {**clusters, "metric": "stability", "value": entry.stability}
        for naming, named in entry.named.items():
            answers = {**clusters, "naming": NAMING_WORDS.get(naming, naming),
                       "labels_used": sweep.labels_training + named.most_labels}
            for name, figure in (("balanced_accuracy", named.balanced_accuracy), ("accuracy", named.accuracy)):
                yield {**answers, "metric": name, "value": figure.mean, "deviation": figure.deviation,
                       "low": figure.low, "high": figure.high, "chance": chance[name]}
            yield {**answers, "metric": "labels_naming", "value": float(named.most_labels)}


def cost_rows(curve: CostCurve, human: Mapping[str, float], common: Mapping[str, Any]) -> Rows:
    """Yield the rows of a cost curve: of each strategy after so many acts, its figures and what they cost a person."""
    common = {**common, "stage": "cost_curve", "setting": "acts", "readout": "acts", "seeds": len(curve.seeds),
              "n": curve.n_scored, "scored_on": SCORED_ON.get(curve.score_on, curve.score_on)}
    yield {**common, "clusters": len(curve.emotions), "metric": "ami", "value": curve.ami.mean,
           "deviation": curve.ami.deviation, "chance": CHANCE.get("ami")}
    chance = {"balanced_accuracy": 1 / round(1 / curve.chance.uniform), "accuracy": curve.chance.uniform}
    for point in curve.points:
        spent = {**common, "amount": point.acts, "naming": point.title,
                 "labels_used": curve.labels_training + point.faces_labelled}
        for name, figure in (("balanced_accuracy", point.balanced_accuracy), ("accuracy", point.accuracy)):
            yield {**spent, "metric": name, "value": figure.mean, "deviation": figure.deviation, "low": figure.low,
                   "high": figure.high, "chance": chance[name], "human": human.get(name)}
        for name in ("clusters_named", "faces_labelled", "labels_behind_looks"):
            yield {**spent, "metric": name, "value": float(getattr(point, name))}
        yield {**spent, "metric": "person_seconds", "value": point.seconds}


def _hand_rows(score: Score, n_names: int, seconds: float, human: Mapping[str, float],
               common: Mapping[str, Any]) -> Rows:
    """Yield the point of a person who looked at clusters, beside those that are simulated."""
    common = {**common, "stage": "cost_curve", "setting": "acts", "readout": "acts", "amount": n_names, "seeds": 1,
              "naming": f"clusters, {naming_words(score)}", "n": score.n_scored,
              "scored_on": SCORED_ON.get(score.score_on, score.score_on), "labels_used": score.labels_used.total}
    chance = {"balanced_accuracy": 1 / max(1, score.n_emotions), "accuracy": score.chance.uniform}
    for name, guess in chance.items():
        if (value := score.metric(name)) is not None:
            yield {**common, "metric": name, "value": value, "chance": guess, "human": human.get(name),
                   **_ends(score.intervals.get(name))}
    yield {**common, "metric": "clusters_named", "value": float(n_names)}
    yield {**common, "metric": "person_seconds", "value": seconds}


def _triplet_rows(triplets: Triplets, common: dict[str, Any]) -> Rows:
    scored_on = ("triplet test" if triplets.tested else
                 "held-out triplets, which also chose the epoch" if triplets.chose_epoch else "held-out triplets")
    common = {**common, "stage": "triplet_test", "scored_on": scored_on, "metric": "triplet_accuracy", "chance": 1 / 3}
    yield {**common, "value": triplets.accuracy, "n": triplets.n_triplets, **_ends(triplets.interval)}
    for name, share in triplets.by_type.items():
        yield {**common, "class": name, "value": share.accuracy, "n": share.n_triplets}


def difference_rows(comparison: Comparison, a: Score, b: Score, **common: Any) -> Rows:
    """Yield a row of the differences for each metric by which two cells of Table 1 were compared."""
    for metric, difference in comparison.differences.items():
        yield {"row": a.approach, "title": a.approach_title, "variant": a.variant, "variant_title": a.variant_title,
               "other_row": b.approach, "other_title": b.approach_title, "other_variant": b.variant,
               "other_variant_title": b.variant_title, "stage": "evaluate", "metric": metric,
               "value": difference.value, "low": difference.low, "high": difference.high, "n": comparison.n_shared,
               **(common if metric == "accuracy" else {**common, "p": None})}


def comparison_rows(cells: Mapping[Cell, Score], comparisons: Mapping[tuple[Cell, Cell], Comparison]) -> Rows:
    """Yield every comparison of two cells of Table 1, both ways round.

    Of those that a table shows, p-values are corrected for their number, a pair that is shown twice counting once.
    """
    best: dict[tuple[int, str], Score] = {}
    for cell, score in cells.items():
        for heading in enumerate(cell):
            if heading not in best or score.accuracy > best[heading].accuracy:
                best[heading] = score
    against = {(a, b): "variant" if a[1] == b[1] and best[1, a[1]] is cells[a] else
               "row" if a[0] == b[0] and best[0, a[0]] is cells[a] else "" for a, b in comparisons}
    shown = list({frozenset(pair): pair for pair, kind in against.items() if kind}.values())
    corrected = dict(zip(map(frozenset, shown), holm([comparisons[pair].p for pair in shown]), strict=True))
    for pair, comparison in comparisons.items():
        yield from difference_rows(comparison, *(cells[cell] for cell in pair), against=against[pair],
                                   p=corrected[frozenset(pair)] if against[pair] else None)


def row_comparison_rows(comparisons: Iterable[RowComparison]) -> Rows:
    """Yield the comparisons of Table 2."""
    for comparison in comparisons:
        a, b, (clusters, naming), difference = comparison.a, comparison.b, comparison.way, comparison.difference
        answers = {"readout": "argmax"} if comparison.way == CLASSIFIER else {
            "readout": "clusters", "clusters": clusters, "naming": NAMING_WORDS.get(naming, naming)}
        yield {"row": a.row.name, "title": a.row.title, "variant": a.column.name, "variant_title": a.column.title,
               "supervision": a.supervision, "other_row": b.row.name, "other_title": b.row.title,
               "other_variant": b.column.name, "other_variant_title": b.column.title, "stage": "cluster_sweep",
               "against": comparison.against, "metric": "balanced_accuracy", "value": difference.value,
               "low": difference.low, "high": difference.high, **answers}
