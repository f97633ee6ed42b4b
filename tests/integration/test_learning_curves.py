"""Learning curves of a run: what fewer faces make of clusters and of answers, read from records and written."""

import json
import re

import numpy as np
import pytest
import yaml

from fecemo.errors import InputError
from fecemo.evaluation.results import read_results
from fecemo.stages import cluster, cluster_sweep, evaluate, label, table, train
from fecemo.stages.tables.learning_curves import read_learning_curves
from fecemo.stages.tables.results import read_run
from fecemo.study.recipe_file import read_recipe
from tests.integration.planted_run import N_SOURCE, Planted

LEARNING = {"contrastive": {"cluster_on": [20, 80]}, "supervised": {"classify.faces": [24]}}
CLUSTERS, FEWER, MORE = ("contrastive-cluster_on-20", "contrastive-cluster_on-80", "supervised-classify.faces-24")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run whose table is written with curves of what has run; nothing was trained on fewer faces yet."""
    planted = Planted(tmp_path_factory.mktemp("curves"), learning=LEARNING)
    for stage in (cluster, label, cluster_sweep, evaluate):
        stage.run(planted.cell("contrastive"))
    cluster_sweep.run(planted.cell(CLUSTERS))
    cluster_sweep.run(planted.cell(FEWER))
    evaluate.run(planted.cell("supervised"))
    wrong = np.roll(planted.answers, 3, axis=1)
    planted.leave(MORE, labelled=planted.target.rows_in("train")[:24], faces={"classify": 24}, seconds=75.0,
                  target=np.where(np.arange(len(wrong))[:, None] % 2, wrong, planted.answers))
    evaluate.run(planted.cell(MORE))
    table.run((planted.layout.run,), planted.recipe)
    return planted


def curves_of(planted):
    study = read_recipe(planted.recipe)
    cells = tuple(read_run(study, planted.layout).cells.values())
    return {curve.row.name: curve for curve in read_learning_curves(study, planted.layout, cells)}


def test_a_curve_ends_with_its_row(run):
    clusters, faces = curves_of(run)["contrastive"], curves_of(run)["supervised"]
    assert (clusters.unit, [point.amount for point in clusters.points]) == ("faces clustered", [20, 80, N_SOURCE])
    assert (faces.unit, [point.amount for point in faces.points]) == ("labelled faces", [24, 240])
    assert [point.cell.row.name for point in clusters.points] == [CLUSTERS, FEWER, "contrastive"]
    assert [point.seconds for point in faces.points] == [75, 1]
    assert {point.seconds for point in clusters.points} == {None}, "no network was trained for fewer clustered faces"


def test_fewer_faces_are_clustered_and_all_are_scored(run):
    points = curves_of(run)["contrastive"].points
    assert [point.cell.sweep.source_faces for point in points] == [20, 80, N_SOURCE]
    assert len({point.cell.sweep.n_scored for point in points}) == 1
    # Planted groups lie far apart: eight clusters of twenty faces find them nearly as well as those of all.
    assert points[-1].cell.balanced_accuracy((8, "labels_per_cluster")) == 1
    assert points[1].cell.balanced_accuracy((8, "labels_per_cluster")) > 0.9


def test_answers_of_a_step_are_its_own(run):
    half, row = (point.cell.score.accuracy for point in curves_of(run)["supervised"].points)
    assert half == pytest.approx(row / 2, abs=0.08)


def test_steps_are_no_rows_of_the_tables(run):
    document = json.loads((run.layout.run / "table2.json").read_text())
    tables = {table["name"]: table for table in document["tables"]}
    assert len(tables["table2"]["lines"]) == len(read_recipe(run.recipe).cells)
    assert [line["names"] for line in tables["table2-learning"]["lines"]][:3] == [
        ["Contrastive encoder: faces clustered", amount] for amount in ("20", "80", str(N_SOURCE))]
    assert "clustered" not in (run.layout.run / "table1.csv").read_text()


def test_every_way_of_writing_it_down_holds_the_points(run):
    frame = read_results(run.layout.run)
    seconds_of_row = frame[(frame["setting"] == "classify.faces") & (frame["metric"] == "training_seconds")]
    assert seconds_of_row[["amount", "unit", "value"]].values.tolist() == [
        [24, "labelled faces", 75.0], [240, "labelled faces", 1.0]]
    markdown = (run.layout.run / "table2.md").read_text()
    assert "## Learning curves" in markdown
    assert re.search(r"Supervised: labelled faces +\| +24 +\|.*\| +1 min 15 s \|", markdown)
    page = (run.layout.run / "table2.html").read_text()
    assert 'aria-label="Balanced accuracy with less of one thing. ' in page
    assert re.search(r"with 20, [\d.]+ with 80, 1\.000 with 320 faces clustered", page)


def test_a_step_that_has_not_run_is_a_dash(tmp_path):
    planted = Planted(tmp_path, learning=LEARNING)
    cluster_sweep.run(planted.cell("contrastive"))
    table.run((planted.layout.run,), planted.recipe)
    assert [point.amount for point in curves_of(planted)["contrastive"].points] == [None, None, N_SOURCE]
    text = (planted.layout.run / "table2.md").read_text().split("## Learning curves")[1]
    assert "| 20 asked for | —" in re.sub(" +", " ", text)


def test_a_step_that_had_no_less_is_no_point(tmp_path, capsys):
    planted = Planted(tmp_path, learning={"supervised": {"classify.faces": [24, 999]}})
    for row, n_faces in (("supervised", 240), (MORE, 24), ("supervised-classify.faces-999", 240)):
        planted.leave(row, labelled=planted.target.rows_in("train")[:n_faces], faces={"classify": n_faces},
                      target=planted.answers)
        evaluate.run(planted.cell(row))
    assert [point.amount for point in curves_of(planted)["supervised"].points] == [24, 240]
    assert "had 240, no less than the 240 of supervised gray; it is no point" in capsys.readouterr().err


def test_a_step_of_other_settings_is_no_point_until_it_runs_again(tmp_path, capsys):
    planted = Planted(tmp_path, learning=LEARNING)
    planted.leave(MORE, labelled=planted.target.rows_in("train")[:24], faces={"classify": 24}, target=planted.answers)
    for row in ("supervised", MORE):
        evaluate.run(planted.cell(row))
    assert [point.amount for point in curves_of(planted)["supervised"].points] == [24, 240]
    document = yaml.safe_load(planted.recipe.read_text())
    document["approaches"]["supervised"]["fit"]["classify"]["batch_size"] = 64
    planted.recipe.write_text(yaml.safe_dump(document, sort_keys=False))
    planted.leave("supervised", labelled=planted.target.rows_in("train"), faces={"classify": 240},
                  target=planted.answers)
    evaluate.run(planted.cell("supervised"))
    curve = curves_of(planted)["supervised"]
    assert [point.amount for point in curve.points] == [None, 240]
    assert curve.points[0].cell.score is None
    assert f"the model of {MORE} gray was made with other settings than the recipe's" in capsys.readouterr().err
    table.run((planted.layout.run,), planted.recipe)
    assert "24 asked for" in (planted.layout.run / "table2.md").read_text()


def test_a_step_that_runs_later_is_written(tmp_path):
    planted = Planted(tmp_path, learning=LEARNING)
    cluster_sweep.run(planted.cell("contrastive"))
    table.run((planted.layout.run,), planted.recipe)
    assert "| 80 asked for" in (planted.layout.run / "table2.md").read_text()
    cluster_sweep.run(planted.cell(FEWER))
    table.run((planted.layout.run,), planted.recipe)
    assert "| 80 asked for" not in (planted.layout.run / "table2.md").read_text()


def test_only_clusters_are_made_of_fewer_clustered_faces(tmp_path):
    planted = Planted(tmp_path, learning=LEARNING)
    for stage in (cluster, label, evaluate, train):
        with pytest.raises(InputError, match="contrastive, with fewer faces clustered: only the cluster_sweep stage"):
            stage.run(planted.cell(CLUSTERS))


def test_clusters_of_fewer_faces_are_stale_with_the_row(tmp_path, capsys):
    planted = Planted(tmp_path, learning=LEARNING)
    planted.group("contrastive")
    planted.group(CLUSTERS)
    source, target = planted.vectors["contrastive"]
    planted.leave("contrastive", source=source + 1, target=target + 1)
    assert [point.amount for point in curves_of(planted)["contrastive"].points] == [None, None, None]
    assert f"{CLUSTERS} gray was made from a previous version of outputs" in capsys.readouterr().err
