"""A cell made by rule: 160 faces of every emotion and twenty people, with an embedding that is one of the two."""

import numpy as np

from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.cell_metric import CellEvidence
from fecemo.evaluation.records.predictions import Predictions
from fecemo.evaluation.settings import EvaluationSettings

N = 160


def cell_evidence(*, vectors="identity", clusters=None, columns=None, predicts_by="clusters", split=None,
                  emotions=EMOTIONS, settings=None):
    """Face i shows emotion i mod 8 and is person i // 8: neither says anything of the other."""
    labels = np.array([emotions[face % len(emotions)] for face in range(N)])
    person = np.arange(N) // 8
    known = {"emotion": np.eye(8)[np.arange(N) % 8], "identity": np.eye(N // 8)[person]}
    rows = np.arange(N)
    predictions = Predictions(
        ids=np.array([f"face{face}" for face in rows]), rows=rows, splits=np.full(N, "test"), truth=labels,
        prediction=labels.copy(), scores=np.zeros((N, 8), np.float32), emotions=EMOTIONS)
    return CellEvidence(
        approach="planted", variant="rgb", predicts_by=predicts_by, predictions=predictions,
        clusters=person if clusters is None and predicts_by == "clusters" else clusters,
        vectors=known[vectors].astype(np.float32), vector_rows=rows, labels=labels,
        splits=np.full(N, split) if split else np.where(person % 4 == 3, "test", "train"),
        settings=settings or EvaluationSettings(bootstrap=50), seed=1, columns=columns or {})
