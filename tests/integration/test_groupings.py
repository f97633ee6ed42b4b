"""Clusters at several numbers of them, named at several costs, and the table that sets them beside classifiers."""

import csv
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from fecemo.clustering.groupings import group_and_name
from fecemo.clustering.settings import GroupingSettings, KMeansSettings, NamingSettings
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.groupings import GROUPINGS_NAME, read_groupings
from fecemo.evaluation.records.score import read_score
from fecemo.manifests.emotions import EMOTIONS
from fecemo.packs.arrays import write_arrays
from fecemo.packs.face_pack import FaceEntry, FacePack
from fecemo.packs.face_pack_writer import FacePackWriter
from fecemo.packs.receipts import write_receipt
from fecemo.stages import cluster, evaluate, groupings, label, table
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.cost_table import read_cost_table
from fecemo.stages.layout import RunLayout
from fecemo.stages.recipe import read_recipe
from fecemo.stages.table import read_table

ROOT = Path(__file__).parents[2]
N_SOURCE, N_TARGET = 320, 320
FIT = {"loss": "binary_crossentropy", "optimizer": "adam", "learning_rate": 1e-3, "epochs": 1}
CLASSIFY = {**FIT, "loss": "categorical_crossentropy"}
TRIPLETS = {**FIT, "loss": "triplet", "validate_on": 0.5}
RECIPE = {
    "name": "planted", "title": "Planted embeddings", "seed": 5, "variants": ["gray"],
    "source": {"faces": "faces.csv"}, "target": {"images": "target"},
    "approaches": {
        "dense_autoencoder": {"fit": {"reconstruct": FIT}},
        "contrastive": {"fit": {"contrast": {**FIT, "loss": "nt_xent", "augment": ["flip"]}}},
        "rated_embedding": {"of": "contrastive", "only": ["gray"], "fit": {"rate": TRIPLETS}},
        "geometry": {"fit": {}},
        "semi_supervised": {"fit": {"reconstruct": FIT, "classify": {**CLASSIFY, "label_fraction": 0.2}}},
        "supervised": {"fit": {"classify": CLASSIFY}},
    },
    "naming": {"method": "vote", "sample": 40}, "evaluation": {"bootstrap": 200},
    "groupings": {"n_clusters": [8, 16], "per_cluster": 3, "seeds": 3},
}
CLUSTERED = ("dense_autoencoder", "contrastive", "rated_embedding")
OTHERS = 10
"""Of the supervised row's answers so many are wrong."""


class Planted:
    """A run as the stages before would leave it: vectors that know nothing of emotions, and some that know all."""

    def __init__(self, folder, **changes):
        self.layout = RunLayout(folder / "run")
        self.recipe = folder / "recipe.yaml"
        self.recipe.write_text(yaml.safe_dump({**RECIPE, **changes}))
        labels = np.array(EMOTIONS)[np.arange(N_TARGET) % 8]
        writer = FacePackWriter(self.layout.target, [
            FaceEntry(id=f"face{row}", url=f"{row}.png", label=str(labels[row]),
                      split="test" if row % 4 == row // 8 % 4 else "train") for row in range(N_TARGET)])
        for slot in writer.missing():
            writer.put(slot, np.full((200, 200, 3), slot % 256, np.uint8))
        writer.finish("import", config={}, inputs={})
        writer.close()
        self.target = FacePack(self.layout.target)
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(8, 6)) * 5
        self.vectors = {"contrastive": [centres[np.arange(n) % 8] + rng.normal(size=(n, 6)) * 0.3
                                        for n in (N_SOURCE, N_TARGET)]}
        for row in ("dense_autoencoder", "rated_embedding"):
            self.vectors[row] = [rng.normal(size=(n, 6)) for n in (N_SOURCE, N_TARGET)]
        self.vectors["rated_embedding"] = self.vectors["contrastive"]
        for row, (source, target) in self.vectors.items():
            self.leave(row, source=source, target=target)
        train = self.target.rows_in("train")
        right = np.eye(8)[np.arange(N_TARGET) % 8]
        wrong = self.target.rows_in("test")[:OTHERS]
        right[wrong] = np.roll(right[wrong], 1, axis=1)
        self.leave("supervised", labelled=train, target=right * 0.5 + 0.0625)
        self.leave("semi_supervised", labelled=train[:64], target=np.roll(right, 1, axis=1) * 0.5 + 0.0625)

    def leave(self, row, labelled=(), **embedded):
        model, embeddings = self.layout.model(row, "gray"), self.layout.embeddings(row, "gray")
        for folder in (model, embeddings):
            folder.mkdir(parents=True, exist_ok=True)
        files = write_arrays(model, {"labelled_rows": np.array(labelled, np.int64)})
        if row == "rated_embedding":
            (model / "history.csv").write_text(
                "phase,epoch,loss,accuracy,valid_loss,valid_accuracy\nrate,1,1,.5,.30,.7\nrate,2,1,.5,.25,.625\n")
            files.append("history.csv")
        write_receipt(model, "train", config={}, inputs={}, files=files, seconds=1.0)
        arrays = {name: np.asarray(values, np.float32) for name, values in embedded.items()}
        arrays |= {f"{name}_rows": np.arange(len(values)) for name, values in embedded.items()}
        write_receipt(embeddings, "embed", config={}, inputs={}, files=write_arrays(embeddings, arrays), seconds=1.0)

    def cell(self, row):
        return CellArguments(self.recipe, self.layout.run, row, "gray")

    def group(self, row):
        groupings.run(self.cell(row))
        return read_groupings(self.layout.groupings(row, "gray"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return Planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def written(planted):
    """Return the run with both tables written."""
    for row in CLUSTERED:
        for stage in (cluster, label, groupings, evaluate):
            stage.run(planted.cell(row))
    for row in ("semi_supervised", "supervised"):
        evaluate.run(planted.cell(row))
    table.run((planted.layout.run,), planted.recipe)
    return planted


def test_planted_emotions_are_found_whatever_names_the_clusters(planted):
    record, right = planted.group("contrastive")
    eight, sixteen = record.groupings
    assert (eight.nmi.mean, eight.ari.mean, eight.stability) == pytest.approx((1, 1, 1))
    assert eight.named["few"].labels == (24, 24, 24)  # three of each cluster, with each seed
    assert eight.named["vote"].labels == (40, 40, 40)
    for naming in ("few", "vote"):
        assert (eight.named[naming].balanced_accuracy.mean, eight.named[naming].balanced_accuracy.low) == (1, 1)
    # Of sixteen clusters each still lies within one emotion: names are right, and agreement with emotions falls.
    assert sixteen.named["few"].accuracy.mean == 1
    assert sixteen.ari.mean < 0.9
    assert all(its.right.all() for its in right.values())


def test_vectors_that_know_nothing_are_at_chance_at_every_number_of_clusters(planted):
    record, _ = planted.group("dense_autoencoder")
    assert record.chance.uniform == 1 / 8
    for one in record.groupings:
        assert abs(one.ami.mean) < 0.05
        for named in one.named.values():
            assert named.balanced_accuracy.low < 1 / 8 < named.balanced_accuracy.high


def test_figures_follow_from_the_answers(planted):
    record, right = planted.group("dense_autoencoder")
    truth = right[8, "few"].truth
    for way, its in right.items():
        balanced = [np.mean([line[truth == emotion].mean() for emotion in range(8)]) for line in its.right]
        named = record.named(*way)
        assert named.balanced_accuracy.mean == pytest.approx(np.mean(balanced))
        assert named.balanced_accuracy.deviation == pytest.approx(np.std(balanced, ddof=1))
        assert named.accuracy.mean == pytest.approx(its.right.mean())


def test_the_test_split_is_scored_and_nothing_else(planted):
    record, right = planted.group("contrastive")
    assert record.n_scored == N_TARGET // 4
    for its in right.values():
        assert its.rows.tolist() == planted.target.rows_in("test").tolist()
        assert [EMOTIONS[emotion] for emotion in its.truth] == planted.target.labels[its.rows].tolist()


def test_what_any_seed_named_with_is_never_scored_where_all_other_labels_are(tmp_path):
    approaches = {"contrastive": {**RECIPE["approaches"]["contrastive"], "score_on": "others"}}
    planted = Planted(tmp_path, approaches=approaches)
    planted.leave("contrastive", labelled=range(20), **dict(zip(("source", "target"), planted.vectors["contrastive"],
                                                                 strict=True)))
    record, right = planted.group("contrastive")
    source, target = (np.asarray(values, np.float32) for values in planted.vectors["contrastive"])
    labels = np.where(planted.target.splits == "train", planted.target.labels, "")
    seen = {int(row) for one in group_and_name(source, target, labels, GroupingSettings((8, 16), 3, 3),
                                               KMeansSettings(), NamingSettings(sample=40), seed=5, what="again")
            for named in one.named.values() for row in named.seen}
    assert set(planted.target.splits[list(seen)]) == {"train"}
    assert set(right[8, "few"].rows.tolist()) == set(range(N_TARGET)) - seen - set(range(20))
    assert record.labels_training == 20


def test_an_evened_pile_is_clustered_and_all_faces_get_a_cluster(tmp_path):
    planted = Planted(tmp_path, clustering={"even": [60, 24]})
    record, _ = planted.group("contrastive")
    assert record.groupings[0].named["few"].balanced_accuracy.mean > 0.9
    assert record.source_faces == N_SOURCE


def test_long_vectors_are_grouped_along_their_principal_components(tmp_path):
    planted = Planted(tmp_path)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(600, 6)))[0].T
    planted.leave("contrastive", **{name: values @ turn for name, values in zip(
        ("source", "target"), planted.vectors["contrastive"], strict=True)})
    assert planted.group("contrastive")[0].groupings[0].named["few"].balanced_accuracy.mean == 1


def test_an_equal_rerun_does_nothing_and_other_embeddings_are_grouped_anew(tmp_path):
    planted = Planted(tmp_path)
    first, _ = planted.group("contrastive")
    path = planted.layout.groupings("contrastive", "gray") / GROUPINGS_NAME
    before = path.stat().st_mtime_ns
    assert planted.group("contrastive")[0] == first
    assert path.stat().st_mtime_ns == before
    planted.leave("contrastive", **dict(zip(("source", "target"), planted.vectors["dense_autoencoder"], strict=True)))
    assert planted.group("contrastive")[0].groupings[0].ami.mean < 0.1


def test_a_record_that_is_damaged_or_of_another_format_is_refused(tmp_path):
    planted = Planted(tmp_path)
    planted.group("contrastive")
    folder = planted.layout.groupings("contrastive", "gray")
    text = (folder / GROUPINGS_NAME).read_text()
    for spoilt in (text.replace("groupings/1", "groupings/0"), text.replace('"n_scored"', '"scored_n"'), text[:200]):
        (folder / GROUPINGS_NAME).write_text(spoilt)
        with pytest.raises(StoredStateError, match=r"groupings\.json.*run the groupings stage again"):
            read_groupings(folder)
    (folder / GROUPINGS_NAME).write_text(text)
    np.save(folder / "right.npy", np.load(folder / "right.npy")[:, :2])
    with pytest.raises(StoredStateError, match=r"right\.npy has the shape \(4, 2, 80\), expected \(4, 3, 80\)"):
        read_groupings(folder)


def test_a_classifier_or_a_recipe_without_groupings_is_refused(tmp_path):
    planted = Planted(tmp_path)
    with pytest.raises(InputError, match="supervised predicts by its own classifier"):
        groupings.run(planted.cell("supervised"))
    planted.recipe.write_text(yaml.safe_dump({name: said for name, said in RECIPE.items() if name != "groupings"}))
    with pytest.raises(InputError, match="there is no key groupings"):
        groupings.run(planted.cell("contrastive"))


def test_a_recipe_of_the_first_table_may_name_by_a_few_labels_too(tmp_path):
    planted = Planted(tmp_path, naming={"method": "few", "per_cluster": 2})
    arguments = planted.cell("contrastive")
    for stage in (cluster, label, evaluate):
        stage.run(arguments)
    score = read_score(planted.layout.score("contrastive", "gray"))
    assert (score.method, score.labels_used.naming, score.accuracy) == ("few", 16, 1)
    table.run((planted.layout.run,), planted.recipe)
    assert "from the labels of a few faces of each" in (planted.layout.run / "table1.md").read_text()


def lines_of(planted):
    with (planted.layout.run / "table2.csv").open(newline="") as file:
        return [line for line in csv.DictReader(file) if line["block"] == "measured"]


def test_rows_stand_by_what_they_were_given(written):
    lines = lines_of(written)
    given = dict.fromkeys((line["track"], line["given"]) for line in lines)
    assert list(given) == [("0", "faces"), ("1", "faces, a landmark model"), ("2", "faces, ratings of similarity"),
                           ("3", "faces, 20 % of the labels"), ("4", "all labels")]
    assert {line["approach"]: line["state"] for line in lines} == {
        "dense_autoencoder": "scored", "contrastive": "scored", "rated_embedding": "scored", "geometry": "waits",
        "semi_supervised": "scored", "supervised": "scored"}
    assert {line["triplet_accuracy"] for line in lines if line["approach"] == "rated_embedding"} == {"0.625"}
    assert {line["naming"] for line in lines if line["approach"] == "supervised"} == {"classifier"}
    text = (written.layout.run / "table2.md").read_text()
    assert "1 of the rows without figures waits for a face landmark model in landmark_model of the recipe" in text
    assert "Exp-CLIP" in text.split("As others publish")[1]


def test_marked_is_only_what_is_ahead_of_all_others(written):
    document = json.loads((written.layout.run / "table2.json").read_text())
    # The planted rows are alike: neither is ahead of the other. The supervised row is ahead of the other classifier.
    assert document["leaders"] == {"own": "supervised/gray"}
    apart = document["differences"]["supervised/gray - semi_supervised/gray"]["own"]
    assert apart["low"] > 0
    assert apart["value"] == pytest.approx((N_TARGET // 4 - OTHERS) / (N_TARGET // 4), abs=0.01)
    # Contrastive against the study's own that was given no more: the dense autoencoder.
    against = document["differences"]["contrastive/gray - dense_autoencoder/gray"]["8 few"]
    assert against["low"] > 0.5


class Numbers(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.loose = []
        self._open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._open.append(tag)
        if tag == "data":
            self.found.append(dict(attributes))

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, text):
        if not {"data", "style"} & set(self._open):
            self.loose += re.findall(r"(?<![\d.])\.\d+", text)


def test_every_number_of_the_page_is_that_of_a_record(written):
    document = json.loads((written.layout.run / "table2.json").read_text())
    rows = {f"{row['approach']}/{row['variant']}": row for row in document["rows"]}
    page = Numbers((written.layout.run / "table2.html").read_text())
    assert page.loose == []
    assert len(page.found) > 150
    for number in page.found:
        record, field = number["data-record"], number["data-field"]
        if record == "table2":
            found = document
        else:
            approach, variant, *beside = record.split("/")
            found = rows[f"{approach}/{variant}"][beside[0] if beside else "score"]
        for name in re.split(r"\.(?! )", field):
            found = found[int(name)] if isinstance(found, list) else found[name]
        assert float(number["value"]) == found, (record, field)


def test_the_report_shows_the_second_table(written):
    text = (written.layout.run / "report.html").read_text()
    assert 'href="#table2"' in text
    assert 'id="table2-balanced"' in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_cells_that_the_recipe_leaves_out_are_not_missing(tmp_path):
    approaches = {**RECIPE["approaches"], "contrastive": {**RECIPE["approaches"]["contrastive"], "only": ["gray"]}}
    planted = Planted(tmp_path, variants=["gray", "rgb"], approaches=approaches)
    study = read_recipe(planted.recipe)
    found = {(row.name, column.name) for row, column, _ in read_table(study, planted.layout).cells()}
    assert found == set(study.cells)
    assert ("contrastive", "rgb") not in found
    assert ("supervised", "rgb") in found


def test_what_was_made_anew_since_is_shown_as_not_run(tmp_path, capsys):
    planted = Planted(tmp_path)
    planted.group("contrastive")
    planted.leave("contrastive", **dict(zip(("source", "target"), planted.vectors["dense_autoencoder"], strict=True)))
    study = read_recipe(planted.recipe)
    rows = read_cost_table(study, planted.layout, read_table(study, planted.layout)).rows
    assert "contrastive gray was grouped with another embeddings than the one" in capsys.readouterr().err
    assert {row.row.name for row in rows if row.groupings} == set()


def test_the_graph_groups_every_clustered_cell_that_waits_for_nothing(tmp_path):
    printed = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", ROOT / "pipelines" / "Snakefile", "-n", "--config",
         f"recipe={ROOT / 'pipelines' / 'recipes' / 'table2_small.yaml'}", f"run={tmp_path / 'run'}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300)
    counted = dict(re.findall(r"^(\w+) +(\d+)$", printed.stdout + printed.stderr, re.MULTILINE))
    # Without a landmark model: four encoders of faces alone, their gradients, and one encoder of ratings, which stands
    # on another's embedding.
    assert (counted["groupings"], counted["cluster"], counted.get("measure"), counted["table"]) == ("6", "6", None, "1")
    assert counted["evaluate"] == counted["train"] == "10"
