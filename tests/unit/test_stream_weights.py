"""Weights that others have trained for POSTER's two streams: their sizes, equal outputs, named faults."""

import pickle
from itertools import pairwise

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.pretrained import WEIGHTS_NAME, put_weights
from fecemo.stages.convert_weights import ConvertSettings, run
from fecemo.training.backend import import_keras

keras = import_keras()
SIDE, FILTERS, UNITS, LANDMARK_FILTERS, WIDTH = 32, (2, 4, 6), (1, 2, 1), (2, 4), 32
RNG = np.random.default_rng(5)


def norm(name, n):
    return {f"{name}.weight": RNG.uniform(0.5, 1.5, n), f"{name}.bias": RNG.normal(size=n),
            f"{name}.running_mean": RNG.normal(size=n), f"{name}.running_var": RNG.uniform(0.5, 2, n)}


def convolution(name, wide, narrow, kernel):
    return {f"{name}.weight": RNG.normal(size=(wide, narrow, kernel, kernel)) / np.sqrt(narrow * kernel**2)}


def slope(name, n):
    return {f"{name}.weight": RNG.uniform(0.1, 0.4, n)}


def ir_file():
    """Return made-up weights by the names of IR-50's makers, with a fourth stage and a head, which POSTER lacks."""
    tensors = {**convolution("input_layer.0", 2, 3, 3), **norm("input_layer.1", 2), **slope("input_layer.2", 2)}
    widths = [2, *(width for width, count in zip((*FILTERS, 8), (*UNITS, 1), strict=True) for _ in range(count))]
    for number, (narrow, wide) in enumerate(pairwise(widths)):
        block = f"body.{number}.res_layer"
        tensors |= {**norm(f"{block}.0", narrow), **convolution(f"{block}.1", wide, narrow, 3),
                    **slope(f"{block}.2", wide), **convolution(f"{block}.3", wide, wide, 3),
                    **norm(f"{block}.4", wide)}
        if wide != narrow:
            shortcut = f"body.{number}.shortcut_layer"
            tensors |= {**convolution(f"{shortcut}.0", wide, narrow, 1), **norm(f"{shortcut}.1", wide)}
    return as_single({**tensors, "output_layer.3.weight": RNG.normal(size=(5, 8))})


def mobile_file():
    """Return made-up weights by the names of MobileFaceNet's makers, wrapped as a training saves them."""
    first, second = LANDMARK_FILTERS

    def block(name, wide, narrow, kernel, group=False, active=True):
        return {**convolution(f"{name}.conv", wide, 1 if group else narrow, kernel), **norm(f"{name}.bn", wide),
                **(slope(f"{name}.prelu", wide) if active else {})}

    def bottleneck(name, narrow, groups, wide):
        return {**block(f"{name}.conv", groups, narrow, 1), **block(f"{name}.conv_dw", groups, groups, 3, group=True),
                **block(f"{name}.project", wide, groups, 1, active=False)}

    tensors = {**block("conv1", first, 3, 3), **block("conv2_dw", first, first, 3, group=True),
               **block("conv_6_sep", WIDTH, second, 1)}
    for halving, blocks, narrow, groups, wide, count in (
            ("conv_23", "conv_3", first, 2 * first, first, 4), ("conv_34", "conv_4", first, 4 * first, second, 6),
            ("conv_45", "conv_5", second, 4 * second, second, 2)):
        tensors |= bottleneck(halving, narrow, groups, wide)
        for number in range(count):
            tensors |= bottleneck(f"{blocks}.model.{number}", wide, 2 * wide, wide)
    return {"state_dict": {f"module.{name}": array for name, array in as_single(tensors).items()}, "epoch": 3}


def as_single(tensors):
    return {name: np.asarray(array, np.float32) for name, array in tensors.items()}


@pytest.fixture(scope="module")
def files():
    return ir_file(), mobile_file()


def converted(folder, image, landmarks):
    """Convert two files and return the receipt, and a new POSTER of the sizes that it states with its weights in it."""
    (folder / "ir50.pth").write_bytes(pickle.dumps(image))
    (folder / "mobilefacenet.pth.tar").write_bytes(pickle.dumps(landmarks))
    receipt = run(ConvertSettings(folder / "ir50.pth", "poster", "poster",
                                  landmark_weights=folder / "mobilefacenet.pth.tar"), folder / "out")
    entry = approaches.find("poster")
    sizes = {name: tuple(value) if isinstance(value, list) else value
             for name, value in receipt.config["model"].items()}
    model = entry.model(entry.config(**sizes, side=SIDE, fusion_depth=1, heads=2), {"image": (SIDE, SIDE, 3)}, 3, 1)
    return receipt, model, put_weights(model, folder / "out" / WEIGHTS_NAME)


def apply(image, kernel, stride=1, groups=1):
    """Return a convolution by its definition: image (channels, h, w), padded by half of the kernel."""
    side = kernel.shape[-1]
    padded = np.pad(image, ((0, 0), (side // 2,) * 2, (side // 2,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    if groups == 1:
        return np.einsum("chwij,ocij->ohw", windows, kernel)
    return np.einsum("chwij,cij->chw", windows, kernel[:, 0])


class Peer:
    """The two networks as their makers run them, on arrays of shape (channels, height, width)."""

    def __init__(self, tensors, prefix=""):
        self.tensors, self.prefix = tensors, prefix

    def of(self, name):
        return self.tensors[self.prefix + name].astype(np.float64)

    def norm(self, name, x):
        mean, var, gain, offset = (self.of(f"{name}.{part}")[:, None, None]
                                   for part in ("running_mean", "running_var", "weight", "bias"))
        return (x - mean) / np.sqrt(var + 1e-5) * gain + offset

    def slope(self, name, x):
        return np.where(x > 0, x, self.of(f"{name}.weight")[:, None, None] * x)

    def ir(self, x):
        x = self.slope("input_layer.2", self.norm("input_layer.1", apply(x, self.of("input_layer.0.weight"))))
        strides = [2 if number == 0 else 1 for count in UNITS for number in range(count)]
        for number, stride in enumerate(strides):
            name = f"body.{number}"
            deep = apply(self.norm(f"{name}.res_layer.0", x), self.of(f"{name}.res_layer.1.weight"))
            deep = apply(self.slope(f"{name}.res_layer.2", deep), self.of(f"{name}.res_layer.3.weight"), stride)
            short = x[:, ::stride, ::stride]
            if self.prefix + f"{name}.shortcut_layer.0.weight" in self.tensors:
                kernel = self.of(f"{name}.shortcut_layer.0.weight")
                short = self.norm(f"{name}.shortcut_layer.1", apply(x, kernel, stride))
            x = short + self.norm(f"{name}.res_layer.4", deep)
        return x

    def block(self, name, x, stride=1, group=False, active=True):
        kernel = self.of(f"{name}.conv.weight")
        x = self.norm(f"{name}.bn", apply(x, kernel, stride, groups=len(kernel) if group else 1))
        return self.slope(f"{name}.prelu", x) if active else x

    def bottleneck(self, name, x, stride=1):
        x = self.block(f"{name}.conv_dw", self.block(f"{name}.conv", x), stride, group=True)
        return self.block(f"{name}.project", x, active=False)

    def mobile(self, x):
        x = self.block("conv2_dw", self.block("conv1", x, 2), group=True)
        for halving, blocks, count in (("conv_23", "conv_3", 4), ("conv_34", "conv_4", 6), ("conv_45", "conv_5", 2)):
            x = self.bottleneck(halving, x, 2)
            for number in range(count):
                x = x + self.bottleneck(f"{blocks}.model.{number}", x)
        return self.block("conv_6_sep", x)


def test_both_streams_give_what_their_makers_networks_give(tmp_path, files):
    image, landmarks = files
    receipt, model, fresh = converted(tmp_path, image, landmarks)
    assert receipt.config["model"] == {"filters": list(FILTERS), "units": list(UNITS),
                                       "landmark_filters": list(LANDMARK_FILTERS), "width": WIDTH}
    assert "output_layer.3.weight" in receipt.summary["unused"]
    assert "body.4.res_layer.1.weight" in receipt.summary["unused"], "the fourth stage"
    assert {name.partition("/")[0] for name in fresh} == {"landmark_head", "fusion"}
    faces = RNG.normal(size=(1, SIDE, SIDE, 3)).astype(np.float32)
    for stream, reference in (("image_stream", Peer(image).ir(faces[0].transpose(2, 0, 1))),
                           ("landmarks", Peer(landmarks["state_dict"], "module.").mobile(faces[0].transpose(2, 0, 1)))):
        ours = keras.ops.convert_to_numpy(model.get_layer(stream)(faces))[0].transpose(2, 0, 1)
        np.testing.assert_allclose(ours, reference, rtol=1e-3, atol=1e-3 * np.abs(reference).max())


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda image, landmarks: image.pop("body.1.res_layer.2.weight"), r"body\.1\.res_layer\.2\.weight is missing"),
    (lambda image, landmarks: landmarks["state_dict"].pop("module.conv_4.model.5.project.bn.bias"),
     r"module\.conv_4\.model\.5\.project\.bn\.bias is missing"),
    (lambda image, landmarks: image.update({"input_layer.2.weight": np.ones(3, np.float32)}),
     r"input_layer\.2\.weight has the shape \(3,\), and image_stream/stem_relu/alpha has \(1, 1, 2\)"),
    (lambda image, landmarks: image.update({"input_layer.1.bias": np.full(2, np.nan, np.float32)}), "not finite"),
    (lambda image, landmarks: [image.pop(name) for name in list(image) if name.startswith(("body.3", "body.4"))],
     "its body has 2 stages of blocks, of 2, 4 filters; expected at least 3"),
    (lambda image, landmarks: image.pop("input_layer.0.weight"), "expected the weights of the image stream")])
def test_what_does_not_fit_is_named(tmp_path, files, spoil, message):
    image, landmarks = dict(files[0]), {"state_dict": dict(files[1]["state_dict"])}
    spoil(image, landmarks)
    with pytest.raises(InputError, match=message):
        converted(tmp_path, image, landmarks)


@pytest.mark.parametrize(("settings", "message"), [
    ({"approach": "poster", "trained_on": "imagenet"}, "poster goes with poster alone"),
    ({"approach": "poster", "trained_on": "poster"}, "poster needs the weights of both"),
    ({"approach": "cake", "trained_on": "imagenet"}, "expected resnet, se_resnet or poster")])
def test_what_does_not_go_together_is_refused(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        run(ConvertSettings(tmp_path / "ir50.pth", **settings), tmp_path / "out")
