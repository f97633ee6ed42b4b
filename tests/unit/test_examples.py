"""Examples: what is held out of them, and triplets and views on their way through a training."""

import keras
import numpy as np
import pytest

from fecemo.data.variants import variants
from fecemo.models.layers import chain
from fecemo.models.loss import LossTerm
from fecemo.models.losses.numbers import BinaryCrossentropy, Concordance, VectorError
from fecemo.models.losses.triplets import TripletLoss
from fecemo.models.losses.views import NTXent
from fecemo.training.augmentations.geometric import Crop, Flip
from fecemo.training.augmentations.photometric import GRAY, Mask
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples, held_out, held_out_apart, join
from fecemo.training.fit import train
from fecemo.training.optimizers import Adam
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase

FACES = 24
SIDE = 20


class TestJoin:
    """Faces of one set with labels, of another with two numbers, and of a third with both."""

    labelled = Examples(np.array([1, 4]), {"label": np.array([2, 0], np.int32)}, {"affectnet": 5})
    rated = Examples(np.array([0, 3, 2]), {"affect": np.float32([[0, 1], [1, 0], [0.5, np.nan]])}, {"rated": 4})
    both = Examples(np.array([7]), {"label": np.array([1], np.int32), "affect": np.float32([[0, 0]])}, {"drawn": 9})

    def test_rows_are_counted_through_and_what_a_set_does_not_know_is_unknown(self):
        joined = join([self.labelled, self.rated, self.both])
        assert joined.datasets == {"affectnet": 5, "rated": 4, "drawn": 9}
        assert joined.rows.tolist() == [1, 4, 5, 8, 7, 16]
        assert joined.targets["label"].tolist() == [2, 0, -1, -1, -1, 1]
        np.testing.assert_array_equal(joined.known("label"), [1, 1, 0, 0, 0, 1])
        np.testing.assert_array_equal(joined.known("affect"), [0, 0, 1, 1, 0, 1])  # half known is not known
        assert joined.targets["label"].dtype == np.int32
        assert joined.targets["affect"].dtype == np.float32

    def test_what_was_learnt_is_told_by_data_set(self):
        joined = join([self.labelled, self.rated, self.both])
        labelled = joined.take(np.flatnonzero(joined.known("label")))
        assert {name: labelled.rows_in(name).tolist() for name in joined.datasets} == {
            "affectnet": [1, 4], "rated": [], "drawn": [7]}
        assert labelled.rows_in("elsewhere").tolist() == []

    def test_two_splits_of_one_set_count_its_rows_once(self):
        joined = join([self.labelled, self.both, Examples(np.array([0, 4]), {}, {"affectnet": 5})])
        assert joined.datasets == {"affectnet": 5, "drawn": 9}
        assert joined.rows.tolist() == [1, 4, 12, 0, 4]
        assert joined.rows_in("affectnet").tolist() == [0, 1, 4]

    def test_triplets_join_triplets_alone(self):
        triplets = Examples(np.arange(6).reshape(2, 3), {"triplet": np.zeros(2, np.int32)}, {"fec": 6})
        joined = join([triplets, Examples(triplets.rows, triplets.targets, {"own": 8})])
        assert joined.rows.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
        assert joined.rows_in("own").tolist() == [0, 1, 2, 3, 4, 5]
        with pytest.raises(ValueError, match="of one face and of several"):
            join([triplets, self.labelled])

    def test_targets_of_different_kinds_do_not_join(self):
        with pytest.raises(ValueError, match="'affect' is of different kinds"):
            join([self.rated, Examples(np.array([0]), {"affect": np.float32([1])}, {"other": 1})])

    def test_faces_held_out_stay_faces_of_their_sets(self):
        learnt, held = held_out(join([self.labelled, self.rated, self.both]), 0.5, 0)
        assert learnt.datasets == held.datasets == {"affectnet": 5, "rated": 4, "drawn": 9}


class TestHeldOut:
    labels = np.repeat(np.arange(3, dtype=np.int32), [60, 30, 10])

    def test_every_label_loses_its_share_and_no_example_is_lost(self):
        examples = Examples(np.arange(100) + 1000, {"label": self.labels})
        learnt, held = held_out(examples, 0.2, 7)
        assert np.bincount(held.targets["label"]).tolist() == [12, 6, 2]
        np.testing.assert_array_equal(np.union1d(learnt.rows, held.rows), examples.rows)
        assert len(learnt) + len(held) == 100
        for part in (learnt, held):
            assert (np.diff(part.rows) > 0).all()
            np.testing.assert_array_equal(part.targets["label"], self.labels[part.rows - 1000])

    def test_the_seed_decides(self):
        examples = Examples(np.arange(50))
        rows = [held_out(examples, 0.3, seed)[1].rows.tolist() for seed in (1, 1, 2)]
        assert rows[0] == rows[1] != rows[2]
        assert len(rows[0]) == 15

    def test_triplets_are_held_out_whole(self):
        triplets = Examples(np.arange(30).reshape(10, 3), {"triplet": np.arange(10, dtype=np.int32)})
        learnt, held = held_out(triplets, 0.3, 0)
        assert held.rows.shape == (3, 3)
        np.testing.assert_array_equal(held.rows[:, 0], 3 * held.targets["triplet"])
        assert learnt.faces_each == 3


class TestHeldOutApart:
    """Two thousand triplets of three thousand faces: each face is in two of them."""

    triplets = Examples(np.random.default_rng(0).integers(0, 3000, (2000, 3)), {"triplet": np.arange(2000) % 3})

    @pytest.mark.parametrize("fraction", [0.05, 0.2])
    def test_no_face_is_on_both_sides_and_no_more_is_given_up_than_said(self, fraction):
        learnt, held = held_out_apart(self.triplets, fraction, 3)
        assert not np.isin(learnt.rows, held.rows).any()
        assert (1 - fraction) * 2000 <= len(learnt) < (1 - fraction) * 2000 + 10, "and hardly less"
        # Naming one triplet gives up those that share its faces: 2 for each of three, 7 in all.
        assert len(held) >= 0.1 * fraction * 2000
        pairs = {(tuple(row), kind) for row, kind in zip(self.triplets.rows.tolist(),
                                                        self.triplets.targets["triplet"].tolist(), strict=True)}
        for part in (learnt, held):
            assert pairs >= {(tuple(row), kind) for row, kind in zip(
                part.rows.tolist(), part.targets["triplet"].tolist(), strict=True)}

    def test_triplets_whose_faces_are_all_set_aside_are_held_out_too(self):
        """Two clusters of triplets: what is set aside is one of them, whole."""
        rows = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1], [3, 4, 5], [4, 5, 3], [5, 3, 4]])
        learnt, held = held_out_apart(Examples(rows), 0.5, 0)
        assert sorted((len(learnt), len(held))) == [3, 3]

    def test_the_seed_decides(self):
        held = [held_out_apart(self.triplets, 0.1, seed)[1].rows.tolist() for seed in (1, 1, 2)]
        assert held[0] == held[1] != held[2]

    def test_nothing_is_held_out_that_costs_too_much(self):
        learnt, held = held_out_apart(Examples(np.array([[0, 1, 2], [2, 3, 4], [4, 5, 0]])), 0.4, 0)
        assert (len(learnt), len(held)) == (3, 0)


def bar_model():
    keras.utils.set_random_seed(3)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    encoder = chain("encoder", (SIDE, SIDE, 1), [
        keras.layers.Rescaling(1 / 255, name="rescaling"),
        keras.layers.Conv2D(8, 3, 3, activation="selu", name="convolution"),
        keras.layers.Flatten(name="flatten"), keras.layers.Dense(8, name="embedding")])
    decoder = chain("decoder", (8,), [keras.layers.Dense(SIDE * SIDE, "sigmoid", name="pixels"),
                                      keras.layers.Reshape((SIDE, SIDE, 1), name="reshape")])
    embedding = encoder(image)
    return keras.Model({"image": image}, {"embedding": embedding, "pixels": decoder(embedding),
                                          "bar": keras.layers.Dense(2, name="bar")(embedding)})


PIXELS = LossTerm(BinaryCrossentropy(), "pixels", "image")


def bars():
    """Faces with a bright bar whose place and width are their two numbers."""
    chance = np.random.default_rng(0)
    faces = chance.integers(0, 40, (FACES, 200, 200, 3)).astype(np.uint8)
    places, widths = chance.integers(0, 140, FACES), chance.integers(20, 60, FACES)
    for face, place, width in zip(faces, places, widths, strict=True):
        face[place : place + width] += 180
    return faces, np.stack([places, widths], axis=1).astype(np.float32)


def learnt(tmp_path, examples, faces, *terms, **fit):
    model = bar_model()
    settings = FitSettings(**{"losses": terms, "optimizer": Adam(), "learning_rate": 3e-3, "epochs": 12,
                              "batch_size": 8, **fit})
    phase = TrainingPhase("all", (), settings, {"image": faces}, examples)
    view = DeviceView(variants.find("gray"), SIDE)
    done = train(TrainingJob(title="small", model=model, phases=[phase], view=view, n_classes=8, seed=1,
                             folder=tmp_path, digest="a"))
    return model, done.records


def test_numbers_are_learnt_beside_the_pixels(tmp_path):
    faces, measured = bars()
    model, records = learnt(tmp_path, Examples(np.arange(FACES), {"place+width": measured}), faces, PIXELS,
                            LossTerm(VectorError(), "bar", ("place", "width"), 2.0), epochs=40)
    assert records[-1].loss < 0.8 * records[0].loss
    assert records[-1].loss == pytest.approx(records[-1].terms["loss.pixels.binary_crossentropy"]
                                             + 2 * records[-1].terms["loss.bar.vector_error"], rel=1e-4)
    pixels = DeviceView(variants.find("gray"), SIDE)(faces)
    result = keras.ops.convert_to_numpy(model({"image": pixels})["bar"])
    for number in range(2):
        assert np.corrcoef(result[:, number], measured[:, number])[0, 1] > 0.8


def test_concordance_is_learnt(tmp_path):
    faces, measured = bars()
    targets = (measured / 100 - 0.5).astype(np.float32)
    model, records = learnt(tmp_path, Examples(np.arange(FACES), {"bar": targets}), faces,
                            LossTerm(Concordance(), "bar", "bar"), epochs=40, batch_size=12)
    assert records[-1].loss < 0.3 * records[0].loss
    result = keras.ops.convert_to_numpy(model({"image": DeviceView(variants.find("gray"), SIDE)(faces)})["bar"])
    assert np.corrcoef(result[:, 0], targets[:, 0])[0, 1] > 0.8


def test_triplets_are_learnt_and_judged(tmp_path):
    faces, measured = bars()
    chance = np.random.default_rng(1)
    rows = np.array([chance.permutation(FACES)[:3] for _ in range(60)])
    place = measured[:, 0]
    # The face whose bar is farthest from both others stands last.
    apart = [abs(place[rows[:, a]] - place[rows[:, b]]) for a, b in ((1, 2), (0, 2), (0, 1))]
    odd = np.argmin(apart, axis=0)
    rows = np.array([[*np.delete(row, which), row[which]] for row, which in zip(rows, odd, strict=True)])
    triplets = Examples(rows, {"triplet": np.zeros(60, np.int32)})
    _, records = learnt(tmp_path, triplets, faces, LossTerm(TripletLoss(), "embedding", "triplet"), epochs=20)
    assert records[-1].accuracy > max(0.8, records[0].accuracy)
    assert {round(60 * record.accuracy, 3) % 1 for record in records} == {0}


def test_two_views_of_a_face_come_to_be_neighbours(tmp_path):
    faces, _ = bars()
    views = (Flip(), Crop(min_side=0.9))
    _, records = learnt(tmp_path, Examples(np.arange(FACES)), faces,
                        LossTerm(NTXent(temperature=0.2), "embedding", "views"), augment=views, epochs=20)
    assert records[-1].loss < 0.8 * records[0].loss
    assert records[-1].accuracy > 0.6
    with pytest.raises(ValueError, match="two views of a face are equal without augment"):
        FitSettings((LossTerm(NTXent(), "embedding", "views"),), Adam(), 1e-3, 1)


def step_of(**fit):
    return TrainingStep(bar_model(), FitSettings(**{
        "losses": (PIXELS,), "optimizer": Adam(), "learning_rate": 1e-3, "epochs": 1, "batch_size": 4, **fit}),
        Examples(np.arange(4)), 8)


def test_what_is_corrupted_is_to_be_given_whole():
    """The network sees the hidden squares as gray; the pixels to be given are those before."""
    pixels = np.random.default_rng(0).uniform(0, 100, (4, SIDE, SIDE, 1)).astype(np.float32)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    model = keras.Model({"image": image}, {"pixels": keras.layers.Rescaling(1.0)(image)})

    def seen_and_wanted(**altered):
        fit = FitSettings((PIXELS,), Adam(), 1e-3, 1, **altered)
        made, targets = TrainingStep(model, fit, Examples(np.arange(4)), 8).call({"image": pixels}, training=True)
        return keras.ops.convert_to_numpy(made["pixels"]), 255 * keras.ops.convert_to_numpy(targets["image"])

    seen, wanted = seen_and_wanted(corrupt=(Mask(grid=4, mask_ratio=0.5),))
    np.testing.assert_allclose(wanted, pixels, rtol=1e-6)
    assert (seen == GRAY).mean() == 0.5
    seen, wanted = seen_and_wanted(augment=(Flip(probability=1.0),))
    np.testing.assert_allclose(wanted, pixels[:, :, ::-1], rtol=1e-6)
    np.testing.assert_allclose(seen, wanted, rtol=1e-6)


def test_chance_alone_decides_how_faces_are_altered():
    pixels = np.random.default_rng(0).uniform(0, 255, (4, SIDE, SIDE, 1)).astype(np.float32)
    values = [step_of(corrupt=(Mask(),)).validate({"image": pixels}, {}, np.ones(4, np.float32), chance)["loss"]
            for chance in (5, 5, 2**32 - 1)]
    assert values[0] == values[1] != values[2]
    cropped = step_of(augment=(Crop(min_side=0.5),))
    plain = [cropped.validate({"image": pixels}, {}, np.ones(4, np.float32), chance)["loss"]
             for chance in (5, 6)]
    assert plain[0] == plain[1], "what is validated on was altered"


def test_losses_of_two_and_of_three_faces_do_not_mix():
    terms = (LossTerm(NTXent(), "embedding", "views"), LossTerm(TripletLoss(), "embedding", "triplet"))
    with pytest.raises(ValueError, match="losses that compare 2 and 3 faces do not mix"):
        FitSettings(terms, Adam(), 1e-3, 1, augment=(Flip(),))
