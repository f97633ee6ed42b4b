import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from report_pages import Page, text_of, write_table
from synthetic_run import RECIPE, REJECTED, write_synthetic_run

from fecemo.data.arrays import write_arrays
from fecemo.data.dataset import Dataset
from fecemo.data.variants import variants
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.cell_metrics.regions import Regions
from fecemo.evaluation.figures.regions import RegionPoints
from fecemo.evaluation.probing.regions import Softmax, fit_arrows
from fecemo.evaluation.report.page import render_report
from fecemo.evaluation.results import read_results
from fecemo.stages.tables.report import read_material
from fecemo.stages.tables.results import read_run
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe
from tests.artifact_receipts import renew_receipt

WRITTEN = {"results.csv", "differences.csv", "table1.csv", "table1.json", "table1.md", "table1.tex", "table1.html",
           "report.html"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    recipe, run = write_synthetic_run(tmp_path_factory.mktemp("made"))
    write_table(recipe, run)
    return recipe, run


@pytest.fixture
def fresh(tmp_path):
    return write_synthetic_run(tmp_path)


def material_of(recipe: Path, run: Path):
    study, layout = read_recipe(recipe), RunLayout(run)
    return read_material(study, layout, read_run(study, layout))


def test_it_writes_its_files_and_nothing_else_into_the_run(made):
    assert {path.name for path in made[1].iterdir() if path.is_file()} == WRITTEN


def test_page_is_well_formed_and_loads_nothing(made):
    for name in ("report.html", "table1.html"):
        text = (made[1] / name).read_text(encoding="utf-8")
        page = Page(text)
        assert page.open == []
        assert len(page.ids) == len(set(page.ids))
        for link in page.links:
            assert link.startswith("data:image/") or (link.startswith("#") and link[1:] in page.ids), link[:80]
        assert not re.search(r"@import|<script|<link|<iframe", text)
        assert all(address[1:] in page.ids for address in re.findall(r"url\(([^)]+)\)", text))
        assert all(image["alt"] for image in page.images)


def test_cards_tell_what_is_stated_and_what_is_not(made):
    words = " ".join(" ".join(Page(text_of(made[1])).words).split())
    card = words[words.rindex("Data card Source faces"):words.index("Target faces: target Name")]
    assert "Licence not stated" in card
    assert "AffectNet" in words[words.index("Target faces: target Name"):]
    assert "To judge, hire, watch, grade, diagnose or police anyone" in words


def test_equal_runs_give_equal_bytes(made, fresh):
    write_table(*fresh)
    for name in WRITTEN:
        assert (fresh[1] / name).read_bytes() == (made[1] / name).read_bytes(), name


def test_a_second_run_does_nothing_and_a_removed_file_comes_back(fresh, capsys):
    write_table(*fresh)
    before = {name: (fresh[1] / name).stat().st_mtime_ns for name in WRITTEN}
    capsys.readouterr()
    write_table(*fresh)
    printed = capsys.readouterr()
    assert "nothing to do" in printed.err
    assert ".1453 [.108, .183]" in printed.out
    assert printed.out.splitlines()[-8:] == [str(fresh[1] / name) for name in (
        "results.csv", "differences.csv", "table1.csv", "table1.json", "table1.md", "table1.tex", "table1.html",
        "report.html")]
    assert before == {name: (fresh[1] / name).stat().st_mtime_ns for name in WRITTEN}
    (fresh[1] / "table1.tex").unlink()
    write_table(*fresh)
    assert (fresh[1] / "table1.tex").is_file()


def test_a_run_without_scores_is_all_dashes_and_says_what_is_missing(tmp_path):
    recipe, run = tmp_path / "recipe.yaml", tmp_path / "run"
    recipe.write_text(RECIPE)
    with pytest.raises(InputError, match="there is no such run"):
        write_table(recipe, run)
    run.mkdir()
    write_table(recipe, run)
    page = Page(text_of(run))
    words = " ".join(page.words)
    assert "No cell has run yet" in words
    assert "No score: Stacked autoencoder, RGB; Stacked autoencoder, Cropped; Supervised, RGB" in words
    assert "No data set was found in this run." in words
    assert words.count("Nothing of this cell has run.") == 4
    assert page.data == []


def test_a_score_without_its_receipt_has_not_run(fresh):
    layout = RunLayout(fresh[1])
    (layout.score("supervised", "rgb") / "receipt.json").unlink()
    write_table(*fresh)
    frame = read_results(fresh[1])
    assert frame[frame["state"] == "not run"][["row", "variant"]].values.tolist() == [["supervised", "rgb"]]
    text = text_of(fresh[1])
    assert "No score: Supervised, RGB." in text
    header = " ".join(text[text.index("<header>"):text.index("</header>")].split())
    assert "Not finished: 1 of 4 cells have no score yet." in header
    assert "Best of the" in header
    assert "What it has left so far is shown." in text


def test_a_new_score_makes_the_table_anew(fresh):
    layout = RunLayout(fresh[1])
    receipt = layout.score("supervised", "rgb") / "receipt.json"
    kept = receipt.read_text()
    receipt.unlink()
    write_table(*fresh)
    receipt.write_text(kept)
    write_table(*fresh)
    assert not (read_results(fresh[1])["state"] == "not run").any()


def test_a_score_of_another_recipe_is_refused(fresh):
    fresh[0].write_text(RECIPE.replace("name: synthetic", "name: other"))
    with pytest.raises(StoredStateError, match="score of the recipe 'synthetic', expected 'other'"):
        write_table(*fresh)


def test_clusters_of_the_map_and_sample_faces_are_those_of_their_dataset_rows(made):
    material = material_of(*made)
    cell = material.cells[1]
    assert (cell.row.name, cell.column.name) == ("dense_autoencoder", "tight")
    np.testing.assert_array_equal(cell.map.source_clusters, np.arange(0, 30, 2) % 8)
    dataset = Dataset(RunLayout(made[1]).dataset("source"))
    view = variants.find("tight").view(np.asarray(dataset.faces))
    for cluster, faces in cell.samples.items():
        np.testing.assert_array_equal(faces, view[np.arange(30) % 8 == cluster])
    labels = Dataset(RunLayout(made[1]).dataset("target")).labels
    np.testing.assert_array_equal(cell.map.target_emotions, labels)
    assert cell.names["3"] == "surprise"
    assert sum(cell.sizes.values()) == 30
    assert [curve.values for curve in cell.curves] == [(1.0, 0.5, pytest.approx(1 / 3))]


def test_of_many_clusters_the_largest_are_shown(fresh, monkeypatch):
    folder = RunLayout(fresh[1]).clusters("dense_autoencoder", "rgb")
    write_arrays(folder, {"source_clusters": np.repeat(np.arange(5, dtype=np.int32), (2, 9, 3, 12, 4))})
    renew_receipt(folder)
    monkeypatch.setattr("fecemo.stages.tables.report.SHOWN", 3)
    cell = material_of(*fresh).cells[0]
    assert list(cell.samples) == [1, 3, 4]
    assert len(cell.sizes) == 5
    write_table(*fresh)
    assert "the 3 largest of 5 clusters" in text_of(fresh[1])


def test_held_out_curves_are_drawn_with_the_epoch_of_their_least_loss(made):
    cell = material_of(*made).cells[2]
    assert [(curve.measure, curve.held_out, curve.best, curve.kept_best) for curve in cell.curves] == [
        ("loss", (0.9, 0.5, 0.6), 2, True), ("accuracy", (0.2, 0.3, 0.4), 2, True)]
    text = text_of(made[1])
    assert text.count("best, epoch 2</text>") == 4  # loss and accuracy of both classifiers
    words = " ".join(" ".join(Page(text).words).split())
    assert words.count("The ring marks the epoch of the least loss on held-out faces: its weights were kept.") == 4


def test_a_map_of_other_embeddings_is_not_shown(fresh):
    layout = RunLayout(fresh[1])
    path = layout.map("dense_autoencoder", "rgb") / "receipt.json"
    document = json.loads(path.read_text())
    document["inputs"]["embeddings"] = "those of before"
    path.write_text(json.dumps(document))
    cells = material_of(*fresh).cells
    assert cells[0].map is None
    assert cells[1].map is not None


def test_page_tells_what_ran_and_what_was_rejected(made):
    words = " ".join(" ".join(Page(text_of(made[1])).words).split())
    assert f"dead link {REJECTED.count('dead link')}, not an image 1" in words
    assert "uncertain 4" in words
    # A receipt a stage of 1.5 s, but two of the cluster stage: it found the clusters, then assigned the target faces.
    assert "dense_autoencoder rgb 1.5 s 1.5 s 3.0 s 1.5 s 1.5 s 1.5 s 2024-02-29 12:34" in words
    assert "tensorflow CPU" in words
    assert "keeps 62 % of each face's ten nearest" in words
    assert "Upper bound, not a result" in words


def test_page_shows_how_groups_of_people_fare_and_what_the_clusters_follow(made):
    text = text_of(made[1])
    page = Page(text)
    words = " ".join(" ".join(page.words).split())
    assert "Groups by age" in words
    assert "Accuracy, best − worst" in words
    assert "What the clusters follow" in words
    assert "young" in text
    headings = ("Embedding: emotion", "Embedding: expression", "Embedding: nuisance", "n columns")
    assert all(heading in words for heading in headings)


def test_the_first_screen_says_the_main_thing_and_the_rest_is_folded(made):
    text = text_of(made[1])
    first = re.sub(r"<[^>]+>", "", text[text.index('<p class="lede">'):]).split("\n")[0]
    assert first.startswith("Accuracy on 344 labelled faces of 8 classes, where guessing gives .125")
    assert text.index("Pass it on only where those pictures may be passed on") < text.index('class="lede"')
    assert text.index('id="table1"') < text.index('id="reading"')
    assert text.index('aria-label="Accuracy, guessing gives') < text.index('id="reading"')
    assert text.index('class="first-faces"') < text.index('id="reading"')
    assert text.count("<details") >= 4 + 4
    assert text.count('href="#top"') >= 4
    open_words = re.sub(r"<(details|style|svg)\b.*?</\1>", "", text, flags=re.DOTALL)
    assert len(re.sub(r"<[^>]+>", " ", open_words).split()) < 600


def test_damaged_files_are_named_and_cost_their_cell_alone(fresh, capsys):
    layout = RunLayout(fresh[1])
    (layout.model("dense_autoencoder", "rgb") / "reconstructions.npy").write_bytes(b"no array")
    write_table(*fresh)
    assert re.search(r"dense_autoencoder rgb is shown as not run: the model .* is damaged: reconstructions\.npy has 8 "
                     r"bytes, and \d+ were written; run the train stage again", capsys.readouterr().err)
    first, *others = material_of(*fresh).cells
    assert (first.score, first.originals) == (None, None)
    assert all(cell.score is not None for cell in others)


def test_it_runs_without_keras(fresh):
    program = (f"import sys; from pathlib import Path; from fecemo.stages.table import run; "
               f"run((Path({str(fresh[1])!r}),), Path({str(fresh[0])!r})); "
               "sys.exit('keras' in sys.modules or 'matplotlib.pyplot' in sys.modules)")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]


def test_a_cell_that_the_recipe_leaves_out_is_neither_shown_nor_said_to_be_missing(fresh):
    recipe = yaml.safe_load(fresh[0].read_text())
    recipe["approaches"]["supervised"]["variants"] = ["rgb"]
    fresh[0].write_text(yaml.safe_dump(recipe, sort_keys=False))
    write_table(*fresh)
    text = text_of(fresh[1])
    assert 'id="supervised-rgb"' in text
    assert 'id="supervised-tight"' not in text
    assert "No score" not in text
    assert "Not finished" not in text
    assert "Best:" in text
    assert "has not run" in (fresh[1] / "table1.md").read_text()


def test_an_embedding_of_few_numbers_is_shown_by_the_regions_that_its_softmax_cuts(made):
    """Four classes to the four sides of a plane, of which the fourth is never answered: its bias is too low."""
    material = material_of(*made)
    weights = np.array([[3.0, 0], [0, 3], [-3, 0], [0, 0], *[[0.0, -9]] * 4])
    softmax = Softmax(weights, np.array([0, 0, 0, -90.0, *[0.0] * 4]))
    points = RegionPoints(np.random.default_rng(0).normal(size=(40, 2)), np.array(["happy"] * 40), softmax)
    cell = next(cell for cell in material.cells if cell.score is not None and not cell.clustered)
    regions = Regions(2, material.emotions, (material.emotions[3],), 4, 40, fit_arrows(points.embedding, {
        "valence": points.embedding[:, 0]}))
    shown = replace(cell, regions=points, records={**cell.records, "regions": regions})
    page = render_report(replace(material, cells=(shown,)))
    assert "Regions of the emotions" in page
    assert "40 faces in an embedding of 2 numbers" in page
    assert "valence, R² 1.00" in page
    assert "Each plane is drawn" not in page
    assert "Regions of the emotions" not in render_report(replace(material, cells=(replace(cell, regions=None),)))
