"""What is stored is held against its receipt before it is believed, and the advice to run a stage again heals."""

import numpy as np
import pytest
from test_cluster_to_evaluate import PlantedRun
from test_side_by_side import made  # noqa: F401 (a fixture)

from fecemo.errors import StoredStateError
from fecemo.evaluation.results import read_results
from fecemo.stages import cluster, evaluate, label, map_faces, table
from fecemo.study.layout import RunLayout

CELL = ("dense_autoencoder", "rgb")


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_to_heading(path):
    path.write_text(path.read_text().splitlines(keepends=True)[0])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))


def call_it_a_zip(path):
    path.write_bytes(b"PK\3\4" + path.read_bytes())


def zero(path):
    np.save(path, np.zeros_like(np.load(path)))


def remove(path):
    path.unlink()


def all_happy(path):
    path.write_text(path.read_text().replace('"sad"', '"happy"'))


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    planted = PlantedRun(tmp_path_factory.mktemp("planted"))
    arguments = planted.arguments("dense_autoencoder")
    receipts = {stage: stage.run(arguments) for stage in (cluster, map_faces, label, evaluate)}
    return planted, arguments, receipts[evaluate].digest


SPOILT = [
    ("names", "sample.csv", cut_in_half, label), ("names", "sample.csv", cut_to_heading, label),
    ("names", "names.json", all_happy, label), ("names", "receipt.json", cut_in_half, label),
    ("clusters", "centres.npy", call_it_a_zip, cluster), ("clusters", "source_clusters.npy", remove, cluster),
    ("assigned", "target_clusters.npy", flip_a_bit, cluster), ("assigned", "target_clusters.npy", zero, cluster),
    ("assigned", "target_distances.npy", cut_in_half, cluster),
]


@pytest.mark.parametrize(("place", "name", "spoil", "stage"), SPOILT,
                         ids=[f"{name}-{spoil.__name__}" for _, name, spoil, _ in SPOILT])
def test_a_damaged_output_is_refused_and_its_stage_heals_it(scored, place, name, spoil, stage):
    """Half a list of the faces that named the clusters would have the other half scored."""
    planted, arguments, digest = scored
    folder = getattr(planted.layout, place)(*CELL)
    spoil(folder / name)
    advice = "label" if stage is label else "cluster"
    with pytest.raises(StoredStateError, match=f"run the {advice} stage again"):
        evaluate.run(arguments)
    stage.run(arguments)
    assert evaluate.run(arguments).digest == digest


@pytest.mark.parametrize(("kind", "name", "spoil"), [
    ("model", "labelled_rows.npy", zero), ("outputs", "target/rows.npy", flip_a_bit),
    ("outputs", "target/probabilities.npy", cut_in_half)])
def test_what_a_classifier_learnt_from_is_not_guessed(tmp_path, kind, name, spoil):
    """Zeroed rows of training would have the faces of the training scored."""
    planted = PlantedRun(tmp_path)
    spoil(getattr(planted.layout, kind)("supervised", "rgb") / name)
    stage = "train" if kind == "model" else "embed"
    with pytest.raises(StoredStateError, match=rf"{name} .*run the {stage} stage again"):
        evaluate.run(planted.arguments("supervised"))


def test_annotations_that_were_changed_by_hand_are_refused(tmp_path):
    planted = PlantedRun(tmp_path)
    path = planted.layout.dataset("target") / "annotations.csv"
    path.write_text(path.read_text().replace("happy", "x").replace("sad", "happy").replace("x", "sad"))
    with pytest.raises(StoredStateError, match=r"annotations\.csv has \d+ bytes|annotations\.csv is not what was"):
        evaluate.run(planted.arguments("supervised"))


def accuracies(run):
    results = read_results(run)
    shown = results[(results.metric == "accuracy") & (results.stage == "evaluate") & results.value.notna()]
    return dict(zip(zip(shown.row, shown.variant, strict=True), shown.value, strict=True))


def test_one_damaged_cell_is_a_dash_with_its_reason_and_not_the_end_of_the_table(made, capsys):  # noqa: F811
    recipe, run = made
    table.run((run,), recipe)
    before = accuracies(run)
    score = RunLayout(run).score("supervised", "rgb") / "score.json"
    score.write_text(score.read_text().replace('"accuracy": 0.', '"accuracy": 0.9', 1))
    (RunLayout(run).score("supervised", "tight") / "receipt.json").write_text("[" * 100_000)
    cut_in_half(RunLayout(run).score("dense_autoencoder", "tight") / "predictions.csv")
    capsys.readouterr()
    table.run((run,), recipe)
    assert accuracies(run) == {("dense_autoencoder", "rgb"): before["dense_autoencoder", "rgb"]}
    warnings = capsys.readouterr().err
    assert "supervised rgb is shown as not run: the score of supervised rgb is damaged: score.json" in warnings
    assert "predictions.csv has" in warnings
    assert "receipt.json is not a receipt" in warnings


@pytest.mark.parametrize("content", ["", "edited by hand"])
def test_a_table_that_was_changed_is_written_again(made, content):  # noqa: F811
    recipe, run = made
    table.run((run,), recipe)
    written = (run / "table1.md").read_text()
    (run / "table1.md").write_text(content)
    table.run((run,), recipe)
    assert (run / "table1.md").read_text() == written


def test_a_pipe_in_the_place_of_an_array_is_refused(tmp_path):
    import os

    planted = PlantedRun(tmp_path)
    path = planted.layout.outputs(*CELL) / "source" / "embedding.npy"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StoredStateError, match=r"source/embedding\.npy is no file"):
        cluster.run(planted.arguments("dense_autoencoder"))
