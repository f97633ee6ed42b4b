"""The labelling board without a browser, and the notebook executed without a screen."""

import re
from pathlib import Path

import numpy as np
import pytest

from fecemo.data.cluster_names import read_hand_names
from fecemo.drawn.expression import EMOTIONS
from fecemo.errors import InputError, ResourceError, StoredStateError
from fecemo.evaluation.figures.svg import FURTHER, PALETTE
from fecemo.evaluation.records.score import SCORE
from fecemo.labelling.keys import keys_of_names
from fecemo.labelling.session import LabellingSession
from fecemo.naming_board import label_and_score, open_board
from fecemo.stages import cluster
from fecemo.stages.label_run import LabelRun
from tests.artifact_receipts import renew_receipt
from tests.integration.run_to_name import APPROACH, N_SOURCE, VARIANT, RunToName, emotion_of_group

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "label_clusters.ipynb"
NEEDED = "the notebook's packages are not installed (pip install 'fecemo[notebook]')"
pytest.importorskip("ipywidgets", reason=NEEDED)
pytest.importorskip("jscatter", reason=NEEDED)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return RunToName(tmp_path_factory.mktemp("made")).make()


@pytest.fixture
def run(tmp_path, made):
    return made.copy_to(tmp_path)


@pytest.fixture
def board(run):
    board = open_board(run.layout.run, run.recipe)
    board.by.value = "ann"
    board.begin.click()
    return board


def press(board, *keys):
    for key in keys:
        board.cell.keyboard._handle_custom_msg({"key": key}, [])


def test_the_board_opens_on_the_first_cell_that_is_ready(run, board):
    assert [text for text, _ in board.pick.options] == ["Stacked autoencoder · RGB: to be named",
                                                        "Stacked autoencoder · Grayscale: waits for train"]
    assert board.cell.here == "0"
    line = board.view.children[2].value  # before anybody names: would it be of use?
    assert "does not use names given by hand" in line
    assert "naming: {method: hand}" in line
    assert read_hand_names(run.names_path).samples == {"0": {"random": 12}}
    board.pick.value = (APPROACH, "gray")
    board.begin.click()
    assert "the stage &#x27;train&#x27; has not finished" in board.message.value


def test_who_names_must_be_said(run):
    board = open_board(run.layout.run, run.recipe)
    board.begin.click()
    assert "Say who names" in board.message.value
    assert board.cell is None


def test_one_key_a_cluster_names_all_and_the_last_act_shows_the_row(run, board):
    while (here := board.cell.session.next_unnamed()) is not None:
        assert board.cell.here == here
        press(board, keys_of_names(EMOTIONS)[emotion_of_group(board.cell.session.groups, here)])
    assert len(read_hand_names(run.names_path).names) == 8
    assert "every cluster has a name" in board.cell.message.value
    board.cell.end.finish.click()
    assert "1.000" in board.cell.end.row.value
    assert "does not use names given by hand" in board.cell.end._summary.value
    resumed = open_board(run.layout.run, run.recipe)
    assert resumed.by.value == "ann"  # whose names stand there
    resumed.begin.click()
    assert len(resumed.cell.session.names) == 8


def test_every_key_does_something(board):
    for key, act in board.cell.acts.items():
        assert callable(board.cell._methods[act.method]), key


def test_undo_and_redo_turn_to_the_cluster_that_changed(board):
    press(board, "2", "ArrowRight")
    press(board, "z")
    assert (board.cell.here, board.cell.session.names) == ("0", {})
    press(board, "ArrowLeft", "y")
    assert (board.cell.here, board.cell.session.names) == ("0", {"0": "happy"})
    press(board, "ArrowRight", "=")
    assert board.cell.session.names["1"] == "happy"


def test_faces_come_by_rule_and_page_and_are_recorded(run, board):
    press(board, "n", "m", "b")
    assert read_hand_names(run.names_path).samples["0"] == {"random": 12, "nearest": 12, "borderline": 12}
    assert board.cell.group._faces.value.count("<img") == 12
    board.cell.naming.note.value = "two tones"
    press(board, "u")
    stored = read_hand_names(run.names_path)
    assert (stored.notes, stored.unsure, stored.faces_viewed) == ({"0": "two tones"}, ("0",), 12)


def test_several_names_a_path_and_a_new_name_are_given_by_key_and_field(run, board):
    press(board, "+", "2", "3", "+")  # ends the cluster: the next one comes
    assert (board.cell.session.names, board.cell.here) == ({"0": "happy; sad"}, "1")
    board.cell.naming.words.value = "upset/anger"
    assert (board.cell.session.names["1"], board.cell.here, board.cell.naming.words.value) == ("anger", "2", "")
    board.cell.naming.words.value = "tired"
    assert "tired" not in board.cell.session.names.values()
    assert "Known: anger" in board.cell.message.value
    assert (board.cell.naming.new.description, board.cell.naming.words.value) == ("new name: tired (!)", "")
    press(board, "ArrowRight", "ArrowLeft")  # what was refused here is no name of another cluster
    assert board.cell.naming.new.layout.display == "none"
    board.cell.naming.words.value = "tired"
    press(board, "!")
    assert board.cell.session.names["2"] == "tired"
    stored = read_hand_names(run.names_path)
    assert (stored.emotion("0"), stored.emotion("2"), stored.vocabulary.above("anger")) == ("happy", "", ("upset",))
    keys = {act.argument: key for key, act in board.cell.acts.items() if act.method == "name"}
    assert keys["tired"] in board.cell.keyboard.known  # a new name has a key and a button
    press(board, keys["tired"])
    assert board.cell.session.names["3"] == "tired"
    press(board, "ArrowLeft")
    assert "counts as no class" in board.cell.group._head.value
    from fecemo.labelling.board.map_panel import label_colours

    # Each further name has a colour that it keeps when others join, and no class has.
    colours = label_colours(board.cell.session, (PALETTE, FURTHER))
    assert (colours["upset"], colours["tired"], colours["happy; sad"]) == (*FURTHER[:2], colours["happy"])
    board.cell.session.name("4", name="amused", new=True)
    later = label_colours(board.cell.session, (PALETTE, FURTHER))
    assert (later["tired"], later["amused"]) == (colours["tired"], FURTHER[2])


def test_chosen_faces_take_a_name_by_themselves_and_go_back(run, board):
    faces = board.cell.session.shown("0", "random", 12).tolist()

    def choose(*places):
        for place in places:
            board.cell.keyboard._handle_custom_msg({"face": faces[place], "chosen": True}, [])

    choose(0, 1)
    assert "2 faces chosen" in board.cell.message.value
    press(board, "0")  # not a face, in one act
    choose(2)
    press(board, "3")
    ids = [f"source{face}" for face in faces[:3]]
    assert read_hand_names(run.names_path).faces == dict(zip(ids, ["not a face", "not a face", "sad"], strict=True))
    assert (board.cell.session.names, board.cell.here) == ({}, "0")
    assert board.cell.group._faces.value.count("<span>not a face</span>") == 2
    choose(1)
    press(board, "x")
    assert list(read_hand_names(run.names_path).faces) == [ids[0], ids[2]]
    choose(5)
    press(board, "Escape", "3")
    assert (board.cell.session.names, len(board.cell.session.stored.faces)) == ({"0": "sad"}, 2)
    assert "2 single faces moved" in board.cell.end._summary.value


def test_dividing_shows_the_halves(board):
    press(board, "2")
    here = board.cell.here
    press(board, "d")
    assert board.cell.here == f"{here}a"
    assert len(board.cell.naming._chips.children) == 9
    press(board, "3", "ArrowLeft", "j")
    assert len(board.cell.naming._chips.children) == 8
    press(board, "z")
    assert len(board.cell.naming._chips.children) == 9


def test_many_clusters_are_a_few_lines_of_chips(run, monkeypatch):
    for many in (7, 8):
        monkeypatch.setattr("fecemo.labelling.board.panels.MANY", many)
        board = open_board(run.layout.run, run.recipe)
        board.by.value = "ann"
        board.begin.click()
        assert ("fecemo-many" in board.cell.naming._chips._dom_classes) == (many == 7)


def test_labels_are_shown_only_when_asked_twice_and_that_is_recorded(run, board):
    press(board, "g")
    assert read_hand_names(run.names_path).suggestions_used == 0
    press(board, "1", "g")  # another key in between: asked anew
    assert read_hand_names(run.names_path).suggestions_used == 0
    press(board, "g")
    stored = read_hand_names(run.names_path)
    assert (stored.suggestions_used, len(stored.labels_seen)) == (1, 16)
    assert "suggested" in board.cell.message.value
    labels = board.cell.map.controls.children[-1]
    labels.click()
    assert "true emotion" not in board.cell.map.modes
    labels.click()
    stored = read_hand_names(run.names_path)
    assert (stored.target_labels_shown, len(stored.labels_seen)) == (True, 48)
    assert board.cell.map.colour.value == "true emotion"
    labels.click()
    assert board.cell.map.modes.count("true emotion") == 1
    truth = board.cell.map._points.iloc[:, -1].astype(str)
    assert set(truth[:N_SOURCE]) == {"unknown"}


def test_the_lasso_and_the_pointer_show_faces_that_count_as_looked_at(run, board):
    board.cell.map.widget.selection = np.array([0, 1, 2, 9, N_SOURCE + 3])
    assert "4 source and 1 target faces chosen" in board.cell._sees.value
    of_source, of_target = board.cell._sees.value.split("target faces</div>")
    assert (of_source.count("<img"), of_target.count("<img")) == (4, 1)
    assert not any(emotion in board.cell._sees.value for emotion in (">happy", ">sad", ">fear"))
    board.cell.map.widget.selection = np.array([N_SOURCE + 3])
    assert "0 source and 1 target faces chosen" in board.cell._sees.value
    assert board.cell._sees.value.count("<img") == 1
    stored = read_hand_names(run.names_path)  # the twelve of the first cluster, three others by lasso, a target face
    target = board.cell._material.target_ids[board.cell.map._map.target_at[3]]
    assert (stored.targets_on_map, stored.faces_viewed) == ((target,), 12 + len(stored.on_map) + 1)


def test_a_face_under_the_pointer_is_recorded_before_it_is_seen(run, board, monkeypatch):
    seen = read_hand_names(run.names_path).faces_viewed
    board.cell.map.widget.hovering = 77
    assert "<img" in board.cell.map._hovered.value
    stored = read_hand_names(run.names_path)  # with no further act: the kernel may be killed now
    assert (stored.faces_viewed, stored.on_map) == (seen + 1, (77,))
    board.cell.map.widget.hovering = N_SOURCE + 3
    assert "target face" in board.cell.map._hovered.value
    stored = read_hand_names(run.names_path)
    assert (stored.faces_viewed, len(stored.targets_on_map)) == (seen + 2, 1)
    board.cell.map.widget.hovering = None

    def refuse(*_):
        raise ResourceError("the disk is full")

    monkeypatch.setattr("fecemo.labelling.names_file.atomic_write", refuse)
    board.cell.map.widget.hovering = 78
    assert board.cell.map._hovered.value == ""
    assert "the disk is full" in board.cell.message.value


def test_names_changed_after_their_score_was_seen_are_not_blind(run, board):
    press(board, *"12345678")
    board.cell.end.finish.click()
    stored = read_hand_names(run.names_path)
    first, written = stored.names, run.names_path.read_bytes()
    assert (stored.scores_seen, stored.other_scores_seen) == ((first,), 0)
    assert "blind" in board.cell.end.row.value
    assert "not blind" not in board.cell.end.row.value
    board.cell.end.finish.click()  # the same names again: nothing new was seen
    assert run.names_path.read_bytes() == written
    press(board, "1")
    assert read_hand_names(run.names_path).other_scores_seen == 1
    assert "are not blind" in board.cell.end._summary.value
    board.cell.end.finish.click()
    row = re.sub("<[^>]+>", "", board.cell.end.row.value)
    assert "by hand (ann), not blind" in row
    used = SCORE.read(run.layout.score(APPROACH, VARIANT)).labels_used
    assert (used.other_scores_seen, used.blind, used.total) == (1, False, 0)
    press(board, "8")  # the first names again, now chosen among two that were scored
    assert board.cell.session.names == first
    assert read_hand_names(run.names_path).other_scores_seen == 1


def test_a_score_of_another_persons_names_is_remembered_by_who_saw_it(run, board):
    press(board, *"12345678")
    bob = open_board(run.layout.run, run.recipe)
    bob.by.value = "bob"
    bob.begin.click()
    press(bob, *"12345671")
    bob.cell.end.finish.click()  # of ann's names, which are in use
    assert read_hand_names(run.names_path).scores_seen == ()
    assert read_hand_names(run.names_path.with_name("rgb.bob.json")).other_scores_seen == 1


def test_the_map_is_coloured_as_asked_and_hides_target_faces(board):
    panel = board.cell.map
    assert panel.widget.filter.tolist() == list(range(N_SOURCE))
    press(board, "t")
    assert panel.widget.filter is None
    shown = {}
    for mode in panel.modes:
        panel.colour.value = mode
        shown[mode] = panel._points.iloc[:N_SOURCE, -1]
    assert set(shown) == {"cluster", "name", "this cluster", "margin", "brightness"}
    assert len(set(shown["cluster"])) == 8
    assert set(shown["name"]) == {"no name"}
    assert set(shown["this cluster"]) == {"cluster 0", "others"}
    assert shown["brightness"].iloc[90] > shown["brightness"].iloc[0]
    panel.colour.value = "name"
    press(board, "2")
    assert set(panel._points.iloc[:N_SOURCE, -1]) == {"no name", "happy"}
    turn = []
    for _ in range(4):
        press(board, "c")
        turn.append(panel.colour.value)
    assert turn == ["this cluster", "margin", "cluster", "name"]
    panel.colour.value = "brightness"
    press(board, "c")
    assert panel.colour.value == "cluster"


def test_another_persons_names_are_compared_and_can_be_the_ones_in_use(run, board):
    press(board, *"12345678")
    bob = open_board(run.layout.run, run.recipe)
    bob.by.value = "bob"
    bob.begin.click()
    assert "another person" in bob.message.value
    press(bob, *"12345671")
    bob.cell.end._with.value = "ann"
    assert "Both named 8 clusters, 88% of them alike; Cohen&#x27;s kappa 0.86" in bob.cell.end._compared.value
    bob.cell.end.view.children[1].children[1].click()
    assert read_hand_names(run.names_path).by == "bob"
    assert "another person" not in bob.message.value


def test_a_board_without_a_map_names_all_the_same(run):
    (run.layout.map(APPROACH, VARIANT) / "receipt.json").unlink()
    board = open_board(run.layout.run, run.recipe)
    board.by.value = "ann"
    board.begin.click()
    assert board.cell.map is None
    press(board, "2", "c", "t")
    assert read_hand_names(run.names_path).names == {"0": "happy"}


def test_an_error_is_one_line_on_the_board(run, board, monkeypatch):
    def refuse(*_):
        raise ResourceError("the disk <is> full")

    monkeypatch.setattr("fecemo.labelling.names_file.atomic_write", refuse)
    press(board, "2")
    assert "the disk &lt;is&gt; full" in board.cell.message.value
    assert board.cell.session.names == {}
    monkeypatch.undo()
    opened = LabelRun(run.layout.run, run.recipe, label_and_score).open(APPROACH, VARIANT, "ann")
    LabellingSession(opened.clustering, opened.path, "ann").name("5", name="fear")
    press(board, "2")
    assert "changed by someone else" in board.cell.message.value
    assert read_hand_names(run.names_path).names == {"5": "fear"}


def test_the_notebook_defines_nothing_and_is_stored_without_outputs():
    nbformat = pytest.importorskip("nbformat", reason=NEEDED)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * len(code)
    assert not [line for cell in code for line in cell.source.splitlines() if line.startswith(("def ", "class ", "%"))]


@pytest.mark.parametrize("there", [True, False])
def test_the_notebook_runs_from_top_to_bottom(run, tmp_path, monkeypatch, there):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the kernel
    nbformat = pytest.importorskip("nbformat", reason=NEEDED)
    nbclient = pytest.importorskip("nbclient", reason=NEEDED)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("../runs/demo", str(run.layout.run if there else tmp_path / "nowhere"))
        cell.source = cell.source.replace("../pipelines/recipes/demo.yaml", str(run.recipe))
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    if not there:
        with pytest.raises(nbclient.exceptions.CellExecutionError, match=r"there is no such run; `make demo` makes"):
            client.execute()
        return
    client.execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.output_type for output in shown] == ["execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in shown[0].data


def test_a_map_of_other_target_faces_is_said_to_be_so(run):
    path = run.layout.outputs(APPROACH, VARIANT) / "target" / "embedding.npy"
    np.save(path, np.load(path)[::-1])
    renew_receipt(run.layout.outputs(APPROACH, VARIANT))
    cluster.run(run.arguments)
    board = open_board(run.layout.run, run.recipe)
    board.by.value = "ann"
    board.begin.click()
    assert board.cell.map is None
    assert "rgb was made from a previous version of outputs: pipelines/06_map.py draws it" in str(
        [child.value for child in board.cell.view.children[2].children[1].children])


def test_a_board_of_which_no_cell_is_ready_says_what_it_waits_for(run):
    (run.layout.clusters(APPROACH, VARIANT) / "receipt.json").unlink()
    board = open_board(run.layout.run, run.recipe)
    assert [text.partition(": ")[2] for text, _ in board.pick.options] == ["waits for cluster", "waits for train"]
    board.by.value = "ann"
    board.begin.click()
    assert "the stage &#x27;cluster&#x27; has not finished" in board.message.value


def test_a_recipe_without_clusters_has_nothing_to_name(run):
    text = run.recipe.read_text()
    run.recipe.write_text(text[: text.index("  dense_autoencoder")] + text[text.index("  supervised"):])
    with pytest.raises(InputError, match="no approach of the recipe has clusters"):
        open_board(run.layout.run, run.recipe)


def test_a_missing_run_is_said_when_the_board_is_opened(run, tmp_path):
    with pytest.raises(StoredStateError, match="there is no such run"):
        open_board(tmp_path / "nowhere", run.recipe)
