"""Weights that others have trained: every kind of file, equal outputs, and no code run."""

import os
import pickle
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from small_residual_peers import SIZES, keras_peer, torch_peer

from fecemo.data.tensor_files import read_tensors
from fecemo.errors import InputError
from fecemo.models.approach import approaches
from fecemo.models.namings import namings
from fecemo.models.pretrained import FEEDINGS, WEIGHTS_NAME, _places, put_weights
from fecemo.stages.convert_weights import ConvertSettings, run
from fecemo.training.backend import import_keras

keras = import_keras()
SIDE = 32


def ours(approach, trained_on="imagenet", seed=9, **other):
    entry = approaches.find(approach)
    config = entry.config(**SIZES, side=SIDE, features=6, **{**FEEDINGS[trained_on].model, **other})
    return entry.model(config, {"image": (SIDE, SIDE, 3)}, 8, seed)


def features_before_the_head(network, faces):
    average = network.get_layer("features").get_layer("average")
    stages = network.layers[1:-2]
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
    model = ours("resnet", "keras_imagenet")
    assert put_weights(model, tmp_path / "out" / WEIGHTS_NAME) == ["features/features", "head/classes"]
    faces = some_faces()
    pooled = keras.Model(peer.input, peer.get_layer("pool").output)
    reference = pooled(faces[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32), training=False)
    np.testing.assert_allclose(features_before_the_head(model, faces), keras.ops.convert_to_numpy(reference), atol=1e-4,
                               rtol=1e-4)


@pytest.mark.parametrize("old", [False, True])
def test_a_torch_network_gives_the_same_as_converted(tmp_path, old):
    torch = pytest.importorskip("torch", reason="the reference network is PyTorch's")
    peer = torch_peer()
    torch.save({"state_dict": peer.state_dict(), "epoch": 3}, tmp_path / "peer.pth",
               _use_new_zipfile_serialization=not old)
    receipt = run(ConvertSettings(tmp_path / "peer.pth", "se_resnet", "vggface2", **SIZES), tmp_path / "out")
    assert {name for name in receipt.summary["unused"] if "num_batches" not in name} == {"fc.weight", "fc.bias"}
    model = ours("se_resnet", "vggface2")
    put_weights(model, tmp_path / "out" / WEIGHTS_NAME)
    faces = some_faces()
    fed = faces[..., ::-1] - np.array([91.4953, 103.8827, 131.0912], np.float32)
    with torch.no_grad():
        reference = peer(torch.from_numpy(np.ascontiguousarray(fed.transpose(0, 3, 1, 2)))).numpy()
    np.testing.assert_allclose(features_before_the_head(model, faces), reference, atol=1e-4, rtol=1e-4)


def test_torchs_own_residual_network_halves_the_side_in_its_3x3_convolutions(tmp_path):
    """Its weights have the shapes of the others': only what it was trained on tells them apart."""
    torch = pytest.importorskip("torch", reason="the reference network is PyTorch's")
    peer = torch_peer(of_pytorch=True)
    torch.save(peer.state_dict(), tmp_path / "peer.pth")
    receipt = run(ConvertSettings(tmp_path / "peer.pth", "resnet", "imagenet", **SIZES), tmp_path / "out")
    assert receipt.config["model"]["halved_by"] == "3x3"
    faces = some_faces()
    fed = (faces / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    with torch.no_grad():
        reference = peer(torch.from_numpy(np.ascontiguousarray(fed.transpose(0, 3, 1, 2), np.float32))).numpy()
    model = ours("resnet")
    put_weights(model, tmp_path / "out" / WEIGHTS_NAME)
    np.testing.assert_allclose(features_before_the_head(model, faces), reference, atol=1e-4, rtol=1e-4)
    otherwise = ours("resnet", halved_by="1x1")
    put_weights(otherwise, tmp_path / "out" / WEIGHTS_NAME)
    assert np.abs(features_before_the_head(otherwise, faces) - reference).max() > 1e-2


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
    network = ours("se_resnet")
    tensors = named(namings()[naming], network)
    path = tmp_path / f"weights.{kind}"
    if kind == "pkl":
        path.write_bytes(pickle.dumps({f"module.{name}": array for name, array in tensors.items()}))
    else:
        pytest.importorskip("safetensors.numpy", reason="safetensors is an extra").save_file(tensors, path)
    run(ConvertSettings(path, "se_resnet", "imagenet", **SIZES), tmp_path / "out")
    others = ours("se_resnet", seed=10)
    put_weights(others, tmp_path / "out" / WEIGHTS_NAME)
    np.testing.assert_array_equal(features_before_the_head(others, some_faces()),
                                  features_before_the_head(ours("se_resnet"), some_faces()))


def test_the_same_weights_give_the_same_file_and_do_not_fit_another_network(tmp_path):
    (tmp_path / "weights.pkl").write_bytes(pickle.dumps(named(namings()["caffe"], ours("se_resnet"))))
    settings = ConvertSettings(tmp_path / "weights.pkl", "se_resnet", "imagenet", **SIZES)
    written = [run(settings, tmp_path / name) and (tmp_path / name / WEIGHTS_NAME) for name in ("one", "other")]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert not list(written[0].parent.glob(".saving*"))
    with pytest.raises(ValueError, match="shape"):
        put_weights(ours("se_resnet", squeeze=4), written[0])


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
    (b"nothing of the kind", "cannot be read as"), (b"", "cannot be read as"),
    (b"\x80\x05\x96" + (2**62).to_bytes(8, "little"), "MemoryError")])
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
    tensors = named(namings()["torch"], ours("se_resnet"))
    spoil(tensors)
    (tmp_path / "weights.pkl").write_bytes(pickle.dumps(tensors))
    with pytest.raises(InputError, match=message):
        run(ConvertSettings(tmp_path / "weights.pkl", "se_resnet", "imagenet", **SIZES), tmp_path / "out")
    assert not (tmp_path / "out" / "receipt.json").exists()


def test_weights_and_their_moving_averages_in_one_file_are_told_apart_and_refused(tmp_path):
    """Which of the two would be taken is nobody's guess."""
    tensors = named(namings()["torch"], ours("se_resnet"))
    averages = {name: np.zeros_like(array) for name, array in tensors.items()}
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps({"state_dict": tensors, "ema": averages}))
    read = read_tensors(path)
    np.testing.assert_array_equal(read["state_dict/conv1.weight"], tensors["conv1.weight"])
    assert len(read) == 2 * len(tensors)
    with pytest.raises(InputError, match="it holds 2 networks, state_dict/ and ema/; save one of them alone"):
        run(ConvertSettings(path, "se_resnet", "imagenet", **SIZES), tmp_path / "out")


def test_the_notes_of_an_optimizer_beside_the_weights_are_no_second_network(tmp_path):
    tensors = named(namings()["torch"], ours("se_resnet"))
    notes = {number: {"momentum": np.zeros(3, np.float32)} for number in range(2)}
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps({"state_dict": tensors, "optimizer": {"state": notes}}))
    receipt = run(ConvertSettings(path, "se_resnet", "imagenet", **SIZES), tmp_path / "out")
    assert receipt.summary["unused"] == ["optimizer/state/0/momentum", "optimizer/state/1/momentum"]


def test_a_dictionary_that_holds_itself_has_an_end(tmp_path):
    arrays = {"a": np.arange(3, dtype=np.float32)}
    arrays["again"] = arrays
    (tmp_path / "arrays.pkl").write_bytes(pickle.dumps(arrays))
    assert read_tensors(tmp_path / "arrays.pkl").keys() == {"a"}
    (tmp_path / "deep.pth").write_bytes(b"\x80\x04}\x8c\x01a" + b")" + b"\x85" * 5000 + b"s.")
    with pytest.raises(InputError, match=r"deep\.pth cannot be read as tensors"):
        read_tensors(tmp_path / "deep.pth")


def test_damaged_hdf5_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py", reason="it comes with Keras")
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["conv/kernel:0"] = np.ones((3, 3), np.float32)
    whole = path.read_bytes()
    for start in range(0, len(whole), 64):
        path.write_bytes(whole[:start] + bytes(64) + whole[start + 64 :])
        with suppress(InputError):  # and nothing else; damage to what is not read does no harm
            read_tensors(path)
    path.write_bytes(whole[:512])
    with pytest.raises(InputError, match="cannot be read as tensors"):
        read_tensors(path)


def test_a_small_file_that_unpacks_to_more_than_the_memory_is_refused(tmp_path):
    h5py = pytest.importorskip("h5py", reason="it comes with Keras")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_dataset("conv/kernel:0", shape=(1 << 40,), dtype="f4", chunks=(1 << 20,), compression="gzip")
    with pytest.raises(InputError, match=r"it unpacks to more than 4,294,967,296 bytes"):
        read_tensors(tmp_path / "weights.h5")


def test_numbers_that_a_file_takes_from_another_file_are_not_read(tmp_path):
    h5py = pytest.importorskip("h5py", reason="it comes with Keras")
    (tmp_path / "secret").write_bytes(bytes(16))
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_dataset("conv/kernel:0", shape=(4,), dtype="f4", external=[(str(tmp_path / "secret"), 0, 16)])
    with pytest.raises(InputError, match="conv/kernel:0 refers to other files"):
        read_tensors(tmp_path / "weights.h5")
