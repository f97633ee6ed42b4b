"""One place chooses the Keras backend, and says what to install where it is missing."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fecemo.errors import InputError, ResourceError
from fecemo.training import backend


def test_the_installed_backend_is_described():
    described = backend.describe_backend()
    assert described["backend"] == importlib.import_module("keras").backend.backend()
    assert described["backend_version"] == importlib.import_module(described["backend"]).__version__
    assert described["device"]


def test_an_unknown_backend_names_the_nearest(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "pytorch")
    with pytest.raises(InputError, match="KERAS_BACKEND is 'pytorch': did you mean 'torch'"):
        backend.import_keras()


@pytest.mark.parametrize("missing", ["jax", "keras"])
def test_a_missing_backend_names_the_extra(monkeypatch, missing):
    def without(module):
        if module == missing:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return None

    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(backend.importlib, "import_module", without)
    message = rf"'jax' is not installed here \({missing} is missing\): .* pip install -e .*\[jax\]"
    with pytest.raises(ResourceError, match=message):
        backend.import_keras()


def test_a_fault_inside_a_backend_is_not_hidden(monkeypatch):
    def broken(module):
        raise ModuleNotFoundError("No module named 'opt_einsum'", name="opt_einsum")

    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(backend.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="opt_einsum"):
        backend.import_keras()


NETWORK = """
from fecemo.training.backend import import_keras

keras = import_keras()
convolution = keras.Sequential([keras.Input((8, 6, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
print(convolution.output_shape, convolution.weights[0].dtype, keras.config.epsilon(), keras.config.dtype_policy().name)
"""


@pytest.mark.parametrize("described", [
    {"image_data_format": "channels_first"}, {"floatx": "float16"}, {"floatx": "float64", "epsilon": 1e-3},
    {"nnx_enabled": True, "backend": "torch"}], ids=str)
def test_a_users_keras_json_changes_no_network(tmp_path, described):
    (tmp_path / "keras.json").write_text(json.dumps(described))
    program = [sys.executable, "-c", NETWORK]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, env={
        **os.environ, "KERAS_HOME": str(tmp_path), "PYTHONPATH": str(Path(backend.__file__).parents[2])})
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split("\n")[0] == "(None, 96) float32 1e-07 float32"


class TestThreads:
    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch):
        monkeypatch.setattr(backend, "allowed_cores", lambda: 64)
        for variable in (*backend.THREAD_VARIABLES, "TF_NUM_INTEROP_THREADS"):
            monkeypatch.setenv(variable, "")  # is put back afterwards
            monkeypatch.delenv(variable)

    def test_a_container_with_fewer_cores_is_told_to_the_backend(self, monkeypatch):
        monkeypatch.setattr(backend, "available_cores", lambda: 4)
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        backend._limit_threads(None)
        assert os.environ["TF_NUM_INTRAOP_THREADS"] == "4"
        assert os.environ["OMP_NUM_THREADS"] == "2", "the user's word counts more"

    def test_a_whole_machine_is_left_to_the_backend(self, monkeypatch):
        monkeypatch.setattr(backend, "available_cores", lambda: 64)
        backend._limit_threads(None)
        assert not os.environ.keys() & set(backend.THREAD_VARIABLES)

    def test_a_recipes_number_counts_most(self, monkeypatch):
        monkeypatch.setattr(backend, "available_cores", lambda: 4)
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        backend._limit_threads(3)
        assert {os.environ[variable] for variable in backend.THREAD_VARIABLES} == {"3"}


STAGE_AND_USER = """
import sys
from fecemo.training.backend import OPTIONAL_PACKAGES, import_keras

print(*import_keras(optional={optional}).ops.zeros(2).shape, *(name in sys.modules for name in OPTIONAL_PACKAGES))
import matplotlib, pandas, sklearn.cluster
print(matplotlib.__name__, pandas.Series([1]).sum())
"""


@pytest.mark.parametrize("optional", [False, True])
def test_a_stage_starts_without_what_keras_takes_if_it_is_there_and_can_import_it_later(optional):
    printed = subprocess.run([sys.executable, "-c", STAGE_AND_USER.format(optional=optional)], check=True, text=True,
                             capture_output=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}).stdout
    first, second = printed.splitlines()
    assert first.split()[0] == "2"
    assert ("True" in first) == optional
    assert second == "matplotlib 1"
