"""What is damaged, or would run something, in the place of a network is refused with the stage that makes it again."""

import json
import zipfile

import keras
import pytest

from fecemo.errors import StoredStateError
from fecemo.training.network_file import load_network, save_network


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Return the parts of a small network's file by name."""
    vector = keras.Input((3,), name="vector")
    path = tmp_path_factory.mktemp("sound") / "model.keras"
    save_network(keras.Model({"vector": vector}, {"embedding": keras.layers.Dense(2)(vector)}), path)
    assert load_network(path).count_params() == 8
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path, parts):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)


def test_a_damaged_network_names_the_stage_that_makes_it_again(sound, tmp_path):
    path = tmp_path / "model.keras"
    for content in (b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"[]", b"null", b'"text"', b"\xff\xfe", b""):
        write(path, {**sound, "config.json": content})
        with pytest.raises(StoredStateError, match=r"model\.keras cannot be read as a network .*run the train stage"):
            load_network(path)
    document = json.loads(sound["config.json"])
    document["config"]["layers"][-1]["config"]["units"] = 10**12  # more weights than any machine holds
    write(path, {**sound, "config.json": json.dumps(document)})
    with pytest.raises(StoredStateError, match="cannot be read as a network"):
        load_network(path)
    whole = tmp_path / "whole.keras"
    write(whole, sound)
    for content in (whole.read_bytes()[: whole.stat().st_size // 2], b"", b"\x89HDF\r\n\x1a\n" + bytes(200)):
        path.write_bytes(content)
        with pytest.raises(StoredStateError, match="cannot be read as a network"):
            load_network(path)
    for missing in sound:
        write(path, {name: content for name, content in sound.items() if name != missing})
        if missing != "metadata.json":
            with pytest.raises(StoredStateError, match="cannot be read as a network"):
                load_network(path)


@pytest.mark.parametrize(("module", "name", "config"), [
    ("os", "system", {"command": "touch MARK"}), ("subprocess", "Popen", {"args": ["touch", "MARK"]}),
    ("builtins", "exec", {"source": "open('MARK', 'w')"}),
    ("keras.layers", "Lambda", {"function": {"class_name": "__lambda__", "config": {
        "code": "4wAAAAA=", "defaults": None, "closure": None}}})])
def test_a_layer_that_would_run_something_is_refused_and_nothing_runs(sound, tmp_path, module, name, config):
    mark, path = tmp_path / "mark", tmp_path / "model.keras"
    document = json.loads(sound["config.json"])
    document["config"]["layers"][-1] |= {
        "module": module, "class_name": name, "registered_name": None,
        "config": json.loads(json.dumps(config).replace("MARK", str(mark)))}
    write(path, {**sound, "config.json": json.dumps(document)})
    with pytest.raises(StoredStateError, match="cannot be read as a network"):
        load_network(path)
    assert not mark.exists()
