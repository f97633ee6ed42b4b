"""Weights that others have trained: every kind of file, equal outputs, and no code run."""

import os
import pickle
import zipfile

import numpy as np
import pytest
from small_residual_peers import SIZES, keras_peer, torch_peer

from fecemo.errors import InputError
from fecemo.models.approach import find_approach
from fecemo.models.naming import namings
from fecemo.models.pretrained import FEEDINGS, _places, put_weights
from fecemo.packs.tensor_file import read_tensors
from fecemo.stages.convert_weights import ConvertSettings, run
from fecemo.training.backend import import_keras

keras = import_keras()
SIDE = 32


def ours(approach, trained_on="imagenet", seed=9):
    found = find_approach(approach)
    config = found.config(**SIZES, side=SIDE, features=6, **FEEDINGS[trained_on].model)
    return found.build(config, (SIDE, SIDE, 3), 8, seed)


def features_before_the_head(networks, faces):
    network = networks["features"]
    average = network.get_layer("features").get_layer("average")
    stages = network.layers[1:-1]
    x = faces
    for stage in stages:
        x = stage(x)
    return keras.ops.convert_to_numpy(average(x))


def some_faces():
    return np.random.default_rng(7).uniform(0, 255, (2, SIDE, SIDE, 3)).astype(np.float32)


def named(naming, network):
    """Return a network's own weights as the makers of a naming would store them."""
    tensors = {}
    for _, layer, place in _places(network):
        for variable in layer.weights:
            array = keras.ops.convert_to_numpy(variable.value)
            if variable.name == "kernel" and naming.name != "keras":
                array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T[:, :, None, None]
            tensors[naming.source(place, variable.name)] = np.ascontiguousarray(array)
    return tensors


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_a_keras_network_gives_the_same_as_converted(tmp_path, suffix):
    """Biases of convolutions and another addition to variances are taken up by the normalization after them."""
    peer = keras_peer()
    path = tmp_path / f"peer{suffix}"
    peer.save_weights(path) if suffix == ".weights.h5" else peer.save(path)
    receipt = run(ConvertSettings(path, "resnet", "keras_imagenet", **SIZES), tmp_path / "out")
    assert receipt.summary["unused"] == ["predictions/bias", "predictions/kernel"]
    assert receipt.summary["naming"] == "keras"
    networks = ours("resnet", "keras_imagenet")
    assert put_weights(networks, tmp_path / "out" / "weights.npz") == ["features/features", "emotions/emotions"]
    faces = some_faces()
    pooled = keras.Model(peer.input, peer.get_layer("pool").output)
    theirs = pooled(faces[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32), training=False)
    np.testing.assert_allclose(features_before_the_head(networks, faces), keras.ops.convert_to_numpy(theirs), atol=1e-4,
                               rtol=1e-4)


@pytest.mark.parametrize("old", [False, True])
def test_a_torch_network_gives_the_same_as_converted(tmp_path, old):
    torch = pytest.importorskip("torch", reason="the reference network is PyTorch's")
    peer = torch_peer()
    torch.save({"state_dict": peer.state_dict(), "epoch": 3}, tmp_path / "peer.pth",
               _use_new_zipfile_serialization=not old)
    receipt = run(ConvertSettings(tmp_path / "peer.pth", "se_resnet", "vggface2", **SIZES), tmp_path / "out")
    assert {name for name in receipt.summary["unused"] if "num_batches" not in name} == {"fc.weight", "fc.bias"}
    networks = ours("se_resnet", "vggface2")
    put_weights(networks, tmp_path / "out" / "weights.npz")
    faces = some_faces()
    fed = faces[..., ::-1] - np.array([91.4953, 103.8827, 131.0912], np.float32)
    with torch.no_grad():
        theirs = peer(torch.from_numpy(np.ascontiguousarray(fed.transpose(0, 3, 1, 2)))).numpy()
    np.testing.assert_allclose(features_before_the_head(networks, faces), theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_dictionary_of_arrays_is_read_whatever_its_protocol(tmp_path, protocol):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "f": np.asfortranarray(np.eye(3)[:2]),
              "big": np.arange(3, dtype=">f4"), "none": np.empty((0, 2), np.float32)}
    (tmp_path / "arrays.pkl").write_bytes(pickle.dumps({"state_dict": arrays, "epoch": 2}, protocol))
    read = read_tensors(tmp_path / "arrays.pkl")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("naming", ["torch", "caffe"])
@pytest.mark.parametrize("kind", ["pkl", "safetensors"])
def test_published_names_of_any_kind_of_file_find_their_layers(tmp_path, naming, kind):
    network = ours("se_resnet")["classifier"]
    tensors = named(namings()[naming], network)
    path = tmp_path / f"weights.{kind}"
    if kind == "pkl":
        path.write_bytes(pickle.dumps({f"module.{name}": array for name, array in tensors.items()}))
    else:
        pytest.importorskip("safetensors.numpy", reason="safetensors is an extra").save_file(tensors, path)
    run(ConvertSettings(path, "se_resnet", "imagenet", **SIZES), tmp_path / "out")
    others = ours("se_resnet", seed=10)
    put_weights(others, tmp_path / "out" / "weights.npz")
    np.testing.assert_array_equal(features_before_the_head(others, some_faces()),
                                  features_before_the_head(ours("se_resnet"), some_faces()))


class Shell:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("archive", [False, True])
def test_nothing_in_a_pickle_is_run(tmp_path, protocol, archive):
    mark = tmp_path / "was_run"
    pickled = pickle.dumps({"conv1.weight": np.zeros(3), "more": Shell(f"touch {mark}")}, protocol)
    path = tmp_path / "harmful.pth"
    if archive:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("harmful/data.pkl", pickled)
    else:
        path.write_bytes(pickled)
    with pytest.raises(InputError, match=r"(posix|nt)\.system, which is no tensor; nothing of it was run"):
        read_tensors(path)
    assert not mark.exists()


@pytest.mark.parametrize(("content", "message"), [
    (pickle.dumps({"a": np.array([object], dtype=object)}), "builtins.object|something else than numbers"),
    (pickle.dumps({"a": 3}), "no tensor in it"), (pickle.dumps({"a": np.zeros(3)})[:-9], "only 21 remain"),
    (b"nothing of the kind", "cannot be read as"), (b"", "cannot be read as")])
def test_a_file_without_tensors_is_refused(tmp_path, content, message):
    (tmp_path / "file.pkl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_tensors(tmp_path / "file.pkl")


def test_files_of_other_kinds_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"weights are read from files that end in \.h5, \.keras, \.safetensors"):
        read_tensors(tmp_path / "weights.onnx")


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda tensors: tensors.pop("layer1.0.conv2.weight"), r"layer1\.0\.conv2\.weight is missing"),
    (lambda tensors: tensors.update({"layer2.0.bn1.bias": np.zeros(5, np.float32)}),
     r"layer2\.0\.bn1\.bias has the shape \(5,\), and stage_3/block_1_1_norm/beta has \(8,\)"),
    (lambda tensors: tensors.update({"bn1.weight": np.full(4, np.nan, np.float32)}), r"bn1\.weight holds numbers that"),
    (lambda tensors: tensors.pop("conv1.weight"), r"none of its \d+ names")])
def test_what_does_not_fit_is_named(tmp_path, spoil, message):
    tensors = named(namings()["torch"], ours("se_resnet")["classifier"])
    spoil(tensors)
    (tmp_path / "weights.pkl").write_bytes(pickle.dumps(tensors))
    with pytest.raises(InputError, match=message):
        run(ConvertSettings(tmp_path / "weights.pkl", "se_resnet", "imagenet", **SIZES), tmp_path / "out")
    assert not (tmp_path / "out" / "receipt.json").exists()
