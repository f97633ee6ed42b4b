"""How clusters get their names: by a person, or by the labels of a few faces."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.clustering.naming import (
    ClusterNamer,
    LabelledFaces,
    draw_sample,
    label_order,
    name_by_labels,
    naming_methods,
)
from fecemo.clustering.settings import NamingSettings
from fecemo.data.cluster_names import (
    ClusterNames,
    HandNames,
    hand_names_of,
    read_cluster_names,
    read_hand_names,
    require_names_of,
)
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, StoredStateError

CLUSTERING = "c1" * 32
CENTRES = ((0.0,), (1.0,), (10.0,))
MANY = np.array(["happy"] * 1000 + ["fear"] * 200)


def faces_of(labels, clusters, n_clusters=3, distances=None):
    if distances is None:
        distances = np.ones((len(labels), n_clusters))
    return LabelledFaces(np.array(labels, dtype=str), np.array(clusters, np.int32), np.array(distances, np.float32))


def name(method, faces, centres=CENTRES, seed=0, classes=EMOTIONS, **changes):
    return name_by_labels(naming_methods.find(method), faces, np.array(centres, np.float32), classes,
                          NamingSettings(**changes), seed)


def vote(*arguments, **changes):
    return name("majority_vote", *arguments, **changes)


def test_the_majority_names_its_cluster():
    named = vote(faces_of(["sad", "sad", "fear", "happy", "anger"], [0, 0, 0, 1, 2]))
    assert named.names == ("sad", "happy", "anger")
    assert named.votes == ({"sad": 2, "fear": 1}, {"happy": 1}, {"anger": 1})
    assert named.drawn.tolist() == [0, 1, 2, 3, 4]


def test_classes_are_those_of_the_data_set():
    named = vote(faces_of(["wink", "pout", "pout"], [0, 0, 1]), classes=("pout", "wink"))
    assert named.names[:2] == ("pout", "pout")  # of equals the first class


def test_of_equally_frequent_emotions_the_nearer_one_names():
    # In cluster 0 happy stands at a mean distance of 3, fear at 2.
    distances = [[1, 9, 9], [5, 9, 9], [2, 9, 9], [2, 9, 9], [9, 1, 9], [9, 9, 1]]
    labels, clusters = ["happy", "happy", "fear", "fear", "sad", "sad"], [0, 0, 0, 0, 1, 2]
    assert vote(faces_of(labels, clusters, distances=distances)).names[0] == "fear"


def test_of_equally_frequent_and_near_emotions_the_first_names():
    assert vote(faces_of(["contempt", "happy", "anger", "sad", "sad"], [0, 0, 0, 1, 2])).names[0] == "happy"


def test_a_cluster_without_labels_takes_the_name_of_the_nearest_named_centre():
    # Centre 1 stands at 1, between 0 at 0 and 2 at 10; cluster 3 at 7 is nearer to 2.
    named = vote(faces_of(["sad", "fear"], [0, 2], 4), centres=[[0], [1], [10], [7]])
    assert named.names == ("sad", "sad", "fear", "fear")
    assert named.votes[1] == {}


def test_the_sample_is_as_large_as_asked_and_drawn_by_seed():
    labels = np.random.default_rng(0).choice(EMOTIONS, 300)
    faces = faces_of(labels, np.arange(300) % 3)
    first, again, differing = (vote(faces, sample=40, seed=seed) for seed in (0, 0, 1))
    assert len(first.drawn) == sum(sum(votes.values()) for votes in first.votes) == 40
    assert first.drawn.tolist() == again.drawn.tolist() != differing.drawn.tolist()
    assert first.drawn.tolist() == draw_sample(labels, NamingSettings(sample=40), 0).tolist()
    assert len(vote(faces, sample=1000).drawn) == 300


def test_labels_that_are_not_drawn_change_nothing():
    labels = np.random.default_rng(0).choice(EMOTIONS, 100)
    first = vote(faces_of(labels, np.arange(100) % 3), sample=10)
    changed = labels.copy()
    changed[np.setdiff1d(np.arange(100), first.drawn)] = "contempt"
    assert vote(faces_of(changed, np.arange(100) % 3), sample=10).names == first.names


@pytest.mark.parametrize("method", ["majority_vote", "labels_per_cluster"])
def test_without_labels_nothing_can_be_named(method):
    with pytest.raises(InputError, match=r"no labelled face in its train split, .*so that no label can vote"):
        name(method, faces_of([], [], distances=np.zeros((0, 3))))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 3)), min_size=1, max_size=40),
       st.permutations(range(4)))
def test_renumbered_clusters_get_the_same_names(faces, numbers):
    rng = np.random.default_rng(len(faces))
    centres, numbers = rng.normal(size=(4, 2)), np.array(numbers)
    labels, clusters = [emotion for emotion, _ in faces], np.array([cluster for _, cluster in faces])
    distances = rng.uniform(size=(len(faces), 4))
    back = np.argsort(numbers)  # the old number of each new one
    first = vote(faces_of(labels, clusters, distances=distances), centres=centres)
    second = vote(faces_of(labels, numbers[clusters], distances=distances[:, back]), centres=centres[back])
    assert [first.names[number] for number in back] == list(second.names)


# Twelve labelled faces in three of four clusters; the third, at 9, has none and stands near the last.
FOUR = ((0.0,), (1.0,), (9.0,), (10.0,))
LABELS, CLUSTERS = ["sad"] * 4 + ["happy"] * 6 + ["fear"] * 2, [0] * 4 + [1] * 6 + [3] * 2


def few(labels=LABELS, clusters=CLUSTERS, **changes):
    return name("labels_per_cluster", faces_of(labels, clusters, 4), centres=FOUR, **changes)


def test_each_cluster_gives_as_many_labels_and_takes_their_name():
    named = few(per_cluster=3)
    assert np.bincount(np.array(CLUSTERS)[named.drawn], minlength=4).tolist() == [3, 3, 0, 2]  # the last has but two
    assert named.drawn.tolist() == sorted(named.drawn.tolist())
    assert named.names == ("sad", "happy", "fear", "fear")


def test_labels_of_a_cluster_are_drawn_evenly_by_seed():
    drawn = [few(per_cluster=1, seed=seed).drawn.tolist() for seed in range(200)]
    assert few(per_cluster=1, seed=5).drawn.tolist() == drawn[5]
    counts = np.bincount(np.concatenate(drawn), minlength=len(LABELS))
    assert counts[4:10].min() > 15  # six faces of one cluster, each drawn about 33 times in 200
    assert counts[4:10].sum() == 200


def test_the_most_frequent_of_the_drawn_labels_decides_and_not_of_the_cluster():
    mixed = ["sad", "sad", "sad", "fear", *LABELS[4:]]
    assert {few(mixed, per_cluster=1, seed=seed).names[0] for seed in range(40)} == {"sad", "fear"}
    assert few(mixed, per_cluster=4).names[0] == "sad"


def test_rare_classes_weigh_more_where_that_is_asked_for():
    # Cluster 0 has two happy faces and one of fear; of the twelve labels ten are happy and two show fear.
    labels, clusters = ["happy", "happy", "fear", "happy", *["happy"] * 6, "fear", "happy"], [0] * 3 + [1] * 7 + [3] * 2
    # With the exponent r happy counts 2 / 11^r and fear 1 / 3^r in cluster 0: fear wins from r = .53 on.
    named = [few(labels, clusters, per_cluster=7, rare_class_exponent=exponent) for exponent in (0.0, 0.5, 0.6, 1.0)]
    assert [by.names[0] for by in named] == ["happy", "happy", "fear", "fear"]
    assert named[-1].votes[0] == {"happy": 2, "fear": 1}


@pytest.mark.parametrize("balanced", [False, True])
def test_every_face_comes_once_in_an_order_that_the_seed_decides(balanced):
    first, again, differing = (label_order(MANY, seed, class_balanced=balanced).tolist() for seed in (3, 3, 4))
    assert sorted(first) == list(range(1200))
    assert first == again != differing


def test_classes_come_alike_often_while_the_rare_ones_last():
    def share_of_fear(n, balanced):
        return np.mean([np.mean(MANY[label_order(MANY, seed, class_balanced=balanced)[:n]] == "fear")
                        for seed in range(200)])

    assert share_of_fear(1, True) == pytest.approx(0.5, abs=0.1)
    assert share_of_fear(40, True) == pytest.approx(0.5, abs=0.04)
    assert share_of_fear(40, False) == pytest.approx(200 / 1200, abs=0.02)
    assert share_of_fear(1200, True) == pytest.approx(200 / 1200)


def test_faces_of_one_class_are_as_likely_as_each_other():
    first = [int(label_order(np.array(["fear"] * 4 + ["happy"] * 40), seed, class_balanced=True)[0])
             for seed in range(800)]
    assert np.bincount(first, minlength=44)[:4].tolist() == pytest.approx([100] * 4, abs=40)


@pytest.mark.parametrize("method", ["majority_vote", "labels_per_cluster"])
def test_both_ways_of_naming_draw_balanced_labels_where_that_is_asked_for(method):
    faces = faces_of(MANY, np.arange(1200) % 2, 2)
    fear = [np.mean(MANY[name(method, faces, centres=[[0], [1]], sample=40, per_cluster=20,
                              class_balanced=balanced).drawn] == "fear") for balanced in (False, True)]
    assert fear[0] < 0.3 < fear[1]


@pytest.mark.parametrize(("changes", "message"), [
    ({"rare_class_exponent": -0.1}, "rare_class_exponent must be from 0 to 1"),
    ({"rare_class_exponent": 1.1}, "rare_class_exponent must be from 0 to 1"),
    ({"method": "majority"}, "no way of naming 'majority': did you mean 'majority_vote'"),
    ({"sample": 0}, "sample must be at least 1")])
def test_settings_that_mean_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        NamingSettings(**changes)


def test_the_oracle_is_no_way_that_a_recipe_could_ask_for():
    assert set(naming_methods()) == {"labels_per_cluster", "hand", "majority_vote", "action_units", "drawn_faces"}
    with pytest.raises(InputError, match="no way of naming 'oracle'"):
        naming_methods.find("oracle")


def test_a_namer_gives_vectors_the_name_of_the_nearest_centre():
    namer = ClusterNamer(["happy", "sad"]).fit([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0]],
                                               {"0": "happy", "1": "sad", "2": "mixed"})
    vectors = np.array([[1, 0], [3, 0], [0, 8]], np.float32)
    assert namer.predict(vectors).tolist() == ["happy", "sad", ""]
    scores = namer.decision_function(vectors)
    np.testing.assert_allclose(scores[:2, 0], [(3 - 1) / 4, (1 - 3) / 4], atol=1e-6)
    assert (scores.argmax(axis=1)[:2] == [0, 1]).all()
    assert (scores[2] < 0).all()  # the nearest centre is of neither class


def test_a_namer_needs_a_name_for_each_cluster():
    with pytest.raises(InputError, match=r"one name for each of 3 clusters; there is no name or no cluster 2"):
        ClusterNamer(["happy"]).fit(np.zeros((3, 2)), ["happy", "happy"])


def hand_document(**changes):
    return {"format": "fecemo.names/1", "approach": "dense_autoencoder", "variant": "rgb", "clustering": CLUSTERING,
            "names": {"0": "happy", "1": "mixed", "2": "Sadness"}, "by": "ann", "when": "2024-01-01T00:00:00Z",
            "faces_viewed": 60, **changes}


def hand(tmp_path, document):
    path = tmp_path / "rgb.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    names = hand_names_of(path, "dense_autoencoder", "rgb")
    require_names_of(names, CLUSTERING, 3, str(path))
    return names


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\r\n"])
def test_a_byte_order_mark_of_an_editor_changes_nothing(tmp_path, mark):
    assert hand(tmp_path, mark + json.dumps(hand_document(), indent=1).replace("\n", "\r\n")).names["0"] == "happy"


def test_names_by_hand_are_read(tmp_path):
    names = hand(tmp_path, hand_document())
    assert names.names == {"0": "happy", "1": "mixed", "2": "sad"}
    assert [names.emotion(cluster) for cluster in range(3)] == ["happy", "", "sad"]
    assert (names.faces_viewed, names.by) == (60, "ann")


@pytest.mark.parametrize(("document", "error", "says"), [
    (hand_document(clustering="d2" * 32), StoredStateError, "d2d2d2d2d2d2….*c1c1c1c1c1c1…"),
    (hand_document(names={"0": "happy", "2": "sad"}), InputError, "1 of 3 clusters have no name: 1"),
    (hand_document(names={"0": "hapy", "1": "sad", "2": "sad"}), InputError, "did you mean 'happy'"),
    (hand_document(names={"0": "sad", "1": "sad", "2": "sad", "3": "sad"}), InputError, "no cluster 3"),
    (hand_document(names={"first": "sad"}), InputError, "'first' is not the number"),
    (hand_document(variant="gray"), InputError, "dense_autoencoder gray, expected dense_autoencoder rgb"),
    (hand_document(format="fecemo.names/9"), InputError, "expected 'fecemo.names/1'"),
    (hand_document(nmaes={}), InputError, "did you mean 'names'"),
    ({"format": "fecemo.names/1", "names": {}}, InputError, "'clustering' is missing"),
    (json.dumps(hand_document())[:120], InputError, "not readable JSON"),
    ("[]", InputError, "expected a mapping"),
    ("", InputError, "not readable JSON"),
])
def test_names_by_hand_that_do_not_fit_are_refused(tmp_path, document, error, says):
    with pytest.raises(error, match=says) as caught:
        hand(tmp_path, document)
    assert "rgb.json" in str(caught.value)


def test_missing_names_say_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"nobody has named the clusters of a rgb yet.*naming\.method: majority_vote"):
        hand_names_of(tmp_path / "rgb.json", "a", "rgb")


def test_a_document_written_is_the_document_read(tmp_path):
    names = HandNames(approach="a", variant="rgb", clustering=CLUSTERING, names={"0": "fear", "1": "not a face"},
                         by="Zoë", faces_viewed=3, notes={"1": "hands, “cut” off"}, samples={"0": {"random": 3}})
    (tmp_path / "names.json").write_text(names.as_json(), encoding="utf-8")
    assert read_hand_names(tmp_path / "names.json") == names
    with pytest.raises(InputError, match=r"the format 'fecemo\.names/1', expected 'fecemo\.named_clusters/1'"):
        read_cluster_names(tmp_path / "names.json")


def test_the_names_in_use_carry_what_they_cost(tmp_path):
    by_hand = HandNames("a", "rgb", CLUSTERING, {"0": "fear"}, by="ann", labels_seen=("p",), faces_viewed=3,
                        seconds={"0": 2.0, "1": 3.5}, scores_seen=({"0": "sad"},))
    names = ClusterNames.by_hand(by_hand, seen_elsewhere=["q"])
    assert (names.method, names.labels_used, names.labels_seen) == ("hand", 2, ("p", "q"))
    assert (names.other_scores_seen, names.target_labels_shown, names.seconds) == (1, True, 5.5)
    (tmp_path / "names.json").write_text(names.as_json(), encoding="utf-8")
    assert read_cluster_names(tmp_path / "names.json") == names
