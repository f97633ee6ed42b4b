"""Regions of emotions in an embedding that a softmax reads: read back exactly, counted, drawn."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from fecemo.data.arrays import store_outputs, write_arrays
from fecemo.data.receipts import write_receipt
from fecemo.evaluation.figures.regions import RegionPoints, answered_at, region_map
from fecemo.evaluation.probing.regions import Softmax, fit_arrows, read_softmax
from fecemo.stages.tables.report import _read_regions

SEVEN = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")
ANGLES = 2 * np.pi * np.arange(7) / 7
SECTORS = Softmax(np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]), np.zeros(7))
FACES = np.random.default_rng(0).normal(size=(300, 2))


def same(first, second):
    """Compare what of two softmaxes can be known: differences between classes."""
    np.testing.assert_allclose(first.weights - first.weights.mean(axis=0), second.weights - second.weights.mean(axis=0),
                               atol=1e-4)
    np.testing.assert_allclose(first.biases - first.biases.mean(), second.biases - second.biases.mean(), atol=1e-4)


def test_equal_angles_are_seven_equal_sectors():
    turn = np.deg2rad(np.arange(0, 360, 0.01) + 0.005)
    answered = SECTORS.probabilities(np.column_stack([np.cos(turn), np.sin(turn)])).argmax(axis=1)
    np.testing.assert_allclose(np.bincount(answered) / 100, 360 / 7, atol=0.03)
    assert SECTORS.has_region().all()


def test_a_softmax_is_read_back_from_what_it_gave():
    softmax = Softmax(np.random.default_rng(1).normal(size=(5, 3)), np.arange(5.0))
    places = np.random.default_rng(2).normal(size=(40, 3)).astype(np.float32)
    same(read_softmax(places, softmax.probabilities(places).astype(np.float32)), softmax)


def test_what_the_softmax_does_not_read_is_told_apart():
    assert read_softmax(np.tanh(FACES), SECTORS.probabilities(FACES).astype(np.float32)) is None
    assert read_softmax(FACES[:2], SECTORS.probabilities(FACES[:2])) is None


def test_another_scale_of_the_embedding_with_its_inverse_in_the_weights_changes_no_answer():
    scaled = Softmax(SECTORS.weights / 7, SECTORS.biases)
    np.testing.assert_allclose(scaled.probabilities(7 * FACES), SECTORS.probabilities(FACES))


def test_a_class_between_two_others_has_no_region():
    """On a line of directions, the middle one is never the largest unless its bias lifts it."""
    weights = np.array([[-1.0, 0], [0, 0], [1, 0]])
    assert Softmax(weights, np.array([0.0, -0.5, 0])).has_region().tolist() == [True, False, True]
    assert Softmax(weights, np.array([0.0, 0.5, 0])).has_region().tolist() == [True, True, True]


def test_an_arrow_is_the_slope_of_what_people_gave():
    valence = 0.5 * FACES[:, 0] - 0.25 * FACES[:, 1] + 0.1
    noise = np.random.default_rng(3).normal(size=300)
    unknown = np.where(np.arange(300) < 250, valence, np.nan)
    arrows = fit_arrows(FACES, {"valence": unknown, "noise": noise, "constant": np.ones(300)})
    np.testing.assert_allclose(arrows["valence"].slope, (0.5, -0.25), atol=1e-9)
    assert arrows["valence"].r2 == pytest.approx(1)
    assert arrows["valence"].n == 250
    assert abs(arrows["noise"].r2) < 0.05
    assert "constant" not in arrows


class TestFigure:
    def test_the_ground_is_the_answer_at_each_place(self):
        answered, confidence = answered_at(SECTORS, (0, 1), np.zeros(2), np.array([-2.0, -2]), np.array([2.0, 2]))
        assert answered[120, -1] == 0, "to the right lies the first angle"
        assert answered[-1, 120] in (1, 2), "up lie the second and third"
        assert confidence[119:121, 119:121].max() < 0.16 < confidence[120, -1]

    def test_names_stand_in_their_regions_and_arrows_tell_how_much_they_explain(self):
        arrows = fit_arrows(FACES, {"valence": FACES[:, 0]})
        picture = region_map("cake_2 gray", RegionPoints(FACES, np.array(["happy"] * 300), SECTORS), SEVEN, arrows)
        words = [text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
        assert set(words) == {*SEVEN, "valence, R² 1.00"}
        assert "300 faces in an embedding of 2 numbers, over the regions of 7 of 7 emotions" in picture

    def test_arrows_end_within_the_frame_however_narrow_it_is(self):
        wide = FACES * (10.0, 1.0)
        arrows = fit_arrows(wide, {"up": wide[:, 1], "across": 0.01 * wide[:, 0]})
        picture = region_map("cake_2 gray", RegionPoints(wide, np.array(["happy"] * 300), SECTORS), SEVEN, arrows)
        width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture).groups())
        written = re.findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)', picture)
        assert sorted(word.strip() for _, _, word in written) == sorted([*SEVEN, "up, R² 1.00"])
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y, _ in written)

    def test_three_numbers_are_three_planes(self):
        weights = np.column_stack([SECTORS.weights, np.zeros(7)])
        faces = np.column_stack([FACES, FACES[:, 0]])
        points = RegionPoints(faces, np.array([""] * 300), Softmax(weights, np.zeros(7)))
        picture = region_map("cake_3 gray", points, SEVEN)
        assert picture.count("<image") >= 3
        with pytest.raises(ValueError, match="2 or 3 numbers are drawn, not of 8"):
            region_map("cake_8", RegionPoints(np.zeros((3, 8)), np.array([""] * 3), SECTORS), SEVEN)


@pytest.mark.parametrize("length", [2, 4])
def test_the_report_shows_the_faces_of_the_map_where_planes_can_be_drawn(tmp_path, length):
    """Of 300 faces, every second of the target set, three are on the map."""
    faces = np.column_stack([FACES, FACES[:, :1] ** 2, FACES[:, 1:] ** 2])[:, :length].astype(np.float32)
    softmax = Softmax(np.random.default_rng(1).normal(size=(3, length)), np.zeros(3))
    rows, shown = np.arange(0, 600, 2), np.array([4, 10, 598])
    for name in ("outputs/people", "map"):
        (tmp_path / name).mkdir(parents=True)
    files = store_outputs(tmp_path / "outputs", "people", {
        "embedding": faces, "probabilities": softmax.probabilities(faces).astype(np.float32)}, rows)
    write_receipt(tmp_path / "outputs", "embed", config={}, inputs={}, files=files, seconds=1.0)
    files = write_arrays(tmp_path / "map", {"target_rows": shown})
    write_receipt(tmp_path / "map", "map", config={}, inputs={}, files=files, seconds=1.0)
    study = SimpleNamespace(approaches={"cake_2": SimpleNamespace(tsne_output="embedding")},
                            approach_of=lambda row: SimpleNamespace(output="probabilities"), role=lambda role: "people")
    people = SimpleNamespace(labels=np.array([f"emotion {row}" for row in range(600)]))
    points = _read_regions(study, "cake_2", {name: tmp_path / name for name in ("outputs", "map")},
                           {"target": people})
    if length == 4:
        assert points is None
        return
    np.testing.assert_array_equal(points.embedding, faces[shown // 2])
    assert points.emotions.tolist() == ["emotion 4", "emotion 10", "emotion 598"]
    same(points.softmax, softmax)
