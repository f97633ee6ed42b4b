"""A labelling session without any widget: naming, dividing, undoing, resuming, looking, comparing."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fecemo.data.cluster_names import NOT_CLASSES, HandNames, read_hand_names, require_names_of
from fecemo.data.group_keys import group_keys, key_order
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.labelling.groups import RULES, Division, Groups, NamedClustering, sample_faces
from fecemo.labelling.keys import ACTS, acts_of, keys_of_names
from fecemo.labelling.material import SeenLabels
from fecemo.labelling.session import PAUSE_SECONDS, LabellingSession
from fecemo.labelling.summary import compare_raters, suggest, summarise

# Six faces on a line at 0, 1, 2.4 | 4, 5, 6 with centres at 0 and 5.
PLACES = np.array([0, 1, 2.4, 4, 5, 6])
DISTANCES = np.abs(PLACES[:, None] - [0, 5]).astype(np.float32)
CLUSTERS = np.array([0, 0, 0, 1, 1, 1], np.int32)
DIGEST = "ab" * 32


def divide(key, members, seed):
    """Halve a group at the middle of its places; the centres are the halves' means."""
    places = PLACES[members]
    second = places > places.mean()
    centres = [places[~second].mean(), places[second].mean()]
    return Division(second, np.abs(places[:, None] - centres).astype(np.float32), f"{key} {second.tolist()}")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clustering():
    return NamedClustering("dense_autoencoder", "rgb", DIGEST, CLUSTERS, DISTANCES)


@pytest.fixture
def groups(clustering):
    return Groups.of(clustering)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels" / "rgb.json"


@pytest.fixture
def session(clustering, path):
    return LabellingSession(clustering, path, by="ann", divide=divide)


@pytest.mark.parametrize(("rule", "key", "expected"), [
    ("nearest", "0", [0, 1, 2]),
    ("nearest", "1", [4, 3, 5]),       # 3 and 5 are equally near: the first comes first
    ("farthest", "0", [2, 1, 0]),
    ("borderline", "0", [2, 1, 0]),    # 2.4 is 2.6 from the other centre
    ("borderline", "1", [3, 4, 5]),    # margins 4-1, 5-0, 6-1: 4 and 5 are equally clear
])
def test_rules_rank_faces_as_they_say(groups, rule, key, expected):
    assert sample_faces(rule, groups, key, count=10).tolist() == expected


@pytest.mark.parametrize("rule", RULES)
def test_more_never_shows_a_face_twice_and_shows_all(rule):
    groups = Groups(("0", "1"), np.repeat([0, 1], [23, 4]), np.random.default_rng(0).uniform(size=(27, 2)))
    pages = [sample_faces(rule, groups, "0", count=10, start=start) for start in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 3, 0]
    assert sorted(np.concatenate(pages).tolist()) == list(range(23))


def test_random_samples_are_by_seed():
    groups = Groups(("0", "1"), np.zeros(50, np.int32), np.ones((50, 2)))
    first, again, far = (sample_faces("random", groups, "0", count=50, seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != far.tolist()
    with pytest.raises(InputError, match="did you mean 'nearest'"):
        sample_faces("nearst", groups, "0", count=5)
    with pytest.raises(InputError, match="no cluster '2'"):
        sample_faces("random", groups, "2", count=5)


def test_margins_and_neighbours_by_hand(groups):
    # (b - a) / b: 1, 3/4, .2/2.6 | 3/4, 1, 5/6.
    assert groups.face_margins == pytest.approx([1, 0.75, 0.2 / 2.6, 0.75, 1, 5 / 6], abs=1e-6)
    assert groups.margins == pytest.approx({"0": (1.75 + 0.2 / 2.6) / 3, "1": (1.75 + 5 / 6) / 3}, abs=1e-6)
    assert (groups.sizes, groups.doubtful, groups.nearest("0")) == ({"0": 3, "1": 3}, [], ["1"])


def test_a_group_with_half_the_usual_margin_is_doubtful():
    near, far = np.array([1.0, 1, 1, 1]), np.array([5.0, 5, 5, 1.1])
    distances = np.full((4, 4), 9.0)
    distances[np.arange(4), np.arange(4)] = near
    distances[np.arange(4), (np.arange(4) + 1) % 4] = far
    groups = Groups(("0", "1", "2", "3"), np.arange(4), distances)
    assert groups.doubtful == ["3"]
    assert groups.nearest("3", 1) == ["0"]


def test_groups_are_numbered_in_order():
    assert group_keys(3, {"1", "1b"}) == ["0", "1a", "1ba", "1bb", "2"]
    assert sorted(["10", "2b", "2", "2a", "1"], key=key_order) == ["1", "2", "2a", "2b", "10"]


def test_a_divided_group_is_two_and_leaves_the_others_as_they_were(groups):
    divided = groups.divided("0", divide("0", groups.members("0"), 0))
    assert divided.keys == ("0a", "0b", "1")
    assert divided.of_face.tolist() == [0, 0, 1, 2, 2, 2]
    assert divided.distances[:, 2].tolist() == DISTANCES[:, 1].tolist()
    assert divided.distances[:3, :2] == pytest.approx(np.abs(PLACES[:3, None] - [0.5, 2.4]), abs=1e-6)
    assert (divided.distances[3:, 0] == DISTANCES[3:, 0]).all()  # of other faces the whole cluster's distance is known


def test_every_act_is_on_disk_at_once_and_the_stage_accepts_the_file(session, path):
    session.name("0", name="happiness")
    assert read_hand_names(path).names == {"0": "happy"}
    session.name("1", name="skip")
    stored = read_hand_names(path)
    assert (stored.names, stored.by, stored.clustering) == ({"0": "happy", "1": "skip"}, "ann", DIGEST)
    assert stored.when.endswith("Z")
    require_names_of(stored, DIGEST, 2, str(path))


def test_undo_and_redo_walk_through_the_decisions(session, path):
    assert not session.undo()
    session.name("0", name="happy")
    session.note("0", "  wide smiles ")
    session.name("0", name="sad")
    session.name("0", name="sad")  # no decision: nothing to undo
    assert session.undo()
    assert (session.names, session.stored.notes) == ({"0": "happy"}, {"0": "wide smiles"})
    assert session.undo()
    assert session.undo()
    assert (session.names, session.stored.notes) == ({}, {})
    assert read_hand_names(path).names == {}
    assert session.redo()
    assert session.names == {"0": "happy"}
    session.name("1", name="fear")
    assert not session.redo()  # a new decision forgets what was taken back
    assert session.names == {"0": "happy", "1": "fear"}


def test_dividing_and_joining_are_decisions_that_can_be_undone(session, path):
    session.name("0", name="happy")
    assert session.divide("0") == ("0a", "0b")
    assert session.groups.keys == ("0a", "0b", "1")
    assert session.names == {}  # the whole's name is nobody's now
    session.name("0a", name="sad")
    session.name("0b", name="fear")
    session.name("1", name="anger")
    stored = read_hand_names(path)
    require_names_of(stored, DIGEST, 2, str(path))
    with pytest.raises(InputError, match="there is no cluster '0'"):
        session.name("0", name="sad")
    assert session.join("0b") == "0"
    assert (session.groups.keys, session.names) == (("0", "1"), {"1": "anger"})
    assert session.undo()
    assert session.names == {"0a": "sad", "0b": "fear", "1": "anger"}
    for _ in range(4):
        session.undo()
    assert (session.groups.keys, session.names) == (("0", "1"), {"0": "happy"})
    with pytest.raises(InputError, match="cluster 1 is whole"):
        session.join("1")


def test_halves_are_divided_again_and_joined_with_all_below_them(session):
    session.divide("0")
    session.divide("0a")
    assert session.groups.keys == ("0aa", "0ab", "0b", "1")
    session.name("0ab", name="sad")
    assert session.join("0b") == "0"
    assert (session.groups.keys, session.names, session.stored.divided) == (("0", "1"), {}, {})


def test_a_division_is_found_again_or_refused(session, clustering, path):
    session.divide("0")
    session.look("0a", "nearest", 1)
    session.name("0a", name="sad")
    resumed = LabellingSession(clustering, path, by="ann", divide=divide)
    assert (resumed.groups.keys, resumed.names, resumed.stored.faces_viewed) == (("0a", "0b", "1"), {"0a": "sad"}, 1)
    resumed.look("0a", "farthest", 2)  # the same face and one more
    assert resumed.stored.faces_viewed == 2

    def far(key, members, seed):
        return Division(np.array([False, True, True]), np.zeros((3, 2)), "other halves")

    with pytest.raises(StoredStateError, match="cluster 0 divides into other halves"):
        LabellingSession(clustering, path, by="ann", divide=far)
    with pytest.raises(InputError, match="cluster 0 cannot be divided here"):
        LabellingSession(clustering, path, by="ann")


def test_names_beyond_the_classes_are_known_or_added_and_counted_as_the_file_says(session, path):
    session.name("0", name="upset/sad")
    with pytest.raises(InputError, match="can be named 'sad; tird': 'tird' is unknown"):
        session.name("1", name="sad; tird")
    session.name("1", name="tired; anger", new=True)
    assert session.names == {"0": "sad", "1": "tired; anger"}
    assert session.choices == (*EMOTIONS, "upset", "tired")
    stored = read_hand_names(path)
    assert (stored.vocabulary.above("sad"), stored.emotion("0"), stored.emotion("1")) == (("upset",), "sad", "anger")
    assert stored.labels == (*EMOTIONS, "tired; anger")
    require_names_of(stored, DIGEST, 2, "names")
    session.name("1", name="tired")
    assert summarise(session).uncounted == ("tired",)
    assert "tired: counts as none of the classes" in " ".join(summarise(session).sentences())
    for _ in range(3):
        session.undo()
    assert (session.names, session.choices) == ({}, EMOTIONS)


def test_a_house_s_vocabulary_beside_the_names_is_known_and_holds(clustering, tmp_path):
    path = tmp_path / "labels" / "row" / "rgb.json"
    path.parent.mkdir(parents=True)
    (tmp_path / "labels" / "vocabulary.csv").write_text("name,under,counts_as\ncross,upset,anger\n")
    session = LabellingSession(clustering, path, by="ann")
    session.name("0", name="cross")
    assert (read_hand_names(path).emotion("0"), session.choices[-2:]) == ("anger", ("upset", "cross"))
    (tmp_path / "labels" / "vocabulary.csv").write_text("name,counts_as\ncross,disgust\n")
    assert read_hand_names(path).emotion("0") == "disgust"
    (tmp_path / "labels" / "vocabulary.csv").unlink()
    assert read_hand_names(path).emotion("0") == "anger"  # the file of names tells what its names meant


def test_single_faces_leave_their_groups_and_come_back(clustering, path):
    session = LabellingSession(clustering, path, by="ann", ids=[f"f{at}" for at in range(6)])
    session.name("0", name="not a face")
    session.move("f0", "f4", name="sad")
    session.move("f5", name="not a face")
    assert read_hand_names(path).faces == {"f0": "sad", "f4": "sad", "f5": "not a face"}
    assert session.names == {"0": "not a face"}
    summary = summarise(session)
    assert (summary.moved, summary.set_aside) == (3, 3)  # of the first three but f0, and f5
    session.move_back("f4", "f5")
    assert session.stored.faces == {"f0": "sad"}
    session.undo()
    assert list(session.stored.faces) == ["f0", "f4", "f5"]
    with pytest.raises(InputError, match="Known"):
        session.move("f1", name="gled")


def test_the_summary_counts_clusters_covered_faces_and_doubts(session):
    assert session.next_unnamed() == "0"
    session.name("0", name="mixed")
    summary = summarise(session)
    assert (summary.named, summary.groups, summary.covered, summary.faces) == (1, 2, 0, 6)
    assert not summary.complete
    assert session.next_unnamed() == "1"
    session.name("1", name="anger")
    assert session.doubt("1")
    summary = summarise(session)
    assert (summary.covered, summary.doubtful, session.next_unnamed()) == (3, {"1": "unsure"}, None)
    assert summary.complete
    assert set(summary.absent) == set(EMOTIONS) - {"anger"}
    assert "50% of 6 faces" in summary.sentences()[0]
    assert not session.doubt("1")
    assert summarise(session).doubtful == {}


def test_time_is_counted_on_the_group_in_hand_and_pauses_are_not(clustering, path):
    clock = Clock()
    session = LabellingSession(clustering, path, by="ann", clock=clock)
    session.begin("0")
    clock.now += 4
    session.look("0")
    clock.now += 3
    session.name("0", name="happy")
    session.begin("1")
    clock.now += 9 * PAUSE_SECONDS  # lunch
    session.name("1", name="sad")
    assert session.stored.seconds == {"0": 7, "1": PAUSE_SECONDS}
    resumed = LabellingSession(clustering, path, by="ann", clock=clock)
    resumed.begin("0")
    clock.now += 2
    resumed.begin("1")
    assert read_hand_names(path).seconds["0"] == 9
    assert summarise(resumed).seconds_a_group == (9 + PAUSE_SECONDS) / 2


def test_time_of_labelling_single_faces_is_counted_apart_from_that_of_their_group(clustering, path):
    clock = Clock()
    session = LabellingSession(clustering, path, by="ann", ids=list("abcdef"), clock=clock)
    session.begin("0")
    clock.now += 5
    session.look("0")
    clock.now += 6
    session.move("a", "b", name="happy")
    clock.now += 1
    session.note("0", "a laugh")
    clock.now += 3
    session.name("0", name="sad")
    assert (session.stored.seconds_on_groups, session.stored.seconds_on_faces) == (9, 6)
    assert session.stored.seconds["0"] == 9
    assert summarise(session).seconds_a_group == 9
    assert any("2 single faces labelled in 6 s, 3.0 s a face" in line for line in summarise(session).sentences())


def test_merging_gives_the_name_of_the_other(session):
    with pytest.raises(InputError, match="cluster 1 has no name yet"):
        session.merge(["0"], into="1")
    session.name("1", name="fear")
    session.merge(["0"], into="1")
    assert session.names == {"0": "fear", "1": "fear"}
    assert session.undo()
    assert session.names == {"1": "fear"}


def test_a_session_resumes_with_what_was_named_and_seen(clustering, path):
    session = LabellingSession(clustering, path, by="ann", seed=7)
    seen = session.look("0", "random", count=2).tolist()
    session.look("1", "nearest", count=1)
    session.name("0", name="happy")
    resumed = LabellingSession(clustering, path, by="ann", seed=8)
    assert (resumed.names, resumed.stored.faces_viewed) == ({"0": "happy"}, 3)
    rest = resumed.look("0", "random", count=2).tolist()
    assert sorted(seen + rest) == [0, 1, 2]  # the seed of the beginning goes on: no face twice
    assert resumed.stored.faces_viewed == 4
    resumed.look("0", "farthest", count=3)  # by another rule the same three faces: nothing new was seen
    assert resumed.stored.faces_viewed == 4
    assert read_hand_names(path).samples == {"0": {"random": 3, "farthest": 3}, "1": {"nearest": 1}}
    assert len(resumed.look("0", "random", count=2)) == 0


def test_faces_seen_twice_or_on_the_map_count_once_also_in_the_next_session(session, clustering, path):
    session.look_on_map([0, 1])
    session.look("0", "nearest", 1)  # face 0 again
    session.divide("0")
    session.look("0b", "nearest", 1)
    session.join("0b")
    assert session.stored.faces_viewed == 3
    resumed = LabellingSession(clustering, path, by="ann", divide=divide)
    resumed.look_on_map([0, 1, 2])
    resumed.look("0", "random", 3)
    assert (resumed.stored.faces_viewed, resumed.stored.on_map) == (3, (0, 1))
    resumed.look("1", "random", 3)
    assert resumed.stored.faces_viewed == 6


def test_target_faces_seen_on_the_map_count_by_their_ids_and_once(session, clustering, path):
    session.look_on_map([0], ["t2", "t1"])
    session.look_on_map([], ["t1"])
    assert read_hand_names(path).targets_on_map == ("t1", "t2")
    resumed = LabellingSession(clustering, path, by="ann", divide=divide)
    resumed.look_on_map([1], ["t2", "t3"])
    stored = read_hand_names(path)
    assert (stored.faces_viewed, stored.on_map, stored.targets_on_map) == (5, (0, 1), ("t1", "t2", "t3"))


def test_looking_survives_undo_and_breaches_of_blindness_are_recorded_with_their_labels(session, path):
    session.name("0", name="happy")
    session.look("0", count=3)
    session.undo()
    session.record_suggestion(["b", "a"])
    session.record_labels_shown(["a", "c"])
    stored = read_hand_names(path)
    assert (stored.names, stored.faces_viewed, stored.suggestions_used, stored.target_labels_shown) == ({}, 3, 1, True)
    assert stored.labels_seen == ("a", "b", "c")


def test_a_suggestion_is_the_vote_of_the_sampled_faces_of_the_stored_cluster(groups):
    sample = SeenLabels(np.array([0, 1, 2, 4]), ("p", "q", "r", "s"), np.array(["sad", "fear", "fear", "sad"]))
    target_clusters = np.array([0, 0, 0, 1, 1])
    assert suggest("0", groups, target_clusters, sample, EMOTIONS) == ("fear", {"fear": 2, "sad": 1})
    assert suggest("1", groups, target_clusters, sample, EMOTIONS) == ("sad", {"sad": 1})
    assert suggest("1", groups, np.zeros(5, int), sample, EMOTIONS) == ("", {})


def test_what_is_not_this_session_is_refused_and_left_alone(session, clustering, path):
    session.name("0", name="happy")
    before = path.read_bytes()
    far = NamedClustering("dense_autoencoder", "rgb", "cd" * 32, CLUSTERS, DISTANCES)
    with pytest.raises(StoredStateError, match=r"abababababab….*cdcdcdcdcdcd…"):
        LabellingSession(far, path, by="ann")
    with pytest.raises(InputError, match="dense_autoencoder rgb, expected dense_autoencoder gray"):
        LabellingSession(NamedClustering("dense_autoencoder", "gray", DIGEST, CLUSTERS, DISTANCES), path, by="ann")
    with pytest.raises(InputError, match="'ann', not of 'bob'"):
        LabellingSession(clustering, path, by="bob")
    with pytest.raises(InputError, match="Say who names"):
        LabellingSession(clustering, path, by=" ")
    with pytest.raises(InputError, match="did you mean 'happy'"):
        session.name("0", name="hapy")
    with pytest.raises(InputError, match="there is no cluster '2'"):
        session.name("2", name="happy")
    assert path.read_bytes() == before


@pytest.mark.parametrize(("change", "says"), [
    (lambda text: text[:80], "not readable JSON"),
    (lambda text: text.replace('"happy"', '"hapy"'), "cluster 0 is named 'hapy': did you mean 'happy'"),
    (lambda text: text.replace('"0"', '"first"'), "'first' is not the number"),
    (lambda text: text.replace("fecemo.names/1", "fecemo.named_clusters/1"), "expected 'fecemo.names/1'"),
])
def test_a_file_that_is_no_such_file_is_named(session, clustering, path, change, says):
    session.name("0", name="happy")
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=says) as caught:
        LabellingSession(clustering, path, by="ann")
    assert "rgb.json" in str(caught.value)


def test_a_template_with_its_names_still_to_give_is_a_beginning(clustering, path):
    path.parent.mkdir()
    path.write_text(HandNames("dense_autoencoder", "rgb", DIGEST, {"0": "", "1": ""}).as_json())
    session = LabellingSession(clustering, path, by="ann")
    assert session.names == {}
    with pytest.raises(InputError, match="2 of 2 clusters have no name: 0, 1"):
        require_names_of(session.stored, DIGEST, 2, str(path))


def test_two_sessions_do_not_overwrite_each_other(session, clustering, path):
    session.name("0", name="happy")
    far = LabellingSession(clustering, path, by="ann")
    far.name("1", name="sad")
    with pytest.raises(StoredStateError, match="changed by someone else"):
        session.name("0", name="fear")
    assert session.names == {"0": "happy"}
    assert read_hand_names(path).names == {"0": "happy", "1": "sad"}


def test_a_refusing_disk_leaves_the_session_where_the_file_is(session, path, monkeypatch):
    session.name("0", name="happy")

    def refuse(*_):
        raise ResourceError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("fecemo.labelling.names_file.atomic_write", refuse)
        with pytest.raises(ResourceError):
            session.name("1", name="sad")
        with pytest.raises(ResourceError):
            session.undo()
        with pytest.raises(ResourceError):
            session.divide("0")
    assert (session.names, session.groups.keys) == ({"0": "happy"}, ("0", "1"))
    assert json.loads(path.read_text())["names"] == {"0": "happy"}
    assert session.undo()
    assert session.names == {}


def test_a_file_of_before_is_read_and_its_scores_were_not_seen(session, path):
    session.name("0", name="happy")
    document = json.loads(path.read_text())
    del document["scores_seen"]
    path.write_text(json.dumps(document))
    assert read_hand_names(path) == session.stored


def test_other_names_that_were_scored_are_counted_once_each(session, path):
    session.name("0", name="happy")
    session.record_score_seen(session.names)
    session.record_score_seen(session.names)
    assert (session.stored.scores_seen, session.stored.other_scores_seen) == (({"0": "happy"},), 0)
    session.name("0", name="sad")
    assert read_hand_names(path).other_scores_seen == 1
    session.undo()  # back before the other was scored: nothing was chosen
    assert session.stored.other_scores_seen == 0
    session.redo()
    session.record_score_seen(session.names)
    session.undo()
    assert read_hand_names(path).other_scores_seen == 1
    assert "not blind" in summarise(session).sentences()[-1]


def test_every_name_and_rule_has_one_key():
    assert set(keys_of_names(EMOTIONS)) == {*EMOTIONS, *NOT_CLASSES}
    assert {act.argument for act in ACTS.values() if act.method == "rule"} == set(RULES)


@pytest.mark.parametrize("n_classes", [3, 8, 20])
def test_any_number_of_classes_has_keys_of_its_own(n_classes):
    classes = tuple(f"class {number}" for number in range(n_classes))
    keys = keys_of_names(classes)
    assert [keys[name] for name in classes[:3]] == ["1", "2", "3"]
    assert len(set(keys.values())) == n_classes + len(NOT_CLASSES)
    acts = acts_of(classes)
    assert len(acts) == len(ACTS) + n_classes + len(NOT_CLASSES)  # no name takes the key of an act
    assert {acts[key].argument for key in keys.values()} == {*classes, *NOT_CLASSES}


def test_clusters_take_the_classes_of_the_data_set(clustering, path):
    session = LabellingSession(clustering, path, "ann", classes=("pout", "wink"))
    session.name("0", name="Wink")
    assert session.names == {"0": "wink"}
    with pytest.raises(InputError, match="no cluster can be named 'happy'"):
        session.name("1", name="happy")
    assert read_hand_names(path).emotion("0") == "wink"


def named(by, names, clustering=DIGEST):
    return HandNames("dense_autoencoder", "rgb", clustering, {str(key): name for key, name in names.items()}, by=by)


def test_agreement_of_two_raters_by_hand():
    result = compare_raters(named("ann", {0: "happy", 1: "sad", 2: "sad", 3: "mixed", 9: "fear"}),
                           named("bob", {0: "happy", 1: "sad", 2: "fear", 3: "mixed", 8: "fear"}))
    # Chance: happy 1·1, sad 2·1, fear 0·1, mixed 1·1, together 4 of 16; kappa = (3/4 - 1/4) / (3/4).
    assert (result.both, result.share, result.kappa) == (4, 0.75, pytest.approx(2 / 3))
    assert result.differing == {"2": ("sad", "fear")}


def test_a_whole_clusters_name_is_compared_with_both_of_its_halves():
    ann = named("ann", {0: "happy", 1: "sad", 12: "fear"})
    bob = named("bob", {0: "happy", "1a": "sad", "1ba": "mixed", "1bb": "sad", 12: "fear"})
    result = compare_raters(ann, bob)
    assert (result.both, result.share, result.differing) == (5, 0.8, {"1ba": ("sad", "mixed")})
    assert compare_raters(bob, ann).differing == {"1ba": ("mixed", "sad")}
    # Halves that are others for each say nothing of one another.
    ann, bob = (replace(named(who, {0: "happy", "1a": "sad", "1b": "fear"}), divided={"1": digest})
                for who, digest in (("ann", "x"), ("bob", "y")))
    assert compare_raters(ann, bob).both == 1


def test_agreement_where_kappa_means_nothing():
    same = compare_raters(named("ann", {0: "sad", 1: "sad"}), named("bob", {0: "sad", 1: "sad"}))
    assert (same.share, same.kappa) == (1, None)
    assert compare_raters(named("ann", {0: "sad"}), named("bob", {1: "sad"})).share is None
    with pytest.raises(StoredStateError, match="'ann' and of 'bob'"):
        compare_raters(named("ann", {}), named("bob", {}, "cd" * 32))
