"""A labelling session without any widget: naming, undoing, resuming, looking, comparing."""

import json

import numpy as np
import pytest

from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.labelling.agreement import compare_raters
from fecemo.labelling.samples import RULES, sample_faces
from fecemo.labelling.session import LabellingProgress, LabellingSession, NamedClustering
from fecemo.manifests.cluster_names import ClusterNames, read_cluster_names, require_names_of

# Six faces on a line at 0, 1, 2.4 | 4, 5, 6 with centres at 0 and 5.
PLACES = np.array([0, 1, 2.4, 4, 5, 6])
DISTANCES = np.abs(PLACES[:, None] - [0, 5]).astype(np.float32)
CLUSTERS = np.array([0, 0, 0, 1, 1, 1], np.int32)
DIGEST = "ab" * 32


@pytest.fixture
def clustering():
    return NamedClustering("dense_autoencoder", "rgb", DIGEST, CLUSTERS, DISTANCES)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels" / "rgb.json"


@pytest.mark.parametrize(("rule", "cluster", "expected"), [
    ("nearest", 0, [0, 1, 2]),
    ("nearest", 1, [4, 3, 5]),       # 3 and 5 are equally near: the first comes first
    ("farthest", 0, [2, 1, 0]),
    ("borderline", 0, [2, 1, 0]),    # 2.4 is 2.6 from the other centre
    ("borderline", 1, [3, 4, 5]),    # margins 4-1, 5-0, 6-1: 4 and 5 are equally clear
])
def test_rules_rank_faces_as_they_say(rule, cluster, expected):
    assert sample_faces(rule, cluster, CLUSTERS, DISTANCES, count=10).tolist() == expected


@pytest.mark.parametrize("rule", RULES)
def test_more_never_shows_a_face_twice_and_shows_all(rule):
    clusters, distances = np.zeros(23, np.int32), np.random.default_rng(0).uniform(size=(23, 3))
    pages = [sample_faces(rule, 0, clusters, distances, count=10, start=start) for start in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 3, 0]
    assert sorted(np.concatenate(pages).tolist()) == list(range(23))


def test_random_samples_are_by_seed():
    clusters, distances = np.zeros(50, np.int32), np.ones((50, 2))
    first, again, other = (sample_faces("random", 0, clusters, distances, count=50, seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
    with pytest.raises(InputError, match="did you mean 'nearest'"):
        sample_faces("nearst", 0, clusters, distances, count=5)
    with pytest.raises(InputError, match="no cluster 2"):
        sample_faces("random", 2, clusters, distances, count=5)


def test_every_act_is_on_disk_at_once_and_the_stage_accepts_the_file(clustering, path):
    session = LabellingSession(clustering, path, by="ann")
    session.name(0, name="happiness")
    assert read_cluster_names(path).names == {"0": "happy"}
    session.skip(1)
    stored = read_cluster_names(path)
    assert (stored.names, stored.by, stored.clustering) == ({"0": "happy", "1": "skip"}, "ann", DIGEST)
    assert stored.when.endswith("Z")
    require_names_of(stored, DIGEST, 2, str(path))


def test_undo_and_redo_walk_through_the_decisions(clustering, path):
    session = LabellingSession(clustering, path, by="ann")
    assert not session.undo()
    session.name(0, name="happy")
    session.note(0, "  wide smiles ")
    session.name(0, name="sad")
    session.name(0, name="sad")  # no decision: nothing to undo
    assert session.undo()
    assert (session.names, session.notes) == ({0: "happy"}, {0: "wide smiles"})
    assert session.undo()
    assert session.undo()
    assert (session.names, session.notes) == ({}, {})
    assert read_cluster_names(path).names == {}
    assert session.redo()
    assert session.names == {0: "happy"}
    session.name(1, name="fear")
    assert not session.redo()  # a new decision forgets what was taken back
    assert session.names == {0: "happy", 1: "fear"}


def test_progress_counts_clusters_and_covered_faces(clustering, path):
    session = LabellingSession(clustering, path, by="ann")
    assert session.next_unnamed() == 0
    session.name(0, name="mixed")
    assert session.progress() == LabellingProgress(named=1, clusters=2, covered=0, faces=6)
    assert session.next_unnamed() == 1
    session.name(1, name="anger")
    assert session.progress() == LabellingProgress(named=2, clusters=2, covered=3, faces=6)
    assert session.next_unnamed() is None


def test_merging_gives_the_name_of_the_other(clustering, path):
    session = LabellingSession(clustering, path, by="ann")
    with pytest.raises(InputError, match="cluster 1 has no name yet"):
        session.merge([0], into=1)
    session.name(1, name="fear")
    session.merge([0], into=1)
    assert session.names == {0: "fear", 1: "fear"}
    assert session.undo()
    assert session.names == {1: "fear"}


def test_a_session_resumes_with_what_was_named_and_seen(clustering, path):
    session = LabellingSession(clustering, path, by="ann", seed=7)
    seen = session.look(0, "random", count=2).tolist()
    session.look(1, "nearest", count=1)
    session.name(0, name="happy")
    resumed = LabellingSession(clustering, path, by="ann", seed=8)
    assert (resumed.names, resumed.looked_at) == ({0: "happy"}, 3)
    rest = resumed.look(0, "random", count=2).tolist()
    assert sorted(seen + rest) == [0, 1, 2]  # the seed of the beginning goes on: no face twice
    assert resumed.looked_at == 4
    resumed.look(0, "farthest", count=3)  # by another rule the same three faces: nothing new was seen
    assert resumed.looked_at == 4
    assert read_cluster_names(path).samples == {"0": {"random": 3, "farthest": 3}, "1": {"nearest": 1}}
    assert len(resumed.look(0, "random", count=2)) == 0


def test_looking_survives_undo_and_breaches_of_blindness_are_recorded(clustering, path):
    session = LabellingSession(clustering, path, by="ann")
    session.name(0, name="happy")
    session.look(0, count=3)
    session.undo()
    session.record_suggestion()
    session.record_labels_shown()
    stored = read_cluster_names(path)
    assert (stored.names, stored.looked_at, stored.suggestions_used, stored.target_labels_shown) == ({}, 3, 1, True)


def test_what_is_not_this_session_is_refused_and_left_alone(clustering, path):
    LabellingSession(clustering, path, by="ann").name(0, name="happy")
    before = path.read_bytes()
    other = NamedClustering("dense_autoencoder", "rgb", "cd" * 32, CLUSTERS, DISTANCES)
    with pytest.raises(StoredStateError, match=r"abababababab….*cdcdcdcdcdcd…"):
        LabellingSession(other, path, by="ann")
    with pytest.raises(InputError, match="'ann', not of 'bob'"):
        LabellingSession(clustering, path, by="bob")
    session = LabellingSession(clustering, path, by="ann")
    with pytest.raises(InputError, match="did you mean 'happy'"):
        session.name(0, name="hapy")
    with pytest.raises(InputError, match="no cluster 2; there are 0 to 1"):
        session.name(2, name="happy")
    assert path.read_bytes() == before


def test_a_refusing_disk_leaves_the_session_where_the_file_is(clustering, path, monkeypatch):
    session = LabellingSession(clustering, path, by="ann")
    session.name(0, name="happy")

    def refuse(*_):
        raise ResourceError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("fecemo.labelling.session.atomic_write", refuse)
        with pytest.raises(ResourceError):
            session.name(1, name="sad")
        with pytest.raises(ResourceError):
            session.undo()
    assert session.names == {0: "happy"}
    assert json.loads(path.read_text())["names"] == {"0": "happy"}
    assert session.undo()
    assert session.names == {}


def named(by, names, clustering=DIGEST):
    return ClusterNames("dense_autoencoder", "rgb", clustering, {str(key): name for key, name in names.items()}, by=by)


def test_agreement_of_two_raters_by_hand():
    found = compare_raters(named("ann", {0: "happy", 1: "sad", 2: "sad", 3: "mixed", 9: "fear"}),
                           named("bob", {0: "happy", 1: "sad", 2: "fear", 3: "mixed", 8: "fear"}))
    # Chance: happy 1·1, sad 2·1, fear 0·1, mixed 1·1, together 4 of 16; kappa = (3/4 - 1/4) / (3/4).
    assert (found.both, found.share, found.kappa) == (4, 0.75, pytest.approx(2 / 3))
    assert found.differing == {2: ("sad", "fear")}


def test_agreement_where_kappa_means_nothing():
    same = compare_raters(named("ann", {0: "sad", 1: "sad"}), named("bob", {0: "sad", 1: "sad"}))
    assert (same.share, same.kappa) == (1, None)
    assert compare_raters(named("ann", {0: "sad"}), named("bob", {1: "sad"})).share is None
    with pytest.raises(StoredStateError, match="'ann' and of 'bob'"):
        compare_raters(named("ann", {}), named("bob", {}, "cd" * 32))
