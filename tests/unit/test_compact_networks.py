"""The small residual encoder, on paper and in its three approaches."""

import math

import pytest

from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.description import describe


def plan(approach, output, side=48, **sizes):
    entry = approaches.find(approach)
    return describe(entry.outline(entry.config(**sizes), {"image": (side, side, 1)}, 8), [output])


def multiplications(planned):
    """Return how many multiplications the convolutions make for a face; their inputs follow from their weights."""
    return sum(layer.parameters * math.prod(layer.output_shape[:2])
               for layer in planned.layers if layer.kind == "Conv2D")


def test_sides_are_halved_and_channels_widened_as_it_says():
    layers = {layer.name: layer for layer in plan("small_resnet", "probabilities").layers}
    assert layers["stem_relu"].output_shape == (24, 24, 32)
    assert [layers[f"stage_{stage}_block_1_relu"].output_shape for stage in (1, 2, 3)] == [
        (24, 24, 32), (12, 12, 64), (6, 6, 128)]
    assert layers["average"].output_shape == (128,)
    assert "stage_1_block_1_shortcut_conv" not in layers, "what enters the first block is added as it is"
    assert layers["stage_2_block_1_shortcut_conv"].parameters == 32 * 64


def test_it_is_as_quick_as_it_says():
    assert multiplications(plan("small_resnet", "features")) == pytest.approx(27e6, rel=0.05)


def test_blocks_are_added_by_depth():
    deep = [layer.name for layer in plan("small_resnet", "features", depth=2).layers]
    assert [name for name in deep if name.endswith("_add")] == [
        f"stage_{stage}_block_{block}_add" for stage in (1, 2, 3) for block in (1, 2)]
    assert [name for name in deep if name.endswith("shortcut_conv")] == [
        "stage_2_block_1_shortcut_conv", "stage_3_block_1_shortcut_conv"]


def test_its_approaches_embed_features_measurements_and_a_vector_of_unit_length():
    assert plan("contrastive", "embedding").output_shape == (128,)
    assert plan("contrastive", "projection", projection=32).output_shape == (32,)
    assert plan("landmark_encoder", "landmark_features").output_shape == (69,)
    assert plan("triplet_pixels", "embedding").output_shape == (16,)
    assert plan("triplet_pixels", "embedding").layers[-1].kind == "UnitNormalization"


@pytest.mark.parametrize(("sizes", "key"), [
    ({"filters": (4,) * 6}, "filters"), ({"depth": 0}, "depth"), ({"filters": ()}, "filters")])
def test_sizes_that_no_network_has_are_refused(sizes, key):
    with pytest.raises((InputError, ValueError), match=key):
        plan("small_resnet", "probabilities", **sizes)
