"""Answers under other priors, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from cell_evidence import N, cell_evidence

from fecemo.drawn.expression import EMOTIONS
from fecemo.evaluation.cell_metrics.priors import measure_priors

COMMON, RARE = EMOTIONS[:2]


def evidence_of(rows, train, predicts_by="classifier"):
    """Faces of two emotions: each row their truth and the probability of the common one; ``train`` of each."""
    base = cell_evidence(predicts_by=predicts_by)
    truth = np.array([emotion for emotion, _ in rows])
    scores = np.array([[share, 1 - share] + [0] * 6 for _, share in rows], np.float32)
    ids = base.predictions.ids[:len(rows)]
    predictions = replace(base.predictions, ids=ids, rows=np.arange(len(rows)), splits=np.full(len(rows), "test"),
                          truth=truth, prediction=truth, scores=scores)
    labels = np.array([*truth, *np.repeat([COMMON, RARE], train)])
    splits = np.array([*["test"] * len(rows), *["train"] * sum(train)])
    return replace(base, predictions=predictions, labels=labels, splits=splits)


def test_shares_of_the_train_split_turn_answers_by_hand():
    # 90 to 10 in train. Times π, .2 : .8 becomes .18 : .08, the common one; divided by π, .85 : .15 the rare one.
    rows = [(COMMON, 0.2), (COMMON, 0.6), (COMMON, 0.95), (RARE, 0.05), (RARE, 0.85)]
    priors = measure_priors(evidence_of(rows, (90, 10)))
    assert priors.labels == 100
    # Times π only .05 : .95 → .045 : .095 stays rare: all common faces are right, and one of two rare ones.
    assert priors.as_in_train.accuracy == pytest.approx(4 / 5)
    assert priors.as_in_train.balanced_accuracy == pytest.approx((1 + 1 / 2) / 2)
    # Divided by π only .95 : .05 → 1.06 : .5 stays common: a third of the common faces, and both rare ones.
    assert priors.alike.accuracy == pytest.approx(3 / 5)
    assert priors.alike.balanced_accuracy == pytest.approx((1 / 3 + 1) / 2)
    for shifted in (priors.as_in_train, priors.alike):
        assert shifted.intervals["balanced_accuracy"].low <= shifted.balanced_accuracy
        assert shifted.balanced_accuracy <= shifted.intervals["balanced_accuracy"].high


def test_equal_shares_change_nothing():
    rows = [(COMMON, 0.6), (COMMON, 0.4), (RARE, 0.3), (RARE, 0.7)]
    priors = measure_priors(evidence_of(rows, (25, 25)))
    assert priors.as_in_train == priors.alike
    assert priors.alike.accuracy == 0.5


def test_labels_of_the_scored_faces_are_not_counted_and_clusters_have_no_probabilities():
    rows = [(COMMON, 0.6), (RARE, 0.4)]
    assert measure_priors(evidence_of(rows, (0, 0))) is None
    assert measure_priors(cell_evidence(predicts_by="clusters")) is None
    assert len(cell_evidence().labels) == N
