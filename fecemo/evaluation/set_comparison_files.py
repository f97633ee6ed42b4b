"""A comparison of sets as JSON, CSV and a page with its two matrices: equal bytes for equal comparisons."""

import csv
import io
import json
from dataclasses import asdict

from fecemo.evaluation.figures.matrix import matrix_figure
from fecemo.evaluation.printed import count, share
from fecemo.evaluation.probing.set_comparison import SetComparison
from fecemo.evaluation.set_metric import set_metrics
from fecemo.evaluation.writers import environment

FORMAT = "fecemo.compare_sets/3"


def to_json(found: SetComparison) -> str:
    """Return the whole record."""
    return json.dumps({"format": FORMAT, **asdict(found)}, indent=1, allow_nan=False) + "\n"


def to_csv(found: SetComparison) -> str:
    """Return a row for every pair of sets."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("learned_from", "met", "labels", "left_out", "scored", "accuracy", "accuracy_low", "accuracy_high",
                    "balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high", "chance", "distance",
                    *(f"distance_{emotion}" for emotion in found.emotions), *found.metrics))
    for row, learned in enumerate(found.sets):
        for column, met in enumerate(found.sets):
            probed: list[float | None] = [None] * 8
            if found.probes:
                probe = found.probes[row][column]
                intervals = probe.intervals
                probed = [probe.accuracy, intervals["accuracy"].low, intervals["accuracy"].high,
                          probe.balanced_accuracy, intervals["balanced_accuracy"].low,
                          intervals["balanced_accuracy"].high, found.chance, found.distances[row][column]]
            table.writerow((
                learned, met, found.labels, found.left_out[row], found.scored[column], *probed,
                *(found.by_emotion[emotion][row][column] for emotion in found.emotions),
                *(matrix[row][column] for matrix in found.metrics.values())))
    return text.getvalue()


def to_html(found: SetComparison) -> str:
    """Return a page that stands alone and loads nothing."""
    probes = distances = ""
    if found.chance is not None:
        probes = matrix_figure(
            "probes", "Balanced accuracy", found.sets, [[one.balanced_accuracy for one in row] for row in found.probes],
            [[f"{share(one.intervals['balanced_accuracy'].low, 2)}–{share(one.intervals['balanced_accuracy'].high, 2)}"
              for one in row] for row in found.probes], least=found.chance)
        distances = matrix_figure("distances", "Energy coefficient", found.sets, found.distances, None, least=0.0)
    metrics = [(metric.title, metric.meaning, [share(value, 2) for row in found.metrics[name] for value in row])
               for name, metric in set_metrics().items() if name in found.metrics]
    emotions = [(emotion, [share(value, 2) for row in its for value in row]) for emotion, its in
                found.by_emotion.items()]
    return environment().get_template("compare_sets.html.jinja").render(
        found=found, probes=probes, distances=distances, emotions=emotions, metrics=metrics, share=share, count=count,
        pairs=[f"{one} → {other}" for one in found.sets for other in found.sets])
