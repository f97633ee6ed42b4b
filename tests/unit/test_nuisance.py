"""What groups and embeddings follow: a planted factor is found, and nothing is found where nothing is."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from cell_evidence import N, cell_evidence
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score

from fecemo.evaluation.cell_metric import numbers_of, read_records
from fecemo.evaluation.cell_metrics.nuisance import (
    METRIC,
    factors_figure,
    factors_grid,
    measure_nuisance,
    nuisance_grids,
)
from fecemo.evaluation.probing.factors import BINS, FOLDS, column_figures, shared_information, strongest

PERSON = np.array([f"person {face // 8}" for face in range(N)])


def test_groups_that_are_the_identity_share_all_with_it_and_nothing_with_the_emotion():
    result = measure_nuisance(cell_evidence(vectors="identity", columns={"identity": PERSON}))
    assert result is not None
    assert result.grouping == "clusters"
    identity, emotion = result.factors["identity"], result.factors["emotion"]
    assert (identity.nmi, identity.ami) == (pytest.approx(1), pytest.approx(1))
    assert identity.predictable == pytest.approx(1)
    assert emotion.nmi == pytest.approx(0, abs=1e-6)
    assert emotion.ami < 0.01
    assert emotion.predictable is not None
    assert emotion.predictable < 0.05
    assert result.largest == pytest.approx(1)


def test_groups_that_are_the_emotion_share_nothing_with_the_identity():
    evidence = cell_evidence(vectors="emotion", clusters=np.arange(N) % 8, columns={"identity": PERSON})
    result = measure_nuisance(evidence)
    assert result is not None
    assert result.factors["emotion"].ami == pytest.approx(1)
    assert result.factors["emotion"].predictable == pytest.approx(1)
    assert result.factors["identity"].ami < 0.01


def test_the_largest_of_several_columns_says_of_how_many_and_expression_stands_beside_it():
    expression = np.array([f"unit {face % 8}" for face in range(N)])
    result = measure_nuisance(cell_evidence(vectors="emotion", columns={
        "identity": PERSON, "light.exposure": np.random.default_rng(1).random(N), "expression.brow": expression}))
    assert result is not None
    assert result.competitors == 2  # neither emotion nor expression
    assert result.factors["expression"].predictable == pytest.approx(1)
    assert result.most_predictable < 0.2
    numbers = {path: value for path, value, _ in numbers_of(result)}
    assert numbers[METRIC.columns["Embedding: expression"]] == result.factors["expression"].predictable
    assert numbers[METRIC.columns["n columns"]] == 2
    assert "R² for numbers" in METRIC.caption


def test_renumbering_the_clusters_changes_nothing():
    clusters = np.random.default_rng(0).integers(5, size=N)
    columns = {"identity": PERSON, "light.exposure": np.random.default_rng(1).random(N)}
    there = measure_nuisance(cell_evidence(clusters=clusters, columns=columns))
    back = measure_nuisance(cell_evidence(clusters=np.array([3, 0, 4, 1, 2])[clusters], columns=columns))
    assert there is not None
    assert back is not None
    assert asdict(there) == asdict(back)


def test_a_cell_without_clusters_is_asked_what_its_answers_follow():
    result = measure_nuisance(cell_evidence(vectors="emotion", predicts_by="classifier", columns={"identity": PERSON}))
    assert result is not None
    assert (result.grouping, result.n_groups) == ("answers", 8)
    assert result.factors["emotion"].ami == pytest.approx(1)


def test_nothing_is_measured_where_nothing_is_known():
    assert measure_nuisance(cell_evidence()) is None
    assert measure_nuisance(cell_evidence(columns={"age": np.full(N, np.nan)})) is None


def test_numbers_are_compared_in_bins_of_equal_count():
    values, groups = np.arange(80.0) ** 3, np.arange(80) // 10
    nmi, ami = shared_information(groups, values)
    assert (nmi, ami) == (pytest.approx(1), pytest.approx(1))
    halves = np.arange(80) // 40
    bins = np.arange(80) // (80 // BINS)
    assert shared_information(halves, values) == (
        pytest.approx(normalized_mutual_info_score(bins, halves), abs=1e-6),
        pytest.approx(adjusted_mutual_info_score(bins, halves), abs=1e-6))


def test_faces_of_unknown_value_are_left_out():
    values = np.r_[np.repeat([1.0, 2.0], 20), np.full(40, np.nan)]
    groups = np.r_[np.repeat([0, 1], 20), np.random.default_rng(0).integers(2, size=40)]
    assert shared_information(groups, values)[0] == pytest.approx(1)
    column, = column_figures({"age": values}, groups, None, seed=0)
    assert (column.n_faces, column.kind, column.predictable) == (40, "number", None)


def test_one_group_says_nothing():
    assert shared_information(np.zeros(40, int), np.arange(40.0)) == (0, 0)


def test_r2_is_that_of_a_linear_relation_on_faces_that_were_not_learned_from():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 3)).astype(np.float32)
    signal = vectors @ [1.0, 2.0, 0.0]
    noisy = signal + rng.normal(scale=np.sqrt(5), size=400)  # as much noise as signal: R² one half
    columns = {"a.signal": signal.astype(float), "a.noisy": noisy, "b.noise": rng.normal(size=400)}
    figures = {column.name: column for column in column_figures(columns, np.zeros(400), vectors, seed=0)}
    assert figures["a.signal"].predictable == pytest.approx(1, abs=1e-3)
    assert figures["a.noisy"].predictable == pytest.approx(0.5, abs=0.1)
    assert figures["b.noise"].predictable == pytest.approx(0, abs=0.05)
    factors = strongest(list(figures.values()))
    assert list(factors) == ["a", "b"]
    assert factors["a"].predicted == "a.signal"


def test_a_category_is_predicted_from_what_tells_it_and_its_rare_values_take_no_part():
    codes = np.r_[np.zeros(60, int), np.ones(20, int), np.full(FOLDS - 1, 2)]
    words = np.array(["none", "round", "rare"])[codes]
    column, = column_figures({"glasses": words}, codes, np.eye(3)[codes].astype(np.float32), seed=0)
    assert (column.balanced_accuracy, column.predictable) == (1, 1)
    blind, = column_figures({"glasses": words}, codes, np.random.default_rng(0).normal(size=(84, 3)), seed=0)
    assert blind.balanced_accuracy == pytest.approx(0.5, abs=0.15)
    assert blind.predictable == pytest.approx(2 * blind.balanced_accuracy - 1, abs=1e-5)


@pytest.mark.parametrize("values", [
    np.full(N, "one"), np.full(N, 3.0), np.full(N, ""), np.array([f"id {face}" for face in range(N)]),
    np.r_[np.arange(10.0), np.full(N - 10, np.nan)]], ids=["one word", "one number", "unknown", "ids", "few"])
def test_columns_that_say_nothing_are_left_out(values):
    assert column_figures({"it": values}, np.arange(N) % 8, None, seed=0) == ()


def test_a_record_reads_back_as_it_was(tmp_path):
    result = measure_nuisance(cell_evidence(columns={"identity": PERSON}))
    METRIC.record.write(tmp_path, result)
    assert read_records(tmp_path)["nuisance"] == result


def test_the_figures_say_their_values():
    result = measure_nuisance(cell_evidence(columns={"identity": PERSON}))
    assert result is not None
    assert "identity 1.00, predictable 1.00" in factors_figure("planted rgb", result)
    groups, embeddings = nuisance_grids([("Planted", "RGB", result), ("Planted", "Gray", replace(result))])
    for picture in (groups, embeddings):
        assert ">100<" in picture  # percent
        assert picture.count(">RGB<") == picture.count(">Gray<") == 1
    assert ">·<" in factors_grid("one", "Values", [("A", "b", {"emotion": -0.2, "age": None})])
    assert nuisance_grids([]) is None
