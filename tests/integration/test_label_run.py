"""A run opened for naming, a session worked through, and the names as the label and evaluate stages use them."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.cluster_names import read_cluster_names
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import read_receipt
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import FecemoError, InputError, ResourceError, StoredStateError
from fecemo.evaluation.records.score import SCORE
from fecemo.naming_board import label_and_score
from fecemo.stages import cluster, label
from fecemo.stages.label_run import LabelRun
from tests.integration.measured_faces import measure_again
from tests.integration.run_to_name import (
    APPROACH,
    N_SOURCE,
    N_TARGET,
    VARIANT,
    RunToName,
    emotion_of_group,
    name_all,
    open_session,
    score_of,
)

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("eight")).make()


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("four")).make(n_clusters=4, with_map=False)


@pytest.fixture
def named(tmp_path, eight):
    return eight.copy_to(tmp_path)


@pytest.fixture
def paired(tmp_path, four):
    return four.copy_to(tmp_path)


def test_a_picker_says_what_is_ready_named_and_still_to_train(named):
    run = LabelRun(named.layout.run, named.recipe, label_and_score)
    ready, training = run.cells()  # the supervised rows have no clusters
    assert (ready.variant, ready.waits_for, ready.named, ready.groups) == ("rgb", "", 0, 8)
    assert (training.variant, training.waits_for) == ("gray", "train")
    with pytest.raises(StoredStateError, match="'train' has not finished"):
        run.open(APPROACH, "gray", "ann")
    with pytest.raises(InputError, match="predicts by its own classifier"):
        run.open("supervised", VARIANT, "ann")
    named.write_names(names={"0": "sad", "1": "happy"})
    assert run.cells()[0].line.endswith("RGB: 2 of 8 named by ann")
    named.write_names(clustering="0" * 64)
    assert "another clustering" in run.cells()[0].trouble
    named.names_path.write_text(named.names_path.read_text()[:90])
    assert "not readable JSON" in run.cells()[0].trouble
    with pytest.raises(StoredStateError, match="there is no such run"):
        LabelRun(named.layout.run / "nowhere", named.recipe, label_and_score)


def test_faces_are_those_of_the_dataset_in_the_order_asked_for(named):
    opened, _ = open_session(named)
    source, target = Dataset(named.layout.dataset("source")), Dataset(named.layout.dataset("target"))
    assert (opened.faces(np.array([7, 2, 7])) == source.faces[[7, 2, 7]]).all()
    assert (opened.target_faces(np.array([3])) == target.faces[[3]]).all()
    assert (opened.map.source.shape, opened.map.target.shape) == ((N_SOURCE, 2), (40, 2))
    assert opened.map.source_at.tolist() == list(range(N_SOURCE))
    brightness = opened.known["brightness"](np.array([50, 3]))
    assert brightness[0] > brightness[1]


def test_a_map_that_is_missing_or_of_other_embeddings_is_not_shown(paired):
    run = paired
    opened = open_session(run)[0]
    assert (opened.map, opened.without_map) == (None, "There is no map of this cell yet")


def test_absent_landmark_features_suggest_nothing_and_damaged_ones_are_an_error_that_says_what_to_run(named):
    assert open_session(named)[0].suggested == {}
    model = named.layout.run / "stand_in.task"
    model.write_text("no model is asked")
    measure_again(named.layout, "source", model)
    suggested = open_session(named)[0].suggested
    assert sorted(suggested) == [str(cluster) for cluster in range(8)]
    assert set(suggested.values()) <= set(EMOTIONS)
    column = named.layout.column("source", "landmark_features")
    os.truncate(column / "landmark_features.npy", 200)
    with pytest.raises(StoredStateError, match=r"landmark_features\.npy has 200 bytes.*run the landmarks stage again"):
        open_session(named)
    (column / "receipt.json").write_text("{")
    with pytest.raises(StoredStateError, match=r"receipt\.json is not a receipt"):
        open_session(named)


def test_names_given_in_a_session_are_what_the_pipeline_scores(named):
    _, session = open_session(named)
    session.begin("0")
    session.look("0", "random", 5)
    name_all(session)
    row = LabelRun(named.layout.run, named.recipe, label_and_score).finish(APPROACH, VARIANT)
    score = SCORE.read(named.layout.score(APPROACH, VARIANT))
    assert (score.accuracy, score.method, score.n_scored) == (1, "hand", N_TARGET)
    assert (score.labels_used.total, score.labels_used.faces_viewed) == (0, 5)
    assert "by hand" in row
    assert "1.000" in row
    summary = read_receipt(named.layout.names(APPROACH, VARIANT)).summary
    stored = session.stored
    assert (summary["by"], summary["when"], summary["faces_viewed"]) == ("ann", stored.when, 5)
    assert (summary["suggestions_used"], summary["target_labels_shown"], summary["labels_used"]) == (0, False, 0)
    in_use = read_cluster_names(named.layout.names(APPROACH, VARIANT) / "names.json")
    assert (in_use.names, in_use.by, in_use.method) == (stored.names, "ann", "hand")


def test_a_set_is_scored_by_what_names_count_as_and_never_by_single_faces(named):
    _, session = open_session(named)
    name_all(session)
    plain = score_of(named)
    keys = {name: key for key, name in session.names.items()}
    session.name(keys["sad"], name="upset/sad; tired", new=True)
    session.name(keys["anger"], name="tired; upset/anger")
    session.move("source0", "target0", name="disgust")  # a person's labels of these faces alone
    score = score_of(named)
    assert (score.accuracy, score.confusion) == (plain.accuracy, plain.confusion)
    assert score.clusters.names[keys["sad"]] == "sad; tired"
    receipt = read_receipt(named.layout.names(APPROACH, VARIANT))
    assert (receipt.summary["faces_moved"], receipt.summary["labels_used"]) == (2, 0)
    session.name(keys["anger"], name="tired")  # counts as no class: its faces are wrong
    assert score_of(named).accuracy == pytest.approx(plain.accuracy - 1 / 8)


def test_divided_clusters_give_their_halves_names_to_target_faces(paired):
    run = paired
    _, session = open_session(run)
    for key in session.groups.keys:
        session.name(key, name=EMOTIONS[int(session.groups.members(key)[0] % 8)])
    assert score_of(run).accuracy == 0.5  # two emotions lie in every cluster
    before = (run.layout.clusters(APPROACH, VARIANT) / "receipt.json").read_bytes()
    for key in session.groups.keys:
        session.divide(key)
    name_all(session)
    score = score_of(run)
    assert (score.accuracy, sorted(score.clusters.names)) == (1, sorted(session.groups.keys))
    assert score.clusters.purity == score.clusters.oracle_accuracy == 1  # of the halves, which bear the names
    assert (run.layout.clusters(APPROACH, VARIANT) / "receipt.json").read_bytes() == before
    parts = np.load(run.layout.names(APPROACH, VARIANT) / "target_parts.npy")
    assert sorted(set(parts.tolist())) == sorted(session.groups.keys)
    # One cluster divided, the others whole: each face still has the name of its own group.
    for _ in range(20):
        session.undo()
    session.divide("2")
    for key in session.groups.keys:
        session.name(key, name=EMOTIONS[int(session.groups.members(key)[0] % 8)])
    assert score_of(run).accuracy == pytest.approx(5 / 8)


def test_a_division_that_is_not_found_again_is_refused(paired):
    run = paired
    _, session = open_session(run)
    session.divide("0")
    for key in session.groups.keys:
        session.name(key, name="happy")
    document = json.loads(run.names_path.read_text())
    document["divided"]["0"] = "f" * 64
    run.names_path.write_text(json.dumps(document))
    with pytest.raises(StoredStateError, match="cluster 0 divides into other halves"):
        label.run(run.arguments, method="hand")
    del document["names"]["0b"]
    run.names_path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="1 of 5 clusters have no name: 0b"):
        label.run(run.arguments, method="hand")


def test_labels_that_a_person_saw_cost_and_are_not_scored(named):
    opened, session = open_session(named)
    name_all(session)
    sample = opened.ask_sample()
    assert len(sample.ids) == 16
    session.record_suggestion(sample.ids)
    score = score_of(named)
    assert (score.labels_used.naming, score.n_scored, score.method) == (16, N_TARGET - 16, "hand")
    everything = opened.ask_labels()
    target = Dataset(named.layout.dataset("target"))
    assert set(target.splits[everything.at]) == {"train"}  # test labels are shown to nobody
    assert (everything.labels == target.labels[everything.at]).all()
    session.record_labels_shown(everything.ids)
    score = score_of(named)
    assert (score.labels_used.naming, score.n_scored) == (N_TARGET * 3 // 4, N_TARGET // 4)
    summary = read_receipt(named.layout.names(APPROACH, VARIANT)).summary
    assert (summary["suggestions_used"], summary["target_labels_shown"]) == (1, True)
    session.record_suggestion(["a face of another data set"])
    with pytest.raises(InputError, match="only 48 of them are in the train split"):
        label.run(named.arguments, method="hand")


def test_of_drawn_faces_the_map_shows_every_factor_but_expression(named):
    recipe = named.recipe.read_text()
    named.recipe.write_text(recipe.replace("fetch: {faces: faces.csv}", "draw: {seed: 1, faces: 96}"))
    path = named.layout.drawn("source") / "parameters.csv"
    path.parent.mkdir(parents=True)
    rows = [f"source{row},happy,0.5,{row},{'round' if row % 2 else 'none'},{'' if row == 3 else row},7" for row in
            reversed(range(N_SOURCE))]
    path.write_text("\n".join(["id,emotion,expression.jaw_drop,capture.yaw,identity.glasses,capture.blur,"
                               "capture.backdrop_seed", *rows]))
    known = open_session(named)[0].known
    assert set(known) == {"brightness", "pose.yaw", "identity.glasses"}  # of one face the blur is not known
    assert known["pose.yaw"](np.array([5, 2])).tolist() == [5, 2]
    assert known["identity.glasses"](np.array([5, 2])).tolist() == ["round", "none"]


@pytest.mark.parametrize(("spoil", "error", "says"), [
    (lambda run: run.write_names(clustering="0" * 64), StoredStateError, "names another clustering"),
    (lambda run: run.names_path.write_text(run.names_path.read_text()[:120]), InputError, "not readable JSON"),
    (lambda run: run.names_path.write_text(run.names_path.read_text().replace('"sad"', '"glad"')), InputError,
     "is named 'glad'"),
    (lambda run: (run.layout.model(APPROACH, VARIANT) / "receipt.json").unlink(), StoredStateError,
     "'train' has not finished"),
    (lambda run: (run.layout.clusters(APPROACH, VARIANT) / "source_distances.npy").unlink(), StoredStateError,
     r"source_distances\.npy is missing; run the cluster stage again"),
])
def test_what_cannot_be_opened_says_why_and_is_left_alone(named, spoil, error, says):
    named.write_names()
    spoil(named)
    before = named.names_path.read_bytes()
    with pytest.raises(error, match=says):
        open_session(named)
    assert named.names_path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_said_at_the_first_act(named):
    named.layout.run.joinpath("labels").write_text("a file where the folder should be")
    _, session = open_session(named)
    with pytest.raises(ResourceError, match="there is a file where a folder is needed"):
        session.look("0")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_said_at_the_first_act(named):
    named.write_names(names={})
    named.names_path.parent.chmod(0o555)
    try:
        _, session = open_session(named)
        with pytest.raises(ResourceError, match="no permission to write"):
            session.look("0")
    finally:
        named.names_path.parent.chmod(0o755)


def test_names_of_clusters_made_anew_are_refused(named):
    named.write_names()
    named.embed(np.random.default_rng(9))
    cluster.run(named.arguments)
    with pytest.raises(FecemoError, match="another clustering"):
        open_session(named)


def test_a_plain_template_filled_in_by_hand_works(named):
    _, session = open_session(named)
    template = json.loads((named.layout.clusters(APPROACH, VARIANT) / "names.template.json").read_text())
    template["names"] = {key: emotion_of_group(session.groups, key) for key in session.groups.keys}
    atomic_write(named.names_path, json.dumps(template))
    assert score_of(named).accuracy == 1


def test_who_follows_what_is_said_of_the_use_of_names_has_them_used(named, capsys):
    named.write_names()

    def used():
        label.run(named.arguments)
        return read_cluster_names(named.layout.names(APPROACH, VARIANT) / "names.json").method == "hand"

    def told():
        return LabelRun(named.layout.run, named.recipe, label_and_score).use_of_names

    text, flow = named.recipe.read_text(), "naming: {method: majority_vote, sample: 16}\n"
    for block in (flow, "naming:\n  method: majority_vote\n  sample: 16\n"):
        named.recipe.write_text(text.replace(flow, block))
        assert (told().used, used()) == (False, False)
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "not used" in line]
        assert str(named.names_path) in line
        assert "is majority_vote, not hand" in line
        lines = named.recipe.read_text().splitlines()
        first, last = re.search(r"lines? (\d+)(?: to (\d+))? say", told().text).groups()
        first, last = int(first), int(last or first)
        named.recipe.write_text("\n".join([*lines[:first - 1], "naming: {method: hand}", *lines[last:], ""]))
        assert named.recipe.read_text() == text.replace(flow, "naming: {method: hand}\n")
        assert (told().used, used()) == (True, True)
        assert "not used" not in capsys.readouterr().err
    named.recipe.write_text(text.replace(flow, ""))
    assert not told().used
    assert "has no line that begins with naming:" in told().text
    named.recipe.write_text(text.replace("majority_vote, sample: 16", "action_units"))
    assert (told().used, used()) == (True, True)  # complete names go before suggestions
    assert "replace the suggestions" in told().text
    named.write_names(names={"0": "sad"})
    named.recipe.write_text(text)
    assert not used()
    assert "not used" not in capsys.readouterr().err  # names that are not complete wait
