"""One place chooses the Keras backend, and says what to install where it is missing."""

import importlib

import pytest

from fecemo.errors import InputError, ResourceError
from fecemo.training import backend


def test_the_installed_backend_is_described():
    said = backend.describe_backend()
    assert said["backend"] == importlib.import_module("keras").backend.backend()
    assert said["backend_version"] == importlib.import_module(said["backend"]).__version__
    assert said["device"]


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
    message = rf"'jax' is not installed here \({missing} is missing\): pip install 'fecemo\[jax\]'"
    with pytest.raises(ResourceError, match=message):
        backend.import_keras()


def test_a_fault_inside_a_backend_is_not_hidden(monkeypatch):
    def broken(module):
        raise ModuleNotFoundError("No module named 'opt_einsum'", name="opt_einsum")

    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(backend.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="opt_einsum"):
        backend.import_keras()
