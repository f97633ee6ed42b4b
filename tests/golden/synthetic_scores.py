"""Score records made by rule, without chance: what golden tables and tests of figures are built from."""

from fecemo.evaluation.score import Chance, ClusterScore, Interval, LabelsUsed, Score, Seconds
from fecemo.evaluation.table import ComparisonTable, Heading
from fecemo.manifests.emotions import EMOTIONS
from fecemo.manifests.published import read_published

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
    """Return a record whose figures follow from its confusion matrix."""
    top, fall = HITS[approach, variant]
    clustered = approach.endswith("autoencoder")
    confusion = []
    for row, support in enumerate(SUPPORT):
        hit = min(support, max(0, (top - fall * row) * support // 40))
        line = [0] * 8
        line[row] = hit
        for step in range(support - hit):
            line[(row + 1 + step % 7) % 8] += 1
        confusion.append(line)
    abstained = 0
    if (approach, variant) == ("conv_autoencoder", "gray"):  # here the last cluster names no emotion
        for line in confusion:
            line.append(line[7])
            line[7] = 0
        abstained = sum(line[8] for line in confusion)
    n = sum(SUPPORT)
    recall = {emotion: confusion[row][row] / SUPPORT[row] for row, emotion in enumerate(EMOTIONS)}
    accuracy = sum(confusion[row][row] for row in range(8)) / n
    balanced = sum(recall.values()) / 8
    half = 1.96 * (accuracy * (1 - accuracy) / n) ** 0.5
    columns = [sum(line[column] for line in confusion) for column in range(8)]
    f1 = [2 * confusion[row][row] / max(1, SUPPORT[row] + columns[row]) for row in range(8)]
    expected = sum(SUPPORT[row] * columns[row] for row in range(8)) / n**2
    number = list(HITS).index((approach, variant))
    return Score(
        approach=approach, approach_title=TITLES[approach], variant=variant, variant_title=TITLES[variant],
        recipe="synthetic", recipe_title="A study that never was", method="vote" if clustered else "classifier",
        emotions=EMOTIONS, n_scored=n, score_on="test" if approach == "supervised" else "others", abstained=abstained,
        accuracy=accuracy, accuracy_interval=Interval(accuracy - half, accuracy + half), balanced_accuracy=balanced,
        balanced_accuracy_interval=Interval(balanced - half, balanced + half), macro_f1=sum(f1) / 8,
        cohen_kappa=(accuracy - expected) / (1 - expected), confidence=0.95, bootstrap=1000,
        chance=Chance(1 / 8, max(SUPPORT) / n), recall=recall, support=dict(zip(EMOTIONS, SUPPORT, strict=True)),
        confusion=tuple(tuple(line) for line in confusion),
        labels_used=LabelsUsed(training=0 if clustered else 1200 if approach == "supervised" else 300,
                               naming=400 if clustered else 0),
        seed=7, seconds=Seconds(train=10.0 + 37 * number, evaluate=1.25, total=11.25 + 37 * number),
        clusters=_clusters(accuracy) if clustered else None)


def _clusters(accuracy: float) -> ClusterScore:
    names = {str(number): EMOTIONS[number] for number in range(8)}
    return ClusterScore(names=names, source_sizes=(90, 80, 75, 70, 60, 50, 45, 30),
                        target_sizes=(70, 60, 50, 50, 40, 30, 24, 20), nmi=accuracy / 3, ami=accuracy / 4,
                        ari=accuracy / 8, purity=accuracy + 0.06, oracle_accuracy=accuracy + 0.04, oracle_names=names,
                        oracle_rule="one to one", silhouette=0.09)


def synthetic_table(missing: tuple[tuple[str, str], ...] = (), with_published: bool = True) -> ComparisonTable:
    """Return the table of all twelve records but the ``missing`` ones."""
    scores = {cell: synthetic_score(*cell) for cell in HITS if cell not in missing}
    return ComparisonTable(title="A study that never was", rows=ROWS, columns=COLUMNS, scores=scores,
                           published=read_published() if with_published else None, published_titles=TITLES)
