"""What phases learn from, by the names of data sets and columns: several sets, splits, labels, numbers, accounts."""

from types import SimpleNamespace

import numpy as np
import pytest

from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import output_lock
from fecemo.errors import InputError
from fecemo.models.loss import LossTerm
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.study.faces.columns import RunFaces
from fecemo.study.faces.data_names import DataName, read_data_name
from fecemo.study.faces.examples import annotated_rows, draw_examples
from fecemo.training.augmentations.geometric import Flip
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings

CLASSES = ("calm", "glad", "cross")
LABEL = LossTerm(CrossEntropy(), "probabilities", "label")
AFFECT = LossTerm(MeanSquaredError(), "affect", ("valence", "arousal"))
DISTANCES = LossTerm(MeanSquaredError(), "vector", ("landmark_features.distances",))


def dataset(folder, n, **columns):
    """Write a data set of n faces whose annotations are lists of words, numbers as words among them."""
    kinds = {"label": "label", "split": "split", "valence": "number", "arousal": "number", "gender": "text"}
    entries = [FaceEntry(id=f"{folder.name}{row:030d}", address=f"{row}.png",
                         annotations={name: values[row] for name, values in columns.items()}) for row in range(n)]
    labels = columns.get("label", [])
    with output_lock(folder):
        writer = DatasetWriter(folder, entries, columns={name: kinds[name] for name in columns},
                               classes=tuple(name for name in CLASSES if name in labels))
        for slot in range(n):
            writer.put(slot, np.full((200, 200, 3), slot, np.uint8))
        writer.finish("import", config={}, inputs={})
        writer.close()
    return RunFaces(Dataset(folder))


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Ten labelled faces in splits, six rated ones, four with all of it, five of which nothing is known."""
    folder = tmp_path_factory.mktemp("data")
    return {
        "target": dataset(folder / "target", 10, label=[CLASSES[row % 3] for row in range(9)] + [""],
                          split=["train"] * 6 + ["valid"] * 2 + ["test", ""]),
        "rated": dataset(folder / "rated", 6, valence=["0.5", "-1", "", "0", "1", "0.25"], arousal=["0.1"] * 6,
                         gender=["f"] * 6),
        "drawn": dataset(folder / "drawn", 4, label=["glad", "calm", "cross", "glad"], valence=["1"] * 4,
                         arousal=["1"] * 4),
        "source": dataset(folder / "source", 5),
    }


def fit(terms, *data, **over):
    return FitSettings(tuple(terms), Adam(), 1e-3, epochs=1, data=data, **over)


def draw(sets, terms, *data, seed=3, **over):
    return draw_examples(sets, fit(terms, *data, **over), seed, "a.fit.learn")


def test_a_data_set_by_itself_its_split_and_nothing_known(faces):
    examples, held = draw(faces, [LABEL], "target.train")
    assert (examples.rows.tolist(), held) == ([0, 1, 2, 3, 4, 5], None)
    assert examples.targets["label"].tolist() == [0, 1, 2, 0, 1, 2]
    assert draw(faces, [LABEL], "target")[0].targets["label"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, -1]
    pixels = LossTerm(MeanSquaredError(), "pixels", "image")
    assert draw(faces, [pixels], "source")[0].rows.tolist() == [0, 1, 2, 3, 4]
    assert draw(faces, [pixels], "source")[0].targets == {}


def test_several_sets_at_once_each_learnt_for_what_it_knows(faces):
    examples, _ = draw(faces, [LABEL, AFFECT], "target.train", "rated", "drawn")
    assert examples.datasets == {"target": 10, "rated": 6, "drawn": 4}
    assert examples.rows.tolist() == [0, 1, 2, 3, 4, 5, *range(10, 20)]
    np.testing.assert_array_equal(examples.targets["label"], [0, 1, 2, 0, 1, 2, *[-1] * 6, 1, 0, 2, 1])
    affect = examples.targets["valence+arousal"]
    assert np.isnan(affect[:6]).all()
    np.testing.assert_allclose(affect[6:8], [[0.5, 0.1], [-1, 0.1]], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(affect[8]), [True, False])


def test_labels_are_booked_to_the_set_that_they_are_of(faces):
    settings = fit([LABEL, AFFECT], "target.train", "rated", "drawn")
    examples, _ = draw_examples(faces, settings, 3, "a.fit.learn")
    booked = annotated_rows(examples, settings)
    assert {name: rows.tolist() for name, rows in booked.items()} == {
        "target": [0, 1, 2, 3, 4, 5], "rated": [0, 1, 3, 4, 5], "drawn": [0, 1, 2, 3]}
    pixels = fit([LossTerm(MeanSquaredError(), "pixels", "image")], "target.train")
    examples, _ = draw_examples(faces, pixels, 3, "a.fit.learn")
    assert annotated_rows(examples, pixels)["target"].tolist() == [], "faces that are only looked at cost no label"


def test_validation_by_the_stored_split_or_by_a_share(faces):
    learnt, held = draw(faces, [LABEL], "target.train", "drawn", validate_on="valid")
    assert (learnt.rows.tolist(), held.rows.tolist()) == ([0, 1, 2, 3, 4, 5, 10, 11, 12, 13], [6, 7])
    assert learnt.datasets == held.datasets
    learnt, held = draw(faces, [LABEL], "target.train", "drawn", validate_on=0.3)
    assert len(held) == 3
    assert not np.isin(learnt.rows, held.rows).any()


def test_a_fraction_of_labels_is_that_of_the_sets_with_a_split(faces):
    examples, _ = draw(faces, [LABEL], "target.train", "drawn", label_fraction=1 / 3)
    labels = examples.take(np.flatnonzero(examples.rows < 10)).targets["label"]
    assert sorted(labels.tolist()) == [0, 1, 2], "a third of nine labelled faces, one of each"
    assert examples.rows_in("drawn").tolist() == [0, 1, 2, 3]


def test_a_limit_is_drawn_from_all_together(faces):
    assert len(draw(faces, [LABEL], "target.train", "drawn", faces=5)[0]) == 5


def test_what_a_landmark_model_measured_is_learnt_of_faces_that_it_detected(faces):
    measurements = SimpleNamespace(detected=np.array([1, 0, 1, 1, 1], bool),
                                   groups=lambda names: np.arange(10, dtype=np.float32).reshape(5, 2))
    measured = {**faces, "source": RunFaces(faces["source"].dataset, measurements)}
    examples, _ = draw(measured, [DISTANCES], "source")
    assert examples.rows.tolist() == [0, 2, 3, 4]
    np.testing.assert_array_equal(examples.targets["landmark_features.distances"], [[0, 1], [4, 5], [6, 7], [8, 9]])
    assert annotated_rows(examples, fit([DISTANCES], "source"))["source"].tolist() == [], "nobody said it"
    with pytest.raises(InputError, match="no flip here"):
        draw(measured, [DISTANCES], "source", augment=(Flip(),))


@pytest.mark.parametrize(("terms", "data", "over", "message"), [
    ([LossTerm(MeanSquaredError(), "x", "valense")], ("rated",), {}, "no column 'valense': did you mean 'valence'"),
    ([LossTerm(MeanSquaredError(), "x", "gender")], ("rated",), {}, "'gender' holds words"),
    ([AFFECT], ("target.train",), {}, "target.train have no column 'valence'"),
    ([LABEL], ("target", "source.triplets"), {}, "triplets are examples of three faces"),
    ([AFFECT], ("rated",), {"label_fraction": 0.2}, r"a\.fit\.learn\.label_fraction: this phase learns from unlab"),
    ([AFFECT], ("rated",), {"validate_on": "valid"}, "unlabelled faces have no stored validation split"),
    ([LABEL], ("target.train",), {"label_fraction": 1.0}, "1 of 9 labelled faces are 9, and .* holds 6"),
])
def test_what_cannot_be_given_is_said(faces, terms, data, over, message):
    with pytest.raises(InputError, match=message):
        draw(faces, terms, *data, **over)


def test_classes_that_the_first_set_does_not_have_are_refused(faces, tmp_path):
    fewer = dataset(tmp_path / "fewer", 2, label=["calm", "glad"])
    assert draw({**faces, "fewer": fewer}, [LABEL], "drawn", "fewer")[0].targets["label"].tolist() == [1, 0, 2, 1, 0, 1]
    with pytest.raises(InputError, match=r"drawn has faces of cross, and fewer has not \(calm, glad\)"):
        draw({**faces, "fewer": fewer}, [LABEL], "fewer", "drawn")


def test_names_of_data():
    assert read_data_name("affectnet") == DataName("affectnet")
    assert str(read_data_name("affectnet.train", ("affectnet",))) == "affectnet.train"
    assert read_data_name("fec.triplets").faces_each == 3
    for name, message in (("target.test", "nothing learns from the test split"), ("target.", "no part"),
                          ("target.tain", "did you mean 'train'"), ("sorce", "no data set 'sorce': did you mean")):
        with pytest.raises(InputError, match=message):
            read_data_name(name, ("source", "target"))


def test_a_column_of_one_data_set_has_its_own_classes_and_is_known_of_no_other(faces, tmp_path):
    fewer = dataset(tmp_path / "fewer", 2, label=["cross", "glad"])
    terms = [LossTerm(CrossEntropy(), "a", "fewer.label"), LossTerm(CrossEntropy(), "b", "drawn.label")]
    settings = fit(terms, "fewer", "drawn")
    examples, _ = draw_examples({**faces, "fewer": fewer}, settings, 3, "a.fit.learn")
    assert examples.targets["fewer.label"].tolist() == [1, 0, -1, -1, -1, -1], "of glad and cross"
    assert examples.targets["drawn.label"].tolist() == [-1, -1, 1, 0, 2, 1], "of calm, glad and cross"
    assert {name: rows.tolist() for name, rows in annotated_rows(examples, settings).items()} == {
        "fewer": [0, 1], "drawn": [0, 1, 2, 3]}
    with pytest.raises(InputError, match=r"no column 'drwan\.label'"):
        draw(faces, [LossTerm(CrossEntropy(), "a", "drwan.label")], "drawn")
