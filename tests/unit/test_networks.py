"""Networks of other studies: sizes that are known, and what their parts must do."""

import math

import keras
import numpy as np
import pytest

from fecemo.models.approach import approaches
from fecemo.models.fusion import CrossAttention, fusion_block, fusion_pyramid
from fecemo.models.loss import LossTerm
from fecemo.models.losses.centres import class_weights
from fecemo.models.losses.classes import CrossEntropy
from fecemo.models.losses.numbers import MeanSquaredError
from fecemo.training.augmentations.jigsaw import Jigsaw
from fecemo.training.examples import Examples
from fecemo.training.optimizers import SGD, Adam
from fecemo.training.schedules import Exponential
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep


def trained_weights(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


class TestCake:
    def test_sizes_are_those_of_resnet_18_with_a_bottleneck(self):
        """11,176,512 to the features, 1,539 to three numbers, 28 to seven classes; our stem is 5×5 and not 7×7."""
        approach = approaches.find("cake")
        config = approach.config(filters=(64, 128, 256, 512), depth=2, embedding=3)
        outline = approach.outline(config, {"image": (48, 48, 3)}, 7)
        sizes = {name: trained_weights(outline.get_layer(name)) for name in approach.submodels}
        other_stem = 64 * 3 * (7 * 7 - 5 * 5)
        assert sizes == {"encoder": 11_176_512 - other_stem, "bottleneck": 1_539, "head": 28, "head_2": 28,
                         "head_3": 28}
        assert sum(sizes.values()) + other_stem == 11_178_079 + 2 * 28

    def test_valence_and_arousal_are_the_first_two_numbers_and_no_other(self):
        vector = keras.Input((3,), name="vector")
        model = keras.Model({"vector": vector}, {"affect": keras.layers.Identity()(vector)[:, :2]})
        # The study adds both squares up, and here their mean is taken: λ = 1 is a weight of 2.
        term = LossTerm(MeanSquaredError(), "affect", ("valence", "arousal"), 2.0)
        numbers = {"valence+arousal": np.zeros((1, 2), np.float32)}
        fit = FitSettings((term,), SGD(), 1.0, 1, batch_size=1)
        step = TrainingStep(model, fit, Examples(np.arange(1), numbers), 1)
        figures = step.validate({"vector": np.float32([[0.5, -0.5, 9]])}, numbers, np.ones(1, np.float32))
        assert figures["loss"] == pytest.approx(0.5)

    def test_a_data_set_may_have_classes_of_its_own_over_the_same_numbers(self):
        approach = approaches.find("cake")
        model = approach.model(approach.config(filters=(4, 4), embedding=2, classes_2=3), {"image": (32, 32, 1)}, 7, 1)
        shapes = {name: tensor.shape[1:] for name, tensor in model.output.items()}
        assert shapes == {"embedding": (2,), "affect": (2,), "probabilities": (7,), "probabilities_2": (3,),
                          "probabilities_3": (7,)}

    def test_one_number_is_not_enough(self):
        with pytest.raises(ValueError, match="embedding must be at least 2"):
            approaches.find("cake").config(embedding=1)


class TestHybrid:
    def test_rare_emotions_count_in_inverse_proportion(self):
        """Weights as published for AffectNet: 1.8, 1, 5.28, 9.54, 21.08, 35.34, 5.4, 35.85."""
        counts = (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750)
        weights = class_weights(np.repeat(np.arange(8), counts), 8)
        np.testing.assert_allclose(weights / weights[1], [1.8, 1, 5.28, 9.54, 21.08, 35.34, 5.4, 35.85], rtol=3e-3)

    def test_the_order_of_nine_tiles_can_be_learned(self):
        """A network that sees the mean of each tile learns which constant tile stands where."""
        keras.utils.set_random_seed(1)
        image = keras.Input((6, 6, 1), name="image")
        means = keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(keras.layers.Rescaling(1 / 255)(image)))
        deep = keras.layers.Dense(256, "relu")(keras.layers.Dense(256, "relu")(means))
        tiles = keras.layers.Softmax()(keras.layers.Reshape((9, 9))(keras.layers.Dense(81)(deep)))
        model = keras.Model({"image": image}, {"tiles": tiles})
        fit = FitSettings((LossTerm(CrossEntropy(), "tiles", "jigsaw"),), Adam(), 3e-3, 1, batch_size=64,
                          augment=(Jigsaw(3),))
        step = TrainingStep(model, fit, Examples(np.arange(64)), 1)
        tile = np.kron(np.arange(9).reshape(3, 3), np.ones((2, 2)))
        faces = np.tile(28 * tile.astype(np.float32)[None, :, :, None], (64, 1, 1, 1))
        figures = [step.step({"image": faces}, {}, np.ones(64, np.float32), seed=number) for number in range(600)]
        assert figures[0]["loss.tiles.cross_entropy"] > 15
        assert figures[-1]["loss.tiles.cross_entropy"] < 3
        assert figures[-1]["accuracy.tiles.cross_entropy"] > 0.5, "all nine places at once"

    def test_tiles_are_told_from_the_average_or_from_the_map(self):
        approach = approaches.find("hybrid")
        sizes = {reading: approach.outline(approach.config(filters=(4, 4), tiles_from=reading), {"image": (24, 24, 1)},
                                           8).get_layer("tile_head").count_params() for reading in ("average", "map")}
        assert sizes == {"average": 81 * (4 + 1), "map": 81 * (6 * 6 * 4 + 1)}

    def test_a_whole_face_beside_the_shuffled_one_goes_through_the_same_encoder(self):
        approach = approaches.find("hybrid")
        both = approach.model(approach.config(filters=(4, 4), whole=True), {"image": (24, 24, 1),
                                                                            "shuffled": (24, 24, 1)}, 8, 1)
        alone = approach.model(approach.config(filters=(4, 4)), {"image": (24, 24, 1)}, 8, 1)
        assert both.count_params() == alone.count_params()
        faces = np.random.default_rng(0).uniform(0, 255, (2, 2, 24, 24, 1)).astype(np.float32)
        one, other = (both({"image": faces[0], "shuffled": faces[number]}) for number in range(2))
        same, changed = (np.array_equal(*map(keras.ops.convert_to_numpy, (one[name], other[name])))
                         for name in ("probabilities", "tiles"))
        assert same
        assert not changed


def multiply_adds(model):
    """Return the multiplications of one face: of convolutions, dense layers and attention."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += multiply_adds(layer)
        elif isinstance(layer, CrossAttention):
            (_, queries, width), (_, keys, _) = (tensor.shape for tensor in layer.input)
            total += 2 * width * width * keys + width * width * queries + 2 * queries * keys * width
        elif isinstance(layer, keras.layers.Dense | keras.layers.Conv1D | keras.layers.Conv2D
                        | keras.layers.DepthwiseConv2D):
            total += math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1])
        elif isinstance(layer, keras.layers.Conv1DTranspose):
            total += math.prod(layer.kernel.shape) * math.prod(layer.input.shape[1:-1])
    return total


@pytest.fixture(scope="module")
def outline():
    """POSTER at its published size, without the memory of its weights."""
    approach = approaches.find("poster")
    return approach.outline(approach.config(landmark_features=136), {"image": (224, 224, 3)}, 7)


class TestPoster:
    UNUSED = 12_847_616 + 512
    """A head for recognizing persons and a class token: in the authors' network, and never called."""

    def test_sizes_are_those_that_the_authors_log_prints(self, outline):
        landmarks = trained_weights(outline.get_layer("landmarks")) + trained_weights(outline.get_layer(
            "landmark_head"))
        assert landmarks == 1_007_248
        assert trained_weights(outline.get_layer("image_stream")) == 17_611_968
        assert trained_weights(outline) - landmarks + self.UNUSED == 70_843_151
        assert trained_weights(outline) + self.UNUSED == 71_850_399

    @pytest.mark.parametrize(("level", "width", "weights"), [(1, 512, 3_690_356), (2, 256, 932_724), (3, 128, 242_036)])
    def test_so_are_those_of_a_block_of_each_width(self, outline, level, width, weights):
        block = [layer for layer in outline.get_layer("fusion").layers
                 if layer.name.startswith(f"level_{level}_block_8_")]
        assert {layer.output.shape[-1] for layer in block if "attention" in layer.name} == {width}
        assert sum(map(trained_weights, block)) == weights

    def test_so_are_the_multiplications(self, outline):
        assert multiply_adds(outline.get_layer("image_stream")) == pytest.approx(5.468e9, rel=1e-3)
        assert multiply_adds(outline.get_layer("landmarks")) == pytest.approx(0.221e9, rel=5e-3)
        assert multiply_adds(outline) == pytest.approx(7.84e9, rel=3e-3)

    @pytest.mark.parametrize(("depth", "giga"), [(4, 6.78), (6, 7.31)])
    def test_a_pyramid_of_fewer_blocks_multiplies_less(self, depth, giga):
        approach = approaches.find("poster")
        config = approach.config(fusion_depth=depth, landmark_features=136)
        outline = approach.outline(config, {"image": (224, 224, 3)}, 7)
        assert multiply_adds(outline) == pytest.approx(giga * 1e9, rel=3e-3)

    @pytest.mark.parametrize(("depth", "mix_tokens", "pyramid"), [
        (4, True, 19_708_600), (6, True, 29_519_232), (8, False, 39_329_864 - 24 * 10_100)])
    def test_other_depths_and_the_network_for_affectnet(self, depth, mix_tokens, pyramid):
        """The pyramid as it is counted there has the positions and the unused class token in it."""
        approach = approaches.find("poster")
        config = approach.config(fusion_depth=depth, mix_tokens=mix_tokens)
        fusion = approach.outline(config, {"image": (112, 112, 3)}, 7).get_layer("fusion")
        assert trained_weights(fusion) + 512 == pyramid + 1_053_703
        if not mix_tokens:
            assert 17_611_968 + trained_weights(fusion) + self.UNUSED == 70_600_751

    def test_a_token_is_a_place_of_the_face_or_as_published_some_whole_channels(self):
        approach, tokens = approaches.find("poster"), {}
        for reading in ("channels", "places"):
            config = approach.config(side=32, filters=(4, 4, 4), units=(1, 1, 1), landmark_filters=(4, 4), width=16,
                                     fusion_depth=1, heads=2, tokens=reading)
            fusion = approach.model(config, {"image": (32, 32, 1)}, 3, 1).get_layer("fusion")
            cut = keras.Model(fusion.input, fusion.get_layer("image_cut").output)
            numbered = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)  # row, column, channel
            tokens[reading] = keras.ops.convert_to_numpy(cut([numbered, np.zeros((1, 2, 2, 16), np.float32)]))[0]
        assert {int(number) % 4 for number in tokens["channels"][0]} == {0}, "the first token is the first channel"
        assert {int(number) // 4 for number in tokens["places"][0]} == {0, 1, 4, 5}, "the upper left corner"


SHAPES = {"image": (32, 32, 1), "distances": (3,), "blendshapes": (5,)}


@pytest.fixture(scope="module")
def features():
    approach = approaches.find("landmark_resnet")
    config = approach.config(filters=(4, 6), landmark_widths=(8,), gradients=0.0)
    assert approach.columns(config) == {"image": "image", "distances": "landmark_features.distances",
                                        "blendshapes": "landmark_features.blendshapes"}
    model = approach.model(config, SHAPES, 7, 1)
    assert model.output["probabilities"].shape[1:] == (7,)
    chance = np.random.default_rng(1)
    inputs = {name: chance.uniform(1, 2, (1, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
    return lambda **other: keras.ops.convert_to_numpy(model({**inputs, **other})["features"])[0]


class TestLandmarkResnet:
    """Either stream has its own numbers of the features: what is turned in the pixels is not turned in the others."""

    def test_pixels_move_their_own_features_alone(self, features):
        plain, dark = features(), features(image=np.zeros((1, 32, 32, 1), np.float32))
        assert plain.shape == (6 + 8,)
        assert (plain[:6] != dark[:6]).any()
        np.testing.assert_array_equal(plain[6:], dark[6:])

    @pytest.mark.parametrize("group", ["distances", "blendshapes"])
    def test_so_does_what_was_measured(self, features, group):
        plain, other = features(), features(**{group: np.zeros((1, *SHAPES[group]), np.float32)})
        np.testing.assert_array_equal(plain[:6], other[:6])
        assert (plain[6:] != other[6:]).all()

    def test_dropout_leaves_out_while_learning_alone(self):
        approach = approaches.find("landmark_resnet")
        config = approach.config(filters=(4, 6), landmark_widths=(8,), gradients=0.0, dropout=(0.0, 0.5))
        model = approach.model(config, SHAPES, 7, 1)
        inputs = {name: np.ones((1, *shape), np.float32) for name, shape in SHAPES.items()}
        answers = [keras.ops.convert_to_numpy(model(inputs, training=training)["probabilities"])
                   for training in (False, False, True, True)]
        np.testing.assert_array_equal(answers[0], answers[1])
        assert (answers[2] != answers[3]).any()
        with pytest.raises(ValueError, match="dropout must be shares"):
            approach.config(dropout=(0.3, 1.0))

    def test_without_landmark_features_it_is_another_network(self):
        with pytest.raises(ValueError, match="nothing is left of a face"):
            approaches.find("landmark_resnet").config(distances=0, blendshapes=0, gradients=0)


class TestFusion:
    def test_attention_by_hand(self):
        """Queries (1, 1), (2, 0) of one stream as they are; tokens (1, 0), (0, 1); keys doubled, values swapped."""
        layer = CrossAttention(1)
        query, context = np.float32([[[1, 1], [2, 0]]]), np.float32([[[1, 0], [0, 1]]])
        layer([query, context])
        keys_and_values = np.float32([[1, 0, 0, 1], [0, 2, 1, 0]])
        layer.set_weights([keys_and_values, np.zeros(4), np.eye(2), np.zeros(2)])
        shares = keras.ops.convert_to_numpy(layer([query, context]))[0]
        np.testing.assert_allclose(shares, [[0.669762, 0.330238], [0.195570, 0.804430]], atol=1e-6)

    def test_it_computes_in_the_precision_that_it_is_told(self):
        layer = CrossAttention(2)
        tokens = np.random.default_rng(0).normal(size=(2, 3, 8)).astype(np.float32)
        single = keras.ops.convert_to_numpy(layer([tokens, tokens[::-1]]))
        layer.dtype_policy = "mixed_bfloat16"
        half = layer([tokens, tokens[::-1]])
        assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"
        np.testing.assert_allclose(keras.ops.convert_to_numpy(keras.ops.cast(half, "float32")), single, atol=0.05)
        assert {weight.dtype for weight in layer.weights} == {"float32"}

    def block(self):
        keras.utils.set_random_seed(0)
        tokens = keras.Input((6, 8), name="tokens")
        return keras.Model(tokens, fusion_block("block", tokens, 2, 0.0, mix_tokens=True))

    TOKENS = np.random.default_rng(0).normal(size=(2, 6, 8)).astype(np.float32)

    def test_a_block_whose_branches_give_nothing_leaves_the_tokens(self):
        block = self.block()
        for layer in block.layers:
            if isinstance(layer, CrossAttention) or layer.name.endswith("mlp_2"):
                layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
        block.get_layer("block_mix").set_weights([np.eye(6), np.zeros(6)])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(block(self.TOKENS)), self.TOKENS, rtol=1e-6)

    def test_exchanged_streams_with_exchanged_weights_give_exchanged_tokens(self):
        block, mirrored = self.block(), self.block()
        for kind in ("attention", "mlp_1", "mlp_2"):
            for here, there in (("image", "landmarks"), ("landmarks", "image")):
                mirrored.get_layer(f"block_{here}_{kind}").set_weights(
                    block.get_layer(f"block_{there}_{kind}").get_weights())
        exchanged = np.roll(np.arange(6), 3)
        mix, bias = np.random.default_rng(1).normal(size=(6, 6)), np.arange(6.0)
        block.get_layer("block_mix").set_weights([mix, bias])
        mirrored.get_layer("block_mix").set_weights([mix[exchanged][:, exchanged], bias[exchanged]])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(mirrored(self.TOKENS[:, exchanged])),
                                   keras.ops.convert_to_numpy(block(self.TOKENS))[:, exchanged], rtol=1e-4, atol=1e-4)

    def test_branches_are_left_out_ever_more_often(self):
        tokens = keras.Input((4, 32), name="tokens")
        model = keras.Model(tokens, fusion_pyramid(tokens, 8, 2, 0.1, mix_tokens=False))
        rates = {layer.name.split("_")[3]: layer.rate for layer in model.layers
                 if isinstance(layer, keras.layers.Dropout)}
        np.testing.assert_allclose([rates.get(str(block), 0) for block in range(1, 9)], 0.1 * np.arange(8) / 7)


def test_the_published_rate_after_a_hundred_epochs():
    assert 4e-5 * Exponential(0.98).factor(100, 300) == pytest.approx(5.304782e-6, rel=1e-6)
