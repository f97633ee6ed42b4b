"""Score records made by rule, without chance: what golden tables and tests of figures are built from."""

from collections.abc import Mapping

import numpy as np

from fecemo.data.manifests import read_published
from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.cells import Cell, CellRecords, Heading, compare_cells
from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.records.score import Chance, ClassScore, ClusterScore, Interval, LabelsUsed, Score, Seconds
from fecemo.evaluation.result_rows import cell_rows, comparison_rows
from fecemo.evaluation.results import Results, results_of

ROWS = (Heading("dense_autoencoder", "Stacked autoencoder"),
        Heading("conv_autoencoder", "Stacked convolutional autoencoder"),
        Heading("semi_supervised", "Semi-supervised"), Heading("supervised", "Supervised"))
COLUMNS = (Heading("rgb", "RGB"), Heading("gray", "Grayscale"), Heading("tight", "Cropped"))
TITLES = {heading.name: heading.title for heading in (*ROWS, *COLUMNS)}

HITS = {  # per cell: how many of an emotion's 40 faces are recognised, and how much that falls from each to the next
    ("dense_autoencoder", "rgb"): (6, 0), ("dense_autoencoder", "gray"): (5, 0),
    ("dense_autoencoder", "tight"): (16, 2),
    ("conv_autoencoder", "rgb"): (4, 0), ("conv_autoencoder", "gray"): (1, 0), ("conv_autoencoder", "tight"): (18, 2),
    ("semi_supervised", "rgb"): (26, 2), ("semi_supervised", "gray"): (30, 2), ("semi_supervised", "tight"): (28, 2),
    ("supervised", "rgb"): (38, 3), ("supervised", "gray"): (39, 3), ("supervised", "tight"): (40, 2),
}
SUPPORT = (64, 48, 40, 40, 40, 40, 40, 32)


def synthetic_score(approach: str, variant: str) -> Score:
    """Return a record whose figures follow from its confusion matrix; areas and intervals are made by rule."""
    clustered = approach.endswith("autoencoder")
    confusion = synthetic_confusion(approach, variant)
    n, abstained = sum(SUPPORT), int(confusion[:, 8].sum())
    figures = {name: float(value) for name, value in confusion_figures(confusion).items()}
    figures |= {"roc_auc": 0.5 + figures["accuracy"] / 2, "pr_auc": 0.1 + figures["accuracy"] / 2}
    half = 1.96 * (figures["accuracy"] * (1 - figures["accuracy"]) / n) ** 0.5
    classes = {}
    for row, emotion in enumerate(EMOTIONS):
        hits, answered = int(confusion[row, row]), int(confusion[:, row].sum())
        recall = hits / SUPPORT[row]
        classes[emotion] = ClassScore(
            SUPPORT[row], answered, recall=recall, precision=hits / answered if answered else None,
            f1=2 * hits / (SUPPORT[row] + answered), kappa=recall - 0.125, alpha=recall - 0.15,
            roc_auc=0.5 + recall / 2, pr_auc=recall)
    number = list(HITS).index((approach, variant))
    return Score(
        approach=approach, approach_title=TITLES[approach], variant=variant, variant_title=TITLES[variant],
        recipe="synthetic", recipe_title="A study that never was",
        method="majority_vote" if clustered else "classifier",
        emotions=EMOTIONS, n_scored=n, copies_scored=0, copies_left_out=0, scored_faces="0" * 64,
        score_on="test" if approach == "supervised" else "unused_labels", abstained=abstained, **figures,
        intervals={name: Interval(value - half, value + half) for name, value in figures.items()},
        confidence=0.95, bootstrap=1000, chance=Chance(1 / 8, max(SUPPORT) / n), classes=classes,
        confusion=tuple(tuple(line) for line in (confusion if abstained else confusion[:, :8]).tolist()),
        labels_used=LabelsUsed(training=0 if clustered else 1200 if approach == "supervised" else 300,
                               naming=400 if clustered else 0),
        seed=7, seconds=Seconds(train=10.0 + 37 * number, evaluate=1.25, total=11.25 + 37 * number),
        clusters=_clusters(figures["accuracy"]) if clustered else None)


def synthetic_confusion(approach: str, variant: str) -> np.ndarray:
    """Return the confusion matrix of a cell, with its column of abstentions: ndarray of shape (8, 9), int."""
    top, fall = HITS[approach, variant]
    confusion = np.zeros((8, 9), np.int64)
    for row, support in enumerate(SUPPORT):
        hit = min(support, max(0, (top - fall * row) * support // 40))
        confusion[row, row] = hit
        for step in range(support - hit):
            confusion[row, (row + 1 + step % 7) % 8] += 1
    if (approach, variant) == ("conv_autoencoder", "gray"):  # here the last cluster names no emotion
        confusion[:, 8], confusion[:, 7] = confusion[:, 7], 0
    return confusion


def synthetic_predictions(approach: str, variant: str) -> Predictions:
    """Return answers that give the cell's confusion matrix; all cells have the same faces."""
    confusion = synthetic_confusion(approach, variant)
    prediction = np.concatenate([np.repeat([*EMOTIONS, ""], line) for line in confusion])
    n = len(prediction)
    return Predictions(
        ids=np.array([f"face{number:03d}" for number in range(n)]), rows=np.arange(n), splits=np.full(n, "test"),
        truth=np.repeat(EMOTIONS, SUPPORT), prediction=prediction, emotions=EMOTIONS,
        scores=(prediction[:, None] == np.array(EMOTIONS)).astype(np.float32))


def _clusters(accuracy: float) -> ClusterScore:
    names = {str(number): EMOTIONS[number] for number in range(8)}
    return ClusterScore(names=names, source_sizes=(90, 80, 75, 70, 60, 50, 45, 30),
                        target_sizes=(70, 60, 50, 50, 40, 30, 24, 20), nmi=accuracy / 3, homogeneity=accuracy / 3,
                        completeness=accuracy / 3, ami=accuracy / 4, ari=accuracy / 8, purity=accuracy + 0.06,
                        purity_of_chance=0.19, oracle_accuracy=accuracy + 0.04, oracle_of_chance=0.16,
                        oracle_names=names, oracle_rule="one to one", silhouette=0.09, stability=0.6)


def synthetic_results(missing: tuple[Cell, ...] = (), *, with_published: bool = True, compared: bool = True,
                      changed: Mapping[Cell, Score] | None = None) -> Results:
    """Return the results of all twelve records but the ``missing`` ones."""
    scores = {cell: synthetic_score(*cell) for cell in HITS if cell not in missing} | dict(changed or {})
    rows: list[dict[str, object]] = []
    for row in ROWS:
        for column in COLUMNS:
            cell = CellRecords(row, column, score=scores.get((row.name, column.name)),
                               clustered="autoencoder" in row.name)
            rows += cell_rows(cell, seed=7)
    if with_published:
        published = read_published()
        titles = {column.name: column.title for column in COLUMNS} | {row.name: row.title for row in ROWS}
        rows += [{"row": row, "title": titles[row], "variant": variant, "variant_title": titles[variant],
                  "stage": "published", "metric": "published_figure", "class": titles[variant], "value": figure,
                  "state": "published", "source": str(published.source)}
                 for row, figures in published.figures.items() for variant, figure in figures.items()]
    comparisons = compare_cells(scores, {cell: synthetic_predictions(*cell) for cell in scores}) if compared else {}
    return results_of(rows, comparison_rows(scores, comparisons))
