"""Networks in files are opened in one way: what is none, or has no runtime, is refused by its name with the way out."""

import sys

import pytest

from fecemo.errors import InputError, ResourceError
from fecemo.imaging.runtimes import open_litert, open_onnx, open_saved_model

OPENED = [pytest.param(open_onnx, "onnxruntime", "onnxruntime", id="onnx"),
          pytest.param(open_litert, "ai_edge_litert.interpreter", "ai-edge-litert", id="litert")]


@pytest.mark.parametrize(("opener", "module", "package"), OPENED)
def test_without_the_package_file_and_extra_are_named(opener, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ResourceError, match=rf"^mine needs {package}: .* pip install -e .*\[external\]"):
        opener(b"", "mine", "external")


@pytest.mark.parametrize(("opener", "module", "package"), OPENED)
@pytest.mark.parametrize("content", [b"", b"no network", b"\0" * 4096])
def test_what_is_no_network_is_refused_by_its_name(opener, module, package, content):
    pytest.importorskip(module)
    with pytest.raises(InputError, match=f"^mine is no network that {package}.* reads"):
        opener(content, "mine", "external")


def test_a_saved_model_needs_tensorflow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ResourceError, match=r"^mine needs TensorFlow: .* pip install -e .*\[tensorflow-cpu\]"):
        open_saved_model(tmp_path, "mine")
