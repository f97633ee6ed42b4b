"""What a person's acts buy, from planted embeddings to the tables and the report."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from fecemo.data.cluster_names import HandNames
from fecemo.data.durable import atomic_write
from fecemo.errors import InputError
from fecemo.evaluation.metrics.cost_curve import COST_CURVE
from fecemo.evaluation.results import read_results
from fecemo.stages import cost_curve, table
from tests.integration.planted_run import N_TARGET, RECIPE, Planted

ROWS = ("contrastive", "dense_autoencoder")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FECEMO_MODELS", str(tmp_path_factory.mktemp("models")))
        made = Planted(tmp_path_factory.mktemp("planted"), cost_curve={
            "acts": [0, 8, 40], "seeds": 2, "seconds_per_cluster": 20.0, "seconds_per_face": 3.0})
        for row in ROWS:
            cost_curve.run(made.cell(row))
        table.run((made.layout.run,), made.recipe)
        yield made


@pytest.fixture(scope="module")
def curve(planted):
    return COST_CURVE.read(planted.layout.cost_curve("contrastive", "gray"))


def test_emotions_that_the_vectors_tell_are_told_by_a_look_at_each_cluster(curve):
    looks = {point.acts: point for point in curve.points if point.strategy == "looks"}
    assert sorted(looks) == [8, 40]
    assert looks[8].balanced_accuracy.mean == 1
    assert (looks[8].clusters_named, looks[8].faces_labelled, looks[8].seconds) == (8, 0, 160)
    assert curve.ami.mean == pytest.approx(1)
    assert (curve.pile_faces, curve.n_scored) == (N_TARGET * 3 // 4, N_TARGET // 4)


def test_labels_cost_their_own_seconds_and_all_of_them_are_asked_for_at_last(curve):
    labelled = {point.acts: point for point in curve.points if point.strategy == "random_labels"}
    assert sorted(labelled) == [8, 40, 240]
    assert [labelled[acts].seconds for acts in (8, 40, 240)] == [24, 120, 720]
    assert labelled[240].balanced_accuracy.mean == 1


def test_vectors_that_know_nothing_stay_at_chance_whatever_is_spent(planted):
    curve = COST_CURVE.read(planted.layout.cost_curve("dense_autoencoder", "gray"))
    assert abs(curve.ami.mean) < 0.05
    for point in curve.points:
        assert point.balanced_accuracy.low < 1 / 8 + 0.06
        assert point.balanced_accuracy.mean < 0.25


def test_every_point_is_in_the_results_the_table_and_the_report_s_first_figure(planted, curve):
    frame = read_results(planted.layout.run)
    rows = frame[(frame["stage"] == "cost_curve") & (frame["row"] == "contrastive") & (frame["naming"] != "")]
    assert len(rows) == 6 * len(curve.points)
    shown = rows[(rows["metric"] == "balanced_accuracy") & (rows["naming"] == "labels of faces at random")]
    assert shown["amount"].tolist() == [8, 40, 240]
    assert shown["labels_used"].tolist() == [8, 40, 240]
    text = (planted.layout.run / "table1.md").read_text()
    assert "clusters, a look each (simulated)" in text
    assert "20 s for a cluster that is looked at and named and 3 s for a face that is labelled" in text
    page = (planted.layout.run / "report.html").read_text()
    assert page.count('aria-label="Balanced accuracy of') == 1
    assert page.index('aria-label="Balanced accuracy of') < page.index('id="reading"')


def test_seconds_that_people_s_sessions_recorded_take_the_place_of_the_recipe_s(planted):
    path = planted.layout.hand_names("contrastive", "gray")
    names = {str(cluster): "happy" for cluster in range(5)}
    few_faces = HandNames("contrastive", "gray", "0" * 64, names, seconds={**dict.fromkeys(names, 11.0), "7": 5.0,
                                                                            "faces": 4.0},
                          faces={f"face{number}": "sad" for number in range(4)})

    def seconds_of(document):
        atomic_write(path, document)
        table.run((planted.layout.run,), planted.recipe)
        rows = read_results(planted.layout.run).query("metric == 'person_seconds' and amount == 40")
        seconds = rows.set_index(["row", "naming"])["value"]
        return [seconds[row, name] for row in ROWS for name in ("clusters, a look each (simulated)",
                                                                "labels of faces at random")]

    try:
        assert seconds_of(few_faces.as_json()) == [480, 120, 480, 120]  # 60 s for 5 names; 4 faces are too few to count
        assert seconds_of(replace(few_faces, seconds={"faces": 20.0}, faces={
            f"face{number}": "sad" for number in range(10)}).as_json()) == [800, 80, 800, 80]
        assert seconds_of("{}") == [800, 120, 800, 120]
    finally:
        path.unlink()


def test_no_face_of_the_test_split_is_looked_at_and_an_equal_rerun_does_nothing(planted, monkeypatch):
    persons = []
    monkeypatch.setattr(cost_curve, "Person", lambda labels, *rest: persons.append(len(labels)))
    path = planted.layout.cost_curve("contrastive", "gray") / "cost_curve.json"
    before = path.stat().st_mtime_ns
    cost_curve.run(planted.cell("contrastive"))
    assert (path.stat().st_mtime_ns, persons) == (before, [])
    target = planted.target
    assert np.flatnonzero(target.naming_faces).tolist() == target.rows_in("train").tolist()


def test_an_encoder_that_somebody_brings_as_a_file_has_a_cost_curve_too(tmp_path):
    network = {"file": str(tmp_path / "encoder.onnx"), "sha256": "0" * 64, "trained_on": "12 lamps"}
    (tmp_path / "encoder.onnx").touch()
    planted = Planted(tmp_path, cost_curve={"acts": [8], "seeds": 1}, approaches={
        **RECIPE["approaches"], "brought": {"approach": "external_embedding", "model": network, "fit": {}}})
    source, target = planted.vectors["contrastive"]
    planted.leave("brought", source=source, target=target)
    cost_curve.run(planted.cell("brought"))
    points = {point.strategy: point for point in COST_CURVE.read(planted.layout.cost_curve("brought", "gray")).points}
    assert points["looks"].balanced_accuracy.mean == 1
    assert "suggestions" not in points, "nothing is suggested without landmarks"


def test_a_recipe_without_the_key_and_acts_that_nobody_can_spend_are_refused(tmp_path):
    planted = Planted(tmp_path, cost_curve={"acts": [1], "strategies": ["looks"]})
    with pytest.raises(InputError, match="no strategy can spend 1 acts on 240 faces"):
        cost_curve.run(planted.cell("contrastive"))
    planted.recipe.write_text(yaml.safe_dump(RECIPE))
    with pytest.raises(InputError, match="there is no key cost_curve"):
        cost_curve.run(planted.cell("contrastive"))
