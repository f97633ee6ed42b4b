"""How clusters get their names: by hand, by vote."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fecemo.clustering.naming_method import NamingEvidence, find_naming_method, naming_methods
from fecemo.data.cluster_names import ClusterNames, read_cluster_names
from fecemo.drawn.emotions import EMOTIONS
from fecemo.errors import InputError, StoredStateError

CLUSTERING = "c1" * 32


def evidence(tmp_path, labels=(), clusters=(), distances=None, centres=((0.0,), (1.0,), (10.0,)), sample=100, seed=0):
    clusters = np.array(clusters, np.int32)
    if distances is None:
        distances = np.ones((len(clusters), len(centres)), np.float32)
    return NamingEvidence(
        approach="dense_autoencoder", variant="rgb", clustering=CLUSTERING, centres=np.array(centres, np.float32),
        hand_names=tmp_path / "rgb.json", labels=np.array(labels, dtype=str), clusters=clusters,
        distances=np.array(distances, np.float32), sample=sample, seed=seed,
    )


def vote(evidence):
    return find_naming_method("vote").run(evidence)


def test_the_majority_names_its_cluster(tmp_path):
    named = vote(evidence(tmp_path, ["sad", "sad", "fear", "happy", "anger"], [0, 0, 0, 1, 2]))
    assert named.names.names == {"0": "sad", "1": "happy", "2": "anger"}
    assert named.names.votes == {"0": {"sad": 2, "fear": 1}, "1": {"happy": 1}, "2": {"anger": 1}}
    assert named.names.labels_used == 5
    assert (named.names.clustering, named.names.method) == (CLUSTERING, "vote")
    assert named.seen.tolist() == [0, 1, 2, 3, 4]


def test_of_equally_frequent_emotions_the_nearer_one_names(tmp_path):
    # In cluster 0 happy stands at a mean distance of 3, fear at 2.
    distances = [[1, 9, 9], [5, 9, 9], [2, 9, 9], [2, 9, 9], [9, 1, 9], [9, 9, 1]]
    labels, clusters = ["happy", "happy", "fear", "fear", "sad", "sad"], [0, 0, 0, 0, 1, 2]
    assert vote(evidence(tmp_path, labels, clusters, distances)).names.names["0"] == "fear"


def test_of_equally_frequent_and_near_emotions_the_first_names(tmp_path):
    labels, clusters = ["contempt", "happy", "anger", "sad", "sad"], [0, 0, 0, 1, 2]
    assert vote(evidence(tmp_path, labels, clusters)).names.names["0"] == "happy"


def test_a_cluster_without_votes_takes_the_name_of_the_nearest_voted_centre(tmp_path):
    # Centre 1 stands at 1, between 0 at 0 and 2 at 10; cluster 3 at 7 is nearer to 2.
    named = vote(evidence(tmp_path, ["sad", "fear"], [0, 2], centres=[[0], [1], [10], [7]]))
    assert named.names.names == {"0": "sad", "1": "sad", "2": "fear", "3": "fear"}
    assert named.names.votes["1"] == {}


def test_the_sample_is_as_large_as_asked_and_drawn_by_seed(tmp_path):
    labels = np.random.default_rng(0).choice(EMOTIONS, 300)
    base = evidence(tmp_path, labels, np.arange(300) % 3, sample=40)
    first, again, other = vote(base), vote(base), vote(replace(base, seed=1))
    assert len(first.seen) == first.names.labels_used == 40
    assert sum(sum(votes.values()) for votes in first.names.votes.values()) == 40
    assert first.seen.tolist() == again.seen.tolist() != other.seen.tolist()
    assert vote(replace(base, sample=1000)).names.labels_used == 300


def test_unseen_labels_change_nothing(tmp_path):
    labels = np.random.default_rng(0).choice(EMOTIONS, 100)
    base = evidence(tmp_path, labels, np.arange(100) % 3, sample=10)
    first = vote(base)
    others = labels.copy()
    others[np.setdiff1d(np.arange(100), first.seen)] = "contempt"
    assert vote(replace(base, labels=others)).names == first.names


def test_without_labels_nobody_can_vote(tmp_path):
    with pytest.raises(InputError, match="no label can vote"):
        vote(evidence(tmp_path))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EMOTIONS), st.integers(0, 3)), min_size=1, max_size=40),
       st.permutations(range(4)))
def test_renumbered_clusters_get_the_same_names(tmp_path_factory, faces, numbers):
    folder = tmp_path_factory.getbasetemp()
    rng = np.random.default_rng(len(faces))
    centres, numbers = rng.normal(size=(4, 2)), np.array(numbers)
    labels, clusters = [emotion for emotion, _ in faces], np.array([cluster for _, cluster in faces])
    distances = rng.uniform(size=(len(faces), 4))
    back = np.argsort(numbers)  # the old number of each new one
    first = vote(evidence(folder, labels, clusters, distances, centres))
    second = vote(evidence(folder, labels, numbers[clusters], distances[:, back], centres[back]))
    assert {str(numbers[int(cluster)]): name for cluster, name in first.names.names.items()} == second.names.names


def hand_document(**changes):
    return {"format": "fecemo.names/1", "approach": "dense_autoencoder", "variant": "rgb", "clustering": CLUSTERING,
            "names": {"0": "happy", "1": "mixed", "2": "Sadness"}, "by": "ann", "when": "2024-01-01T00:00:00Z",
            "looked_at": 60, **changes}


def hand(tmp_path, document):
    (tmp_path / "rgb.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return find_naming_method("hand").run(evidence(tmp_path))


def test_names_by_hand_are_read_and_cost_no_label(tmp_path):
    named = hand(tmp_path, hand_document())
    assert named.names.names == {"0": "happy", "1": "mixed", "2": "sad"}
    assert [named.names.emotion(cluster) for cluster in range(3)] == ["happy", "", "sad"]
    assert (named.names.looked_at, named.names.labels_used, named.names.by, len(named.seen)) == (60, 0, "ann", 0)


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
    with pytest.raises(InputError, match=r"nobody has named the 3 clusters .*naming\.method: vote"):
        find_naming_method("hand").run(evidence(tmp_path))


def test_a_document_written_is_the_document_read(tmp_path):
    names = ClusterNames(approach="a", variant="rgb", clustering=CLUSTERING, names={"0": "fear", "1": "not a face"},
                         by="Zoë", looked_at=3, notes={"1": "hands, “cut” off"}, samples={"0": {"random": 3}})
    (tmp_path / "names.json").write_text(names.as_json(), encoding="utf-8")
    assert read_cluster_names(tmp_path / "names.json") == names


def test_the_oracle_is_no_way_that_a_recipe_could_ask_for():
    assert set(naming_methods()) == {"few", "hand", "vote"}
    with pytest.raises(InputError, match="no way of naming 'oracle'"):
        find_naming_method("oracle")
