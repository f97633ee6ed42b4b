"""Files of names: each person's own, changing places, and the labels that their people saw."""

from dataclasses import replace
from pathlib import Path

import pytest

from fecemo.data.cluster_names import read_cluster_names, read_hand_names
from fecemo.data.durable import atomic_write
from fecemo.errors import InputError, StoredStateError
from fecemo.labelling.summary import compare_raters
from fecemo.naming_board import label_and_score
from fecemo.stages import label
from fecemo.stages.label_run import LabelRun
from tests.integration.run_to_name import (
    APPROACH,
    N_TARGET,
    VARIANT,
    RunToName,
    emotion_of_group,
    name_all,
    open_session,
    score_of,
)


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("eight")).make(with_map=False)


@pytest.fixture
def named(tmp_path, eight):
    return eight.copy_to(tmp_path)


def test_each_person_has_a_file_and_either_can_be_used(named):
    _, ann = open_session(named, "Ann Lee")
    name_all(ann)
    opened, bob = open_session(named, "Bob")
    assert ann.path == named.names_path == opened.used_path
    assert bob.path.name == "rgb.bob.json"
    assert opened.others == {"Ann Lee": named.names_path}
    for key in bob.groups.keys:
        bob.name(key, name="happy" if key == "0" else emotion_of_group(bob.groups, key))
    differing = compare_raters(bob.stored, ann.stored).differing
    assert set(differing) <= {"0"}
    LabelRun(named.layout.run, named.recipe, label_and_score).use(APPROACH, VARIANT, "Bob")
    assert read_hand_names(named.names_path).by == "Bob"
    assert open_session(named, "Bob")[0].path == named.names_path
    _, ann = open_session(named, "Ann Lee")
    assert (ann.path.name, len(ann.names)) == ("rgb.ann_lee.json", 8)


def test_a_kill_while_names_change_places_loses_neither(named, monkeypatch):
    _, ann = open_session(named, "Ann Lee")
    name_all(ann)
    _, bob = open_session(named, "Bob")
    bob.name("0", name="mixed")
    run = LabelRun(named.layout.run, named.recipe, label_and_score)

    def killed(move):
        def until_bobs(path, target):
            if path.name == "rgb.bob.json":
                raise KeyboardInterrupt
            return move(path, target)
        return until_bobs

    with monkeypatch.context() as patch:
        for move in ("rename", "replace"):
            patch.setattr(Path, move, killed(getattr(Path, move)))
        with pytest.raises(KeyboardInterrupt):
            run.use(APPROACH, VARIANT, "Bob")
    assert read_hand_names(named.names_path) == ann.stored  # in use all the while
    assert run.cells()[0].by == "Ann Lee"
    opened, again = open_session(named, "Ann Lee")
    assert (again.names, set(opened.others)) == (ann.names, {"Bob"})
    run.use(APPROACH, VARIANT, "Bob")
    assert read_hand_names(named.names_path) == bob.stored
    assert read_hand_names(named.names_path.with_name("rgb.ann_lee.json")) == ann.stored
    assert not bob.path.exists()


def test_names_that_change_places_overwrite_nobodys(named):
    named.write_names()
    run = LabelRun(named.layout.run, named.recipe, label_and_score)
    with pytest.raises(StoredStateError, match="'Bob' has named none of these clusters"):
        run.use(APPROACH, VARIANT, "Bob")
    _, bob = open_session(named, "Bob")
    bob.name("0", name="mixed")
    aside = named.names_path.with_name("rgb.ann.json")
    aside.write_bytes(named.names_path.read_bytes().replace(b'"sad"', b'"fear"'))
    before = {path: path.read_bytes() for path in (aside, named.names_path, bob.path)}
    with pytest.raises(StoredStateError, match="exists already"):
        run.use(APPROACH, VARIANT, "Bob")
    assert {path: path.read_bytes() for path in before} == before


def test_labels_seen_while_naming_one_cell_cost_in_every_cell_of_the_same_person(named):
    named.write_names()
    elsewhere = named.layout.hand_names(APPROACH, "gray")
    seen = ("target0", "target1", "target2")

    def saw(by):
        names = replace(read_hand_names(named.names_path), variant="gray", by=by, labels_seen=seen,
                        suggestions_used=1)
        atomic_write(elsewhere, names.as_json())

    assert score_of(named).labels_used.blind
    saw("bob")
    score = score_of(named)
    assert (score.labels_used.total, score.labels_used.blind, score.n_scored) == (0, True, N_TARGET)
    before = named.names_path.read_bytes()
    saw("ann")
    score = score_of(named)
    assert (score.labels_used.naming, score.labels_used.blind, score.n_scored) == (3, False, N_TARGET - 3)
    assert read_cluster_names(named.layout.names(APPROACH, VARIANT) / "names.json").labels_seen == seen
    assert named.names_path.read_bytes() == before
    label.run(named.arguments, method="majority_vote")  # a vote is nobody's
    assert read_cluster_names(named.layout.names(APPROACH, VARIANT) / "names.json").labels_seen == ()
    atomic_write(elsewhere, elsewhere.read_text().replace("target1", "target99"))
    with pytest.raises(InputError, match="only 2 of them are in the train split"):
        label.run(named.arguments, method="hand")
