"""Evaluate: predictions of target faces against their labels → a score with what it cost and what chance gives."""

import csv
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from fecemo.clustering.naming.oracle import name_by_oracle
from fecemo.evaluation.cluster_metrics import score_clusters
from fecemo.evaluation.intervals import bootstrap_intervals
from fecemo.evaluation.metrics import score_predictions
from fecemo.evaluation.score import (
    PREDICTIONS_NAME,
    SCORE_NAME,
    ClusterScore,
    LabelsUsed,
    Score,
    Seconds,
    write_score,
)
from fecemo.manifests.emotions import EMOTIONS
from fecemo.packs.durable import atomic_file
from fecemo.packs.face_pack import FacePack
from fecemo.packs.receipts import Receipt, digest_json
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.predicted import PredictedFaces, predict, receipts_of
from fecemo.stages.work import Work, plain, run_stage

STAGE = "evaluate"


def run(arguments: CellArguments) -> Receipt:
    """Score one cell on labelled faces that it has not learned from.

    Writes ``score.json`` and ``predictions.csv`` (id, row, split, truth, prediction) with every scored face. A face
    whose cluster names no emotion gets the prediction ``""`` and counts as wrong.

    Parameters
    ----------
    arguments : CellArguments
        Which cell of which run.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If there is no labelled face to score.
    StoredStateError
        If an earlier stage is missing, or the cell has learned from a label on which it would be scored.
    """
    cell, layout = arguments.cell(), arguments.layout
    recipe = cell.recipe
    receipts = receipts_of(arguments, cell)
    target = FacePack(layout.target)

    def work(folder: Path) -> Work:
        started = time.monotonic()
        predicted = predict(arguments, cell, target)
        metrics = score_predictions(predicted.truth, predicted.prediction, EMOTIONS)
        intervals = bootstrap_intervals(metrics.confusion, resamples=recipe.evaluation.bootstrap, seed=recipe.seed,
                                        confidence=recipe.evaluation.confidence)
        confusion = metrics.confusion if metrics.abstained else metrics.confusion[:, :-1]
        score = Score(
            approach=arguments.approach, approach_title=cell.approach.title,
            variant=arguments.variant, variant_title=cell.variant.title, recipe=recipe.name, recipe_title=recipe.title,
            method=predicted.method, emotions=EMOTIONS, n_scored=len(predicted.rows), score_on=cell.score_on,
            abstained=metrics.abstained, accuracy=metrics.accuracy, accuracy_interval=intervals.accuracy,
            balanced_accuracy=metrics.balanced_accuracy, balanced_accuracy_interval=intervals.balanced_accuracy,
            macro_f1=metrics.macro_f1, cohen_kappa=metrics.cohen_kappa,
            confidence=recipe.evaluation.confidence, bootstrap=recipe.evaluation.bootstrap, chance=metrics.chance,
            recall=metrics.recall, support=metrics.support, confusion=tuple(tuple(row) for row in confusion.tolist()),
            labels_used=LabelsUsed(training=len(predicted.trained_on), naming=len(predicted.named_with),
                                   looked_at=predicted.looked_at),
            seed=recipe.seed, seconds=Seconds(), clusters=_cluster_score(predicted, receipts.get("clusters")),
        )
        _write_predictions(folder / PREDICTIONS_NAME, target, predicted)
        write_score(folder, replace(score, seconds=_seconds(receipts, time.monotonic() - started)))
        interval = score.accuracy_interval
        return Work(
            files=[PREDICTIONS_NAME],
            # Without the seconds, so that an equal rerun has an equal digest.
            outputs={SCORE_NAME: digest_json(plain(score))},
            said=f"accuracy {score.accuracy:.3f} ({interval.low:.3f}–{interval.high:.3f}) on {score.n_scored} faces, "
                 f"chance {score.chance.uniform:.3f}, {score.labels_used.total} labels used",
            summary={"accuracy": score.accuracy, "balanced_accuracy": score.balanced_accuracy,
                     "n_scored": score.n_scored},
        )

    return run_stage(
        STAGE, layout.score(arguments.approach, arguments.variant),
        config={"evaluation": recipe.evaluation, "score_on": cell.score_on, "seed": recipe.seed,
                "approach": [arguments.approach, cell.approach.title],
                "variant": [arguments.variant, cell.variant.title], "recipe": [recipe.name, recipe.title]},
        inputs={"target": target.receipt.digest, **{name: receipt.digest for name, receipt in receipts.items()}},
        seed=recipe.seed, work=work,
    )


def _cluster_score(predicted: PredictedFaces, clustering: Receipt | None) -> ClusterScore | None:
    if predicted.clusters is None or clustering is None:
        return None
    metrics = score_clusters(predicted.truth, predicted.clusters)
    sizes = clustering.summary["cluster_sizes"]
    oracle, rule = name_by_oracle(predicted.truth, predicted.clusters, len(sizes), EMOTIONS)
    by_oracle = np.array([oracle[cluster] for cluster in range(len(sizes))])[predicted.clusters]
    return ClusterScore(
        names=predicted.names, source_sizes=tuple(sizes),
        target_sizes=tuple(clustering.summary["target_cluster_sizes"]),
        nmi=metrics.nmi, ami=metrics.ami, ari=metrics.ari, purity=metrics.purity,
        oracle_accuracy=float((by_oracle == predicted.truth).mean()),
        oracle_names={str(cluster): name for cluster, name in oracle.items()}, oracle_rule=rule,
        silhouette=clustering.summary["silhouette"],
    )


def _seconds(receipts: dict[str, Receipt], own: float) -> Seconds:
    spent = {receipt.stage: receipt.seconds for receipt in receipts.values()}
    parts = {stage: spent.get(stage, 0.0) for stage in ("train", "embed", "cluster", "label")}
    return Seconds(**parts, evaluate=round(own, 3), total=round(sum(parts.values()) + own, 3))


def _write_predictions(path: Path, target: FacePack, predicted: PredictedFaces) -> None:
    with atomic_file(path, "w") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("id", "row", "split", "truth", "prediction"))
        for row, truth, prediction in zip(predicted.rows, predicted.truth, predicted.prediction, strict=True):
            table.writerow((target.entries[row].id, int(row), target.entries[row].split, truth, prediction))
