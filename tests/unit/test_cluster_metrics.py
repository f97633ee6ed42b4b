"""Figures of clusters, and the names that would suit them best."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.clustering.naming import class_margins
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError
from fecemo.evaluation.metrics.classification import score_predictions
from fecemo.evaluation.metrics.clusters import score_clustering
from fecemo.evaluation.metrics.intervals import bootstrap_intervals
from fecemo.evaluation.settings import Resampling

TWO = ("happy", "sad")


def scored(truth, clusters, groups=None, names=None, emotions=TWO):
    """Score clusters that are named one by one, if not said otherwise."""
    groups = list(map(str, clusters)) if groups is None else groups
    return score_clustering(np.array(truth), np.array(clusters), np.array(groups), source_sizes=(1, 1),
                            names=dict.fromkeys(groups, "happy") if names is None else names, target_sizes=(1, 1),
                            silhouette=None, stability=None, emotions=emotions, seed=0)


def test_purity_of_three_clusters():
    # Cluster 0: 2 happy, 1 sad; cluster 1: 2 sad; cluster 2: 1 happy. Right at best: 2 + 2 + 1 of 6.
    result = scored(["happy", "happy", "sad", "sad", "sad", "happy"], [0, 0, 0, 1, 1, 2])
    assert result.purity == pytest.approx(5 / 6)
    assert 0 < result.nmi < 1


def test_clusters_that_are_the_emotions_score_one_and_one_cluster_scores_nothing():
    truth = ["happy", "happy", "sad"]
    perfect, single, many = (scored(truth, clusters) for clusters in ([1, 1, 0], [4, 4, 4], [0, 1, 2]))
    assert (perfect.nmi, perfect.ari, perfect.ami) == pytest.approx((1, 1, 1))
    assert (single.nmi, single.ari) == pytest.approx((0, 0))
    assert (perfect.purity, single.purity, many.purity) == (1, 2 / 3, 1)
    assert (single.homogeneity, single.completeness) == pytest.approx((0, 1))  # no cluster is pure, no emotion split
    assert many.homogeneity == pytest.approx(1)
    assert many.completeness < 1
    assert many.nmi == pytest.approx(2 * many.completeness / (1 + many.completeness))  # V: their harmonic mean


def test_nothing_to_score_is_refused():
    with pytest.raises(InputError, match="one cluster a scored face"):
        scored([], [])


def test_oracle_gives_each_emotion_one_cluster_where_there_are_as_many():
    # By majority both clusters are happy (3 > 1, 2 > 1): 5 of 7 right. One to one: the best is 3 + 1.
    result = scored(["happy"] * 3 + ["sad"] + ["happy"] * 2 + ["sad"], [0, 0, 0, 0, 1, 1, 1])
    assert (result.oracle_names, result.oracle_rule) == ({"0": "happy", "1": "sad"}, "one to one")
    assert result.oracle_accuracy == pytest.approx(4 / 7)


def test_oracle_goes_by_majority_otherwise():
    result = scored(["happy", "sad", "sad", "happy", "sad"], [0, 1, 1, 2, 2], names=dict.fromkeys("0123", "happy"))
    assert result.oracle_rule == "majority"
    # A tie goes to the first emotion, and a cluster without a face to none.
    assert result.oracle_names == {"0": "happy", "1": "sad", "2": "happy", "3": "skip"}
    assert result.oracle_accuracy == result.purity == pytest.approx(4 / 5)


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
    result = scored(truth, clusters, list("0000111"), {"0": "happy", "1": "happy"})
    voted = 5 / 7  # both clusters are happy to a vote
    assert result.oracle_accuracy == pytest.approx(4 / 7)
    assert result.oracle_accuracy < voted
    assert result.purity == pytest.approx(voted)


def test_what_naming_can_reach_is_that_of_the_groups_into_which_clusters_were_divided():
    # Cluster 0 is half happy, half sad, and a person told its halves apart: purity of the two clusters is 3 / 4.
    truth, clusters = ["happy"] * 2 + ["sad"] * 6, [0, 0, 0, 0, 1, 1, 1, 1]
    names = {"0a": "happy", "0b": "sad", "1": "sad"}
    result = scored(truth, clusters, ["0a", "0a", "0b", "0b", "1", "1", "1", "1"], names)
    assert (result.purity, result.oracle_accuracy, result.oracle_rule) == (1, 1, "majority")
    assert result.oracle_names == names
    assert 3 / 4 <= result.purity_of_chance < 1
    assert result.nmi == scored(truth, clusters).nmi  # of the stored clustering


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
        intervals = bootstrap_intervals(metrics.confusion, Resampling(20, 0.9, 1), scores=margins,
                                        truth=np.array([EMOTIONS.index(emotion) for emotion in truth]))
        return metrics.values, metrics.classes, metrics.confusion.tolist(), intervals

    assert scored(distances, names) == scored(distances[:, numbers], names[numbers])
