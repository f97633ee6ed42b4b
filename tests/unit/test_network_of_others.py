"""A network in a file, as its makers ship it: prepared, run, read; refused where it is another, or no network."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from fecemo.errors import InputError
from fecemo.imaging.descriptors import descriptors

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
QUARTERS = (100, 110, 120, 130)


def quarter_means(path, channels=1, channels_first=True, side=4, at_once=1):
    """Write a network that gives the mean of each quarter of a picture, of its first channel."""
    from onnx import TensorProto, helper

    shape = [at_once, channels, side, side] if channels_first else [at_once, side, side, channels]
    first = "picture" if channels_first else "first"
    nodes = [] if channels_first else [helper.make_node("Transpose", ["picture"], ["first"], perm=[0, 3, 1, 2])]
    half = [2, 2]
    nodes += [helper.make_node("AveragePool", [first], ["means"], kernel_shape=half, strides=half),
              helper.make_node("Gather", ["means", "zero"], ["one_channel"], axis=1),
              helper.make_node("Flatten", ["one_channel"], ["numbers"])]
    graph = helper.make_graph(
        nodes, "quarters", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [at_once, 4])],
        [helper.make_tensor("zero", TensorProto.INT64, [1], [0])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "output": "", "side": 0,
            "channels": "rgb", "mean": (100.0,), "std": (10.0,)}


def describe(settings, picture):
    return descriptors.find("network_file").open(settings)(picture[None])[0]


def picture(scale=4, channels=1):
    """Return a picture of four flat quarters, of side 2 · scale."""
    small = np.array(QUARTERS, np.uint8).reshape(2, 2, 1)
    return np.repeat(small.repeat(scale, axis=0).repeat(scale, axis=1), channels, axis=2)


def test_a_picture_is_resized_and_standardized_and_the_networks_numbers_are_the_vector(tmp_path):
    settings = quarter_means(tmp_path / "quarters.onnx")
    np.testing.assert_allclose(describe(settings, picture()), [0, 1, 2, 3], atol=1e-5)
    # Two pixels become four, which take 1, 3/4, 1/4 and 0 of the first: a half of them 7/8 of one and 1/8 of the other.
    np.testing.assert_allclose(describe(settings, picture(1)), [3 / 8, 9 / 8, 15 / 8, 21 / 8], atol=1e-5)


def test_colours_are_ordered_as_the_network_wants_them_and_gray_fills_three_channels(tmp_path):
    settings = quarter_means(tmp_path / "colour.onnx", channels=3, channels_first=False)
    colour = picture(channels=3)
    colour[..., 2] += 50
    np.testing.assert_allclose(describe(settings, colour), [0, 1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(describe({**settings, "channels": "bgr"}, colour), [5, 6, 7, 8], atol=1e-5)
    np.testing.assert_allclose(describe({**settings, "mean": (0.0, 100.0, 100.0)}, picture()), [10, 11, 12, 13],
                               atol=1e-4)


def test_logits_become_probabilities_and_what_is_neither_is_refused(tmp_path):
    settings = quarter_means(tmp_path / "quarters.onnx") | {"classes": ("happy", "sad", "fear", "anger")}
    powers = np.exp([0, 1, 2, 3])
    np.testing.assert_allclose(describe(settings | {"logits": True}, picture()), powers / powers.sum(), atol=1e-6)
    with pytest.raises(InputError, match=r"no probabilities.*say logits: true"):
        describe(settings | {"logits": False}, picture())
    with pytest.raises(InputError, match="gives 4 numbers, and classes names 3"):
        describe(settings | {"classes": ("a", "b", "c"), "logits": True}, picture())


@pytest.mark.parametrize(("change", "words"), [
    ({"sha256": "0" * 64}, "has the sha256 [0-9a-f]{64}, expected 0000"),
    ({"side": 5}, "takes pictures of 4 × 4 pixels, and side is 5"),
    ({"output": "logits"}, "has no output 'logits', only numbers"),
    ({"file": "nowhere.onnx"}, r"nowhere\.onnx cannot be read \(No such file"),
])
def test_what_does_not_fit_is_refused_by_name(tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        describe(quarter_means(tmp_path / "quarters.onnx") | change, picture())


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network")
    settings = {"file": str(path), "sha256": hashlib.sha256(b"no network").hexdigest(), "output": ""}
    with pytest.raises(InputError, match=r"broken.onnx is no network that onnxruntime .* reads"):
        descriptors.find("network_file").open(settings)


def test_a_network_that_takes_several_pictures_at_once_gives_each_its_numbers(tmp_path):
    settings = quarter_means(tmp_path / "pairs.onnx", at_once=2)
    pictures = np.stack([picture() + np.uint8(shift) for shift in (0, 10, 20)])
    np.testing.assert_allclose(descriptors.find("network_file").open(settings)(pictures),
                               np.arange(4) + np.arange(3)[:, None], atol=1e-5)


def saved_model(folder):
    """Write a SavedModel of two outputs, of which one is the mean of each quarter of a gray picture's first channel."""
    tensorflow = pytest.importorskip("tensorflow")

    class Quarters(tensorflow.Module):
        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 4, 4, 3], tensorflow.float32)])
        def __call__(self, image):
            means = tensorflow.nn.avg_pool2d(image, 2, 2, "VALID")[..., 0]
            return {"quarters": tensorflow.reshape(means, [-1, 4]), "whole": tensorflow.reduce_mean(means, [1, 2])}

    tensorflow.saved_model.save(Quarters(), str(folder))
    printed = subprocess.run("find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum", shell=True, cwd=folder,
                             capture_output=True, text=True, check=True)
    return {"file": str(folder), "sha256": printed.stdout.split()[0], "output": "", "side": 0, "channels": "rgb",
            "mean": (100.0,), "std": (10.0,)}


def test_a_saved_model_is_run_by_the_digest_of_its_folder(tmp_path):
    settings = saved_model(tmp_path / "saved")
    np.testing.assert_allclose(describe(settings, picture()), [0, 1, 2, 3], atol=1e-5)
    np.testing.assert_allclose(describe(settings | {"output": "whole"}, picture()), [1.5], atol=1e-5)
    (tmp_path / "saved" / "assets" / "names.txt").write_text("changed")
    with pytest.raises(InputError, match=r"saved has the sha256 [0-9a-f]{64}, expected"):
        describe(settings, picture())


def test_a_folder_that_is_no_saved_model_is_refused(tmp_path):
    pytest.importorskip("tensorflow")
    settings = {"file": str(tmp_path), "sha256": hashlib.sha256(b"").hexdigest(), "output": ""}
    with pytest.raises(InputError, match=r"is no SavedModel that TensorFlow .* reads"):
        descriptors.find("network_file").open(settings)


def function(path, text):
    path.write_text(text)
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "output": "", "side": 0,
            "channels": "rgb", "mean": (0.0,), "std": (255.0,)}


def test_a_function_in_python_takes_pictures_in_colour_as_they_are(tmp_path):
    settings = function(tmp_path / "tool.py", "def describe(pictures):\n    return pictures[:, 0, ::-1, 2]\n")
    np.testing.assert_array_equal(describe(settings, picture(1)), [110, 100])


@pytest.mark.parametrize("name", ["tool", "json"])
def test_a_function_in_python_may_keep_its_settings_in_a_dataclass(tmp_path, name):
    settings = function(tmp_path / f"{name}.py", "from __future__ import annotations\n"
                        "from dataclasses import dataclass\n\n\n@dataclass\nclass Crop:\n    row: int = 0\n\n\n"
                        "def describe(pictures):\n    return pictures[:, Crop().row, ::-1, 2]\n")
    before = dict(sys.modules)
    np.testing.assert_array_equal(describe(settings, picture(1)), [110, 100])
    assert sys.modules.get(name) is before.get(name), "a module of this name is not replaced"


@pytest.mark.parametrize(("text", "change", "words"), [
    ("import nothing_there", {}, r"tool\.py cannot be imported \(ModuleNotFoundError: No module named"),
    ("embed = len", {}, r"tool\.py has no function describe"),
    ("describe = len", {}, r"gives numbers of shape \(\) for 1 pictures, expected \(1, d\)"),
    ("def describe(pictures):\n    return pictures[7]", {}, r"describe of .*tool\.py failed \(IndexError: "),
    ("describe = len", {"side": 8, "mean": (1.0,)}, r"side, mean: .*tool\.py prepares pictures itself"),
])
def test_a_function_in_python_that_does_not_do_is_refused_with_its_file(tmp_path, text, change, words):
    with pytest.raises(InputError, match=words):
        describe(function(tmp_path / "tool.py", text) | change, picture(1))
