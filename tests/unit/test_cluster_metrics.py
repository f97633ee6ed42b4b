"""Figures of clusters, and the names that would suit them best."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.clustering.naming import class_margins
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError
from fecemo.evaluation.metrics.clusters import name_by_oracle, purity, score_clustering, score_clusters
from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.metrics.predictions import score_predictions

TWO = ("happy", "sad")


def test_purity_of_three_clusters():
    # Cluster 0: 2 happy, 1 sad; cluster 1: 2 sad; cluster 2: 1 happy. Right at best: 2 + 2 + 1 of 6.
    truth = np.array(["happy", "happy", "sad", "sad", "sad", "happy"])
    clusters = np.array([0, 0, 0, 1, 1, 2])
    assert purity(truth, clusters) == pytest.approx(5 / 6)
    assert 0 < score_clusters(truth, clusters).nmi < 1


def test_clusters_that_are_the_emotions_score_one_and_one_cluster_scores_nothing():
    truth = np.array(["happy", "happy", "sad"])
    perfect, single = score_clusters(truth, np.array([1, 1, 0])), score_clusters(truth, np.array([4, 4, 4]))
    assert (perfect.nmi, perfect.ari, perfect.ami) == pytest.approx((1, 1, 1))
    assert (single.nmi, single.ari) == pytest.approx((0, 0))
    assert [purity(truth, np.array(clusters)) for clusters in ([1, 1, 0], [4, 4, 4], [0, 1, 2])] == [1, 2 / 3, 1]
    assert (single.homogeneity, single.completeness) == pytest.approx((0, 1))  # no cluster is pure, no emotion split
    many = score_clusters(truth, np.array([0, 1, 2]))
    assert many.homogeneity == pytest.approx(1)
    assert many.completeness < 1
    assert many.nmi == pytest.approx(2 * many.completeness / (1 + many.completeness))  # V: their harmonic mean


def test_nothing_to_score_is_refused():
    with pytest.raises(InputError):
        score_clusters(np.array([], dtype=str), np.array([], dtype=int))


def test_oracle_gives_each_emotion_one_cluster_where_there_are_as_many():
    # By majority both clusters are happy (3 > 1, 2 > 1): 5 of 7 right. One to one: the best is 3 + 1.
    truth = np.array(["happy"] * 3 + ["sad"] + ["happy"] * 2 + ["sad"])
    names, rule = name_by_oracle(truth, np.array(list("0000111")), ["0", "1"], TWO)
    assert (names, rule) == ({"0": "happy", "1": "sad"}, "one to one")


def test_oracle_goes_by_majority_otherwise():
    truth = np.array(["happy", "sad", "sad", "happy", "sad"])
    names, rule = name_by_oracle(truth, np.array(list("01122")), list("0123"), TWO)
    assert rule == "majority"
    assert names == {"0": "happy", "1": "sad", "2": "happy", "3": "skip"}  # a tie goes to the first emotion


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 7)), min_size=2, max_size=60),
       st.permutations(range(8)))
def test_renumbering_clusters_changes_nothing_but_their_names(faces, numbers):
    truth = np.array([emotion for emotion, _ in faces])
    clusters = np.array([cluster for _, cluster in faces])
    renumbered = np.array(numbers)[clusters]
    first, second = score_clusters(truth, clusters), score_clusters(truth, renumbered)
    assert asdict(first) == pytest.approx(asdict(second))

    accuracy = []
    for numbering in (clusters, renumbered):
        groups = numbering.astype(str)
        names, _ = name_by_oracle(truth, groups, [str(key) for key in range(8)], EMOTIONS)
        accuracy.append(np.mean([names[group] == emotion for group, emotion in zip(groups, truth, strict=True)]))
    assert accuracy[0] == pytest.approx(accuracy[1])
    assert purity(truth, clusters) == purity(truth, renumbered)
    assert accuracy[0] <= purity(truth, clusters) + 1e-12


def scored(truth, clusters, groups, names, emotions=TWO):
    return score_clustering(np.array(truth), np.array(clusters), np.array(groups), names=names, source_sizes=(1, 1),
                            target_sizes=(1, 1), silhouette=None, stability=None, emotions=emotions, seed=0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 7)), min_size=2, max_size=60),
       st.sampled_from((8, 10)).flatmap(lambda k: st.permutations(range(k))))
def test_a_whole_record_of_clusters_is_the_same_under_other_numbers(faces, numbers):
    """As many clusters as emotions, or more, of which some have no face: one rule of the best names each."""
    truth, clusters = (list(part) for part in zip(*faces, strict=True))
    names = {str(number): EMOTIONS[number % 8] for number in range(len(numbers))}
    renumbered = [numbers[cluster] for cluster in clusters]
    first = scored(truth, clusters, list(map(str, clusters)), names, EMOTIONS)
    second = scored(truth, renumbered, list(map(str, renumbered)),
                    {str(numbers[int(key)]): name for key, name in names.items()}, EMOTIONS)
    assert first.oracle_rule == second.oracle_rule == ("one to one" if len(numbers) == 8 else "majority")
    for figure in ("nmi", "homogeneity", "completeness", "ami", "ari", "purity", "purity_of_chance", "oracle_accuracy",
                   "oracle_of_chance"):
        assert getattr(first, figure) == pytest.approx(getattr(second, figure), abs=1e-9), figure


def test_names_that_repeat_may_beat_the_best_one_to_one_and_never_the_purity():
    truth, clusters = ["happy"] * 3 + ["sad"] + ["happy"] * 2 + ["sad"], [0, 0, 0, 0, 1, 1, 1]
    found = scored(truth, clusters, list("0000111"), {"0": "happy", "1": "happy"})
    voted = 5 / 7  # both clusters are happy to a vote
    assert found.oracle_accuracy == pytest.approx(4 / 7)
    assert found.oracle_accuracy < voted
    assert found.purity == pytest.approx(voted)


def test_what_naming_can_reach_is_that_of_the_groups_into_which_clusters_were_divided():
    # Cluster 0 is half happy, half sad, and a person told its halves apart: purity of the two clusters is 3 / 4.
    truth, clusters = ["happy"] * 2 + ["sad"] * 6, [0, 0, 0, 0, 1, 1, 1, 1]
    names = {"0a": "happy", "0b": "sad", "1": "sad"}
    found = scored(truth, clusters, ["0a", "0a", "0b", "0b", "1", "1", "1", "1"], names)
    assert (found.purity, found.oracle_accuracy, found.oracle_rule) == (1, 1, "majority")
    assert found.oracle_names == names
    assert 3 / 4 <= found.purity_of_chance < 1
    assert found.nmi == score_clusters(np.array(truth), np.array(clusters)).nmi  # of the stored clustering


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(6)))
def test_a_whole_score_is_the_same_under_other_numbers(seed, numbers):
    """Distances, names and clusters renumbered together: every metric, every emotion's figure, every interval stays."""
    rng = np.random.default_rng(seed)
    truth = np.array(EMOTIONS)[rng.integers(8, size=40)]
    distances = rng.random((40, 6))
    names = np.array([*EMOTIONS, "", ""])[rng.integers(10, size=6)]  # some clusters may bear no emotion

    def scored(distances, names):
        prediction = names[distances.argmin(axis=1)]
        margins = class_margins(distances, names, EMOTIONS)
        metrics = score_predictions(truth, prediction, EMOTIONS, margins)
        intervals = bootstrap_intervals(metrics.confusion, resamples=20, confidence=0.9, seed=1, scores=margins,
                                        truth=np.array([EMOTIONS.index(emotion) for emotion in truth]))
        return metrics.values, metrics.classes, metrics.confusion.tolist(), intervals

    assert scored(distances, names) == scored(distances[:, numbers], names[numbers])
