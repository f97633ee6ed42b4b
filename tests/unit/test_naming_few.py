"""Names by a few labels of each cluster."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fecemo.clustering.naming_method import NamingEvidence, find_naming_method
from fecemo.clustering.settings import NamingSettings
from fecemo.errors import InputError

LABELS = ["sad"] * 4 + ["happy"] * 6 + ["fear"] * 2
CLUSTERS = [0] * 4 + [1] * 6 + [3] * 2
CENTRES = [[0.0], [1.0], [9.0], [10.0]]


@pytest.fixture
def evidence():
    """Return twelve labelled faces in three of four clusters; the third, at 9, has none and stands near the last."""
    return NamingEvidence(
        approach="", variant="", clustering="", hand_names=Path(), centres=np.array(CENTRES, np.float32),
        labels=np.array(LABELS), clusters=np.array(CLUSTERS, np.int32),
        distances=np.ones((len(LABELS), len(CENTRES)), np.float32), sample=1, seed=0, per_cluster=3)


def few(evidence):
    return find_naming_method("few").run(evidence)


def test_each_cluster_gives_as_many_labels_and_takes_their_name(evidence):
    named = few(evidence)
    assert np.bincount(np.array(CLUSTERS)[named.seen], minlength=4).tolist() == [3, 3, 0, 2]  # the last has but two
    assert named.seen.tolist() == sorted(named.seen.tolist())
    assert named.names.labels_used == 8
    assert named.names.method == "few"


def test_a_cluster_without_labelled_faces_takes_the_name_of_the_nearest_named_centre(evidence):
    assert few(evidence).names.names == {"0": "sad", "1": "happy", "2": "fear", "3": "fear"}


def test_the_sample_is_drawn_evenly_by_seed(evidence):
    one = replace(evidence, per_cluster=1)
    drawn = [few(replace(one, seed=seed)).seen.tolist() for seed in range(200)]
    assert few(replace(one, seed=5)).seen.tolist() == drawn[5]
    counts = np.bincount(np.concatenate(drawn), minlength=len(LABELS))
    assert counts[4:10].min() > 15  # six faces of one cluster, each drawn about 33 times in 200
    assert counts[4:10].sum() == 200


def test_the_most_frequent_label_of_the_few_decides_and_not_of_the_cluster(evidence):
    mixed = replace(evidence, labels=np.array(["sad", "sad", "sad", "fear", *LABELS[4:]]), per_cluster=1)
    names = {few(replace(mixed, seed=seed)).names.names["0"] for seed in range(40)}
    assert names == {"sad", "fear"}
    assert few(replace(mixed, per_cluster=4)).names.names["0"] == "sad"


def test_rare_emotions_weigh_more_where_that_is_asked_for(evidence):
    # Cluster 0 has two happy faces and one of fear; of the twelve labels ten are happy and two show fear.
    labels = np.array(["happy", "happy", "fear", "happy", *["happy"] * 6, "fear", "happy"])
    asked = replace(evidence, labels=labels, clusters=np.array([0] * 3 + [1] * 7 + [3] * 2, np.int32), per_cluster=7)
    # With rare = r happy counts 2 / 11^r and fear 1 / 3^r in cluster 0: fear wins from r = .53 on.
    assert [few(replace(asked, rare=rare)).names.names["0"] for rare in (0.0, 0.5, 0.6, 1.0)] == [
        "happy", "happy", "fear", "fear"]
    assert few(replace(asked, rare=1.0)).names.votes["0"] == {"happy": 2, "fear": 1}


@pytest.mark.parametrize("rare", [-0.1, 1.1])
def test_weights_beyond_a_share_of_emotions_are_refused(rare):
    with pytest.raises(ValueError, match="rare must be from 0 to 1"):
        NamingSettings(rare=rare)


def test_without_labels_nothing_can_be_named(evidence):
    with pytest.raises(InputError, match="no labelled face in its train split"):
        few(replace(evidence, labels=np.zeros(0, str), clusters=np.zeros(0, np.int32),
                    distances=np.zeros((0, 4), np.float32)))
