"""Triplets of faces from which nothing learns, asked of rows through the stages before."""

import numpy as np
import pytest
from measured_faces import bright_rows, measure_again, write_dataset, write_ratings, write_study

from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_RECORD
from fecemo.models.approach import approaches
from fecemo.stages import embed, train, triplet_test
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.faces.triplets import read_triplets

TESTED = 30


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("triplet_test")
    layout, model = write_study(folder)
    write_dataset(layout.dataset("rated"), TESTED, False, lighter=2, first=1000)
    measure_again(layout, "rated", model)
    write_ratings(layout.dataset("rated"), 60, bright_rows(TESTED))
    for row in ("landmark_features", "landmark_encoder"):
        train.run(cell((folder, layout), row))
    embed.run(cell((folder, layout), "landmark_features"))
    return folder, layout


def cell(study, row, recipe="recipe.yaml"):
    folder, layout = study
    return CellArguments(folder / recipe, layout.run, row, "gray")


@pytest.mark.parametrize("row", ["landmark_features", "landmark_encoder"])
def test_an_embedding_that_follows_brightness_tells_what_raters_of_brightness_said(study, row):
    """Of a row without networks and of one that sees pixels."""
    _, layout = study
    triplet_test.run(cell(study, row))
    record = TRIPLET_TEST_RECORD.read(layout.triplet_test(row, "gray"))
    assert record.accuracy > 0.8, "a third would be chance"
    assert (record.n_triplets, list(record.by_type)) == (60, ["THREE_CLASS_TRIPLET"])
    output = approaches.find(row).output
    stored = read_output(layout.triplet_test(row, "gray"), "rated", output)
    np.testing.assert_array_equal(stored.rows, np.arange(TESTED))
    right = []
    faces = layout.dataset("rated")
    for first, second, odd in stored.values[read_triplets(faces, Dataset(faces).ids).rows]:
        apart = [np.linalg.norm(a - b) for a, b in ((first, second), (first, odd), (second, odd))]
        right.append(apart[0] < min(apart[1:]))
    assert record.accuracy == np.mean(right)
    assert record.interval.low < record.accuracy <= record.interval.high


def test_faces_of_which_the_landmark_model_was_unsure_are_tested_too(study, tmp_path):
    folder, _ = study
    layout, model = write_study(tmp_path)
    write_dataset(layout.dataset("rated"), TESTED, False, lighter=2, first=1000)
    measure_again(layout, "rated", model)
    write_ratings(layout.dataset("rated"), 40, list(range(TESTED)))
    arguments = CellArguments(folder / "recipe.yaml", layout.run, "landmark_features", "gray")
    train.run(arguments)
    triplet_test.run(arguments)
    assert TRIPLET_TEST_RECORD.read(layout.triplet_test("landmark_features", "gray")).n_triplets == 40


def test_a_row_of_another_row_s_embedding_waits_for_that_row(study):
    _, layout = study
    train.run(cell(study, "triplet_embedding"))
    folder = layout.triplet_test("landmark_features", "gray")
    (folder / "receipt.json").unlink(missing_ok=True)
    with pytest.raises(StoredStateError, match=r"triplet_test.landmark_features.gray"):
        triplet_test.run(cell(study, "triplet_embedding"))
    behind = triplet_test.run(cell(study, "landmark_features"))
    receipt = triplet_test.run(cell(study, "triplet_embedding"))
    assert receipt.inputs["triplet_test of landmark_features"] == behind.digest
    values = read_output(layout.triplet_test("triplet_embedding", "gray"), "rated", "embedding").values
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, rtol=1e-5)


def test_it_is_done_once(study, capsys):
    triplet_test.run(cell(study, "landmark_features"))
    capsys.readouterr()
    triplet_test.run(cell(study, "landmark_features"))
    assert "already done" in capsys.readouterr().err


def test_another_model_makes_it_stale(study):
    folder, _ = study
    triplet_test.run(cell(study, "landmark_features"))
    where = ("triplet_test", "landmark_features", "gray")
    assert cell(study, "landmark_features").artifacts.status(*where).state == "current"
    (folder / "other.yaml").write_text((folder / "recipe.yaml").read_text().replace(
        "  landmark_features: {fit: {}}", "  landmark_features: {model: {distances: 2.0}, fit: {}}"))
    train.run(cell(study, "landmark_features", "other.yaml"))
    assert "landmark_features gray was made with other settings than the recipe's: model.distances was 2.0, is 1.0" \
        in str(cell(study, "landmark_features").artifacts.status(*where))
    assert "the triplet test of landmark_features gray was made from a previous version of model" \
        in str(cell(study, "landmark_features", "other.yaml").artifacts.status(*where))
    train.run(cell(study, "landmark_features"))
    triplet_test.run(cell(study, "landmark_features"))
    assert cell(study, "landmark_features").artifacts.status(*where).state == "current"


@pytest.mark.parametrize("b", [{"first": 1000}, {"lighter": 2}])
def test_faces_that_rows_learn_from_test_nothing(study, tmp_path, b):
    """Nor do copies of them under other names. What is tested is the very embedding that such a copy has."""
    folder, _ = study
    layout, model = write_study(tmp_path)
    arguments = CellArguments(folder / "recipe.yaml", layout.run, "landmark_features", "gray")
    train.run(arguments)
    embed.run(arguments)
    known, new = [36, 37], [40, 42, 43, 45]
    write_dataset(layout.dataset("rated"), 46, False, **b)  # as the source, and six more
    write_ratings(layout.dataset("rated"), 200, known + new)
    measure_again(layout, "rated", model)
    triplet_test.run(arguments)
    rows = read_triplets(layout.dataset("rated"), Dataset(layout.dataset("rated")).ids).rows
    record = TRIPLET_TEST_RECORD.read(layout.triplet_test("landmark_features", "gray"))
    assert record.n_triplets == np.isin(rows, new).all(axis=1).sum() > 20
    assert record.n_triplets + record.n_left_out == 200
    assert record.n_faces == len(new)
    source = read_output(layout.outputs("landmark_features", "gray"), "source", "embedding")
    tested = read_output(layout.triplet_test("landmark_features", "gray"), "rated", "embedding")
    same = np.allclose(tested.values[source.rows], source.values, atol=1e-6)
    assert same == ("lighter" not in b)
    write_ratings(layout.dataset("rated"), 20, [*known, 39])
    with pytest.raises(InputError, match=r"rated: each of its 20 triplets has a face from which rows learn"):
        triplet_test.run(arguments)


def test_what_cannot_be_tested_is_refused(study, tmp_path):
    folder, _ = study
    with pytest.raises(InputError, match="few_labels predicts by its own classifier"):
        triplet_test.run(cell(study, "few_labels"))
    b, model = write_study(tmp_path)
    arguments = CellArguments(folder / "recipe.yaml", b.run, "landmark_features", "gray")
    train.run(arguments)
    with pytest.raises(StoredStateError, match=r"datasets.rated is not a finished dataset"):
        triplet_test.run(arguments)
    write_dataset(b.dataset("rated"), TESTED, False, lighter=2, first=1000)
    with pytest.raises(StoredStateError, match=r"columns.rated"):
        triplet_test.run(arguments)
    measure_again(b, "rated", model)
    with pytest.raises(InputError, match=r"landmark_features gray: .*rated has no triplets\.csv; only faces"):
        triplet_test.run(arguments)
