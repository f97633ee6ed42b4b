"""``docs/clusters.md`` says what its record says, and no number of a run is typed into its sentences."""

import copy
import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fecemo.errors import StoredStateError
from fecemo.study.layout import RunLayout

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("write_clusters", DOCS / "write_clusters.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def found():
    return json.loads((DOCS / "clusters.json").read_text(encoding="utf-8"))


def test_the_page_is_what_its_program_writes_of_the_record(program, found):
    assert (DOCS / "clusters.md").read_text(encoding="utf-8") == program.page(found), (
        "run python docs/write_clusters.py runs/table2_small")


def test_another_record_makes_another_page(program, found):
    found["rows"]["landmark_features/gray"]["answers"]["8 labels_per_cluster"]["mean"] = 0.4242
    page = program.page(found)
    assert ".424" in page.split("**Measure**")[1].split("3. ")[0]
    assert "| faces, a landmark model | Landmark distances and blendshapes | .424 |" in page


def test_no_number_is_typed_into_the_sentences():
    typed = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", (DOCS / "clusters.md.jinja").read_text(encoding="utf-8"))
    typed = re.sub(r'width="\d+"|table2|02_measure|^\d\. ', "", typed, flags=re.MULTILINE)
    assert re.findall(r".*\d.*", typed) == []


def test_the_figures_show_the_record(program, found):
    for name, draw in ((program.FOLLOW, program.follow_figure), (program.STEPS, program.steps_figure)):
        spoken = re.search(r'aria-label="([^"]+)"', draw(found))[1]
        assert spoken in name.read_text(encoding="utf-8")
        assert "Landmark distances and blendshapes" in spoken
    for name in (program.FOLLOW, program.STEPS, program.NEIGHBOURS):
        assert name.stat().st_size < 300_000
        assert f'src="{name.name}"' in (DOCS / "clusters.md").read_text(encoding="utf-8")


def test_the_record_bears_out_what_the_page_says_in_words(program, found):
    assert list(program.contradictions(found)) == []


def _above_chance(found):
    found["rows"]["masked_autoencoder/gray"]["answers"]["32 labels_per_cluster"] |= {
        "mean": 0.3, "low": 0.28, "high": 0.32}


def _follows_background(found):
    found["rows"]["triplet_landmarks/gray"]["follows"]["background"] = 0.9


def _alignment_buys_nothing(found):
    found["rows"]["conv_autoencoder/aligned"]["answers"]["8 labels_per_cluster"] |= {
        "mean": 0.13, "low": 0.11, "high": 0.15}


@pytest.mark.parametrize(("alter", "said"), [
    (_above_chance, "masked_autoencoder/gray is above chance at 32 labels_per_cluster"),
    (_follows_background, "clusters of triplet_landmarks/gray do not follow emotion above all"),
    (_alignment_buys_nothing, "conv_autoencoder/aligned is not ahead of conv_autoencoder/gray")])
def test_a_run_that_shows_otherwise_is_named(program, found, alter, said):
    other = copy.deepcopy(found)
    alter(other)
    assert list(program.contradictions(other)) == [said]


def test_no_page_is_written_of_a_run_that_shows_otherwise(program, found, monkeypatch, tmp_path):
    _follows_background(found)
    monkeypatch.setattr(program, "gather", lambda run: (found, None))
    for name in ("PAGE", "RECORD", "FOLLOW", "STEPS", "NEIGHBOURS"):
        monkeypatch.setattr(program, name, tmp_path / name)
    with pytest.raises(StoredStateError, match="triplet_landmarks/gray do not follow"):
        program.main(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_not_run_is_refused(program, tmp_path):
    with pytest.raises(StoredStateError, match="has not run"):
        program.gather(tmp_path)


def test_clusters_by_lot_score_chance_with_one_and_all_with_a_face_each(program):
    pack = SimpleNamespace(labels=np.array(["happy", "sad"] * 20), rows_in=lambda split: np.arange(40))
    record = SimpleNamespace(entries=[SimpleNamespace(n_clusters=k) for k in (1, 20, 1_000_000)])
    found = program._by_lot(pack, record)
    assert found["1"] == 0.5
    assert 0.55 < found["20"] < 0.95
    assert found["1000000"] > 0.99


def test_neighbours_are_the_nearest_others(program, tmp_path):
    labels = np.array(["happy", "surprise"] * 5)
    pack = SimpleNamespace(labels=labels, rows_in=lambda split: np.arange(10),
                           faces=np.zeros((10, 200, 200, 3), np.uint8))
    by_row, by_label = np.arange(10.0), np.where(labels == "happy", 0.0, 100.0) + np.arange(10)
    for key, values in ((program.PIXELS, by_row), (program.MEASURED, by_label)):
        folder = RunLayout(tmp_path).embeddings(*key.split("/"))
        folder.mkdir(parents=True)
        np.save(folder / "target.npy", values[:, None].astype(np.float32))
        np.save(folder / "target_rows.npy", np.arange(10))
    found, picture = program._neighbours(RunLayout(tmp_path), pack)
    assert found["same"][program.MEASURED] == 1.0
    assert found["same"][program.PIXELS] == pytest.approx(0.5, abs=0.1)
    assert found["shown"][0] == {"emotion": "happy", "nearest": {
        program.PIXELS: ["surprise", "happy", "surprise", "happy"], program.MEASURED: ["happy"] * 4}}
    assert picture.width > picture.height / 2
