"""The comparison of data sets as a stage: by pixels and by a network, done once, and refused where it cannot be."""

import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.errors import InputError
from fecemo.stages.compare_sets import CompareSettings, run

LEVELS = {"happy": 200, "sad": 60}


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """Two data sets: a happy face is bright in the one and dark in the other."""
    folder = tmp_path_factory.mktemp("datasets")
    for name, swapped in (("bright", False), ("dark", True)):
        plan = [FaceEntry(id=f"{name}{slot:03d}", address=f"{slot}.jpg",
                          annotations={"label": ("happy", "sad")[slot % 2],
                                       "split": "train" if slot < 40 else "test"})
                for slot in range(60)]
        writer, rng = DatasetWriter(folder / name, plan), np.random.default_rng(0)
        for slot, entry in enumerate(plan):
            level = LEVELS[entry.annotations["label"]] if not swapped else 260 - LEVELS[entry.annotations["label"]]
            writer.put(slot, np.clip(level + rng.normal(0, 20, (200, 200, 3)), 0, 255).astype(np.uint8))
        writer.finish("import", config={}, inputs={})
        writer.close()
    return folder / "bright", folder / "dark"


def table(folder):
    with (folder / "compare_sets.csv").open(encoding="utf-8") as file:
        return {(row["learned_from"], row["met"]): float(row["balanced_accuracy"]) for row in csv.DictReader(file)}


def test_datasets_are_compared_by_their_pixels_once(datasets, tmp_path, capsys):
    settings = CompareSettings(datasets=datasets, bootstrap=20)
    receipt = run(settings, tmp_path)
    assert table(tmp_path) == {("bright", "bright"): 1, ("bright", "dark"): 0, ("dark", "bright"): 0,
                               ("dark", "dark"): 1}
    assert (tmp_path / "compare_sets.html").read_text().count("<svg") == 4
    folds = json.loads((tmp_path / "compare_sets.json").read_text())["folds"]
    assert (folds["local"], folds["global_"], folds["persons"]) == ([1, 1], [0, 0], [None, None])
    assert "1.000 on the own set, 0.000 on others" in capsys.readouterr().err
    assert run(settings, tmp_path).digest == receipt.digest
    assert "nothing to do" in capsys.readouterr().err


def test_a_face_that_stands_in_both_datasets_is_not_learned_where_it_is_a_test(datasets, tmp_path):
    """The third data set holds the first one's faces under other ids, with train and test exchanged."""
    bright = Dataset(datasets[0])
    plan = [FaceEntry(id=f"again{slot:03d}", address=f"again/{slot}.jpg",
                      annotations={"label": str(label), "split": "train" if 20 <= slot < 50 else "test"})
            for slot, label in enumerate(bright["label"])]
    writer = DatasetWriter(tmp_path / "again", plan)
    for slot in range(60):
        writer.put(slot, np.asarray(bright.faces[slot]))
    writer.finish("import", config={}, inputs={})
    writer.close()
    receipt = run(CompareSettings(datasets=(datasets[0], tmp_path / "again"), bootstrap=20), tmp_path / "out")
    assert receipt.summary["left_out"] == {"bright": 20, "again": 10}
    assert receipt.summary["labels"] == 20


def test_a_row_of_a_recipe_learns_from_the_folds(datasets, tmp_path):
    recipe = tmp_path / "rows.yaml"
    recipe.write_text("""
name: rows
title: Rows
face_side: 20
variants: [gray]
datasets: {drawn: {draw: {faces_per_class: 8}}}
roles: {target: drawn}
approaches:
  small_resnet:
    model: {filters: [4]}
    fit: {classify: {losses: [{loss: cross_entropy}], optimizer: adam, learning_rate: 3.0e-2, epochs: 6, batch_size: 8,
                     validate_on: 0.1, keep: best}}
""")
    settings = CompareSettings(datasets=datasets, bootstrap=20, folds=2, learner="small_resnet", recipe=recipe)
    run(settings, tmp_path / "out")
    folds = json.loads((tmp_path / "out" / "compare_sets.json").read_text())["folds"]
    assert min(folds["local"]) > 0.9
    assert max(folds["global_"]) < 0.1
    assert folds["learner"] == "Small residual network of rows"
    with pytest.raises(InputError, match=r"no approach 'small_resne' in this recipe: did you mean 'small_resnet'"):
        run(replace(settings, learner="small_resne"), tmp_path / "other")
    with pytest.raises(ValueError, match="leave recipe out"):
        replace(settings, learner="probe")


def test_datasets_are_compared_by_what_a_network_makes_of_them(datasets, tmp_path):
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    from fecemo.training.network_file import save_network

    image = keras.Input((4, 4, 1), name="image")
    model = keras.Model({"image": image}, {"embedding": keras.layers.Flatten(name="embedding")(image)})
    save_network(model, tmp_path / "encoder.keras")
    out = tmp_path / "out"
    run(CompareSettings(datasets=datasets, network=tmp_path / "encoder.keras", bootstrap=20), out)
    assert table(out)["bright", "dark"] == 0
    assert table(out)["dark", "dark"] == 1
    assert not list(out.glob("*.npy"))
    with pytest.raises(InputError, match="has no output 'embeding': did you mean 'embedding'"):
        run(CompareSettings(datasets=datasets, network=tmp_path / "encoder.keras", output="embeding"),
            tmp_path / "other")
    with pytest.raises(InputError, match="name the variant"):
        run(CompareSettings(datasets=datasets, network=tmp_path / "encoder.keras", variant="rgb"), tmp_path / "other")


def test_what_cannot_be_compared_is_refused(datasets, tmp_path):
    with pytest.raises(ValueError, match="at least two data sets"):
        CompareSettings(datasets=datasets[:1])
    with pytest.raises(ValueError, match="called the same"):
        CompareSettings(datasets=(datasets[0], datasets[0]))
    with pytest.raises(InputError, match="no such network"):
        run(CompareSettings(datasets=datasets, network=tmp_path / "gone.keras"), tmp_path)
