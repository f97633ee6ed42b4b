"""Evaluate: predictions of target faces against their labels → a score with what it cost and what chance gives."""

import time
from dataclasses import replace
from pathlib import Path

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, plain
from fecemo.evaluation.cell_metric import CellEvidence, cell_metrics
from fecemo.evaluation.metrics.classification import score_predictions
from fecemo.evaluation.metrics.clusters import score_clustering
from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.records.predictions import PREDICTIONS_NAME, write_predictions
from fecemo.evaluation.records.score import SCORE, ClusterScore, Score, Seconds
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.known_columns import known_of_target
from fecemo.stages.predictions import PredictedFaces, predict, receipts_of
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.faces.data_names import TARGET


def run(arguments: CellArguments) -> Receipt:
    """Score one cell on labelled faces that it has not learned from.

    Writes ``score.json``, ``predictions.csv`` with every scored face, and a record of each measurement that has
    something to say of the cell, such as ``curves.json``. A face whose cluster names no emotion gets the prediction
    ``""`` and counts as wrong.

    Raises
    ------
    InputError
        If there is no labelled face to score.
    StoredStateError
        If an earlier stage is missing, or the cell has learned from a label on which it would be scored.
    """
    cell, layout = arguments.cell(), arguments.layout
    recipe = cell.recipe
    target_name = recipe.role(TARGET)
    receipts = receipts_of(arguments, cell)
    target = Dataset(layout.dataset(target_name))

    def work(folder: Path) -> StageResult:
        started = time.monotonic()
        predicted = predict(arguments, cell, target, receipts)
        predictions = predicted.predictions
        metrics = score_predictions(predictions.truth, predictions.prediction, target.classes, predictions.scores)
        intervals = bootstrap_intervals(metrics.confusion, recipe.evaluation.resampling(recipe.seed),
                                        truth=predictions.truth_columns, scores=predictions.scores)
        confusion = metrics.confusion if metrics.abstained else metrics.confusion[:, :-1]
        score = Score(
            approach=arguments.approach, approach_title=recipe.title_of(cell.row),
            variant=arguments.variant, variant_title=cell.variant.title, recipe=recipe.name, recipe_title=recipe.title,
            method=predicted.method, emotions=target.classes, n_scored=len(predictions.rows),
            copies_scored=predicted.scored.copies, copies_left_out=predicted.scored.copies_left_out,
            scored_faces=predictions.digest, score_on=cell.score_on, abstained=metrics.abstained, **metrics.values,
            intervals={name: interval for name, interval in intervals.items() if metrics.values[name] is not None},
            confidence=recipe.evaluation.confidence, bootstrap=recipe.evaluation.bootstrap, chance=metrics.chance,
            classes=metrics.classes, confusion=tuple(tuple(row) for row in confusion.tolist()),
            labels_used=predicted.labels_used, seed=recipe.seed, seconds=Seconds(),
            clusters=_cluster_score(predicted, receipts, recipe.seed),
        )
        write_predictions(folder, predictions)
        features = None if cell.tsne_output is None else read_output(
            layout.outputs(arguments.approach, arguments.variant), target_name, cell.tsne_output).values
        records = _measure(folder, CellEvidence(
            approach=arguments.approach, variant=arguments.variant, predicts_by=cell.approach.predicts_by,
            predictions=predictions, clusters=predicted.clusters, vectors=predicted.embedded.values,
            vector_rows=predicted.embedded.rows, labels=target.labels, splits=target.splits,
            settings=recipe.evaluation, seed=recipe.seed, columns=known_of_target(recipe, layout, target),
            numbers=predicted.numbers, features=features,
            annotated={name: target[name][predicted.embedded.rows] for name, kind in target.columns.items()
                       if kind == "number"}))
        SCORE.write(folder, replace(score, seconds=_seconds(receipts, time.monotonic() - started)))
        interval = score.intervals["accuracy"]
        return StageResult(
            files=[PREDICTIONS_NAME, *records],
            # Without the seconds, so that an equal rerun has an equal digest.
            digests={SCORE.name: digest_json(plain(score))},
            message=f"accuracy {score.accuracy:.3f} ({interval.low:.3f}–{interval.high:.3f}) on {score.n_scored} faces"
                    f", chance {score.chance.uniform:.3f}, {score.labels_used.total} labels used"
                    + (f"; warning: {score.copies_scored} scored faces are copies of faces whose labels were used"
                       if score.copies_scored else ""),
            summary={"accuracy": score.accuracy, "balanced_accuracy": score.balanced_accuracy,
                     "n_scored": score.n_scored, "copies": score.copies_scored},
        )

    return run_artifact(arguments.artifacts, "score", cell, work)


def _measure(folder: Path, evidence: CellEvidence) -> list[str]:
    """Write the records of all metrics, and return their files; old records of those that say nothing go."""
    files = []
    for metric in cell_metrics().values():
        (folder / metric.record.name).unlink(missing_ok=True)
        record = metric.measure(evidence)
        if record is not None:
            files.append(metric.record.write(folder, record))
    return files


def _cluster_score(predicted: PredictedFaces, receipts: dict[str, Receipt], seed: int) -> ClusterScore | None:
    if predicted.clusters is None or predicted.groups is None:
        return None
    summary = receipts["clusters"].summary
    return score_clustering(
        predicted.predictions.truth, predicted.clusters, predicted.groups, names=predicted.names,
        source_sizes=summary["cluster_sizes"], target_sizes=receipts["assignments"].summary["cluster_sizes"],
        silhouette=summary.get("silhouette"), stability=summary.get("stability"),
        emotions=predicted.predictions.emotions, seed=seed)


def _seconds(receipts: dict[str, Receipt], evaluate: float) -> Seconds:
    parts = {stage: round(sum(receipt.seconds for receipt in receipts.values() if receipt.stage == stage), 3)
             for stage in ("train", "embed", "cluster", "label")}
    return Seconds(**parts, evaluate=round(evaluate, 3), total=round(sum(parts.values()) + evaluate, 3))
