"""What a training needs is known before it starts."""

import dataclasses

import pytest

from fecemo.errors import ResourceError
from fecemo.models.approach import find_approach
from fecemo.training import memory
from fecemo.training.memory import MemoryNeed, available_memory, refuse_too_large, updated_at_once


def test_bytes_by_hand():
    # 100 weights of which 60 learn: 100 + 60 gradients + 2 · 60 slots; 5 faces of 10 numbers, forward and back
    # and 2 · 40 for the largest layer in the making
    need = MemoryNeed(parameters=100, trainable=60, activations=10, slots=2, at_once=40, kept=8.0)
    assert need.bytes(5) == 4 * (100 + 60 + 120 + 2 * 5 * 10 + 2 * 40) + 8
    half = dataclasses.replace(need, number_bytes=2)
    assert half.bytes(5) == need.bytes(5) - 2 * 2 * 5 * 10


# Its training was seen to peak at 10.3 GiB with TensorFlow, its steps alone at 13.8 GiB with PyTorch, of which the
# libraries take up to one.
@pytest.mark.parametrize(("backend", "least", "most"), [("tensorflow", 9.0, 9.6), ("torch", 10.8, 12.8)])
def test_the_dense_autoencoder_at_200_pixels_is_known_to_be_large(monkeypatch, backend, least, most):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    approach = find_approach("dense_autoencoder")
    plan = approach.plan(approach.config(), (200, 200, 3), 8)["autoencoder"]
    need = MemoryNeed(plan.parameters(), plan.parameters(), plan.activations(), slots=2,
                      at_once=updated_at_once(layer.parameters for layer in plan.layers))
    assert least * 2**30 < need.bytes(32) < most * 2**30


def test_a_smaller_batch_is_suggested_where_one_fits():
    need = MemoryNeed(parameters=1000, trainable=1000, activations=1000, slots=2)
    with pytest.raises(ResourceError, match=r"needs about .* at batch_size 64 .*: set batch_size to 8$"):
        refuse_too_large(need, 64, need.bytes(15), "cell")
    refuse_too_large(need, 8, need.bytes(15), "cell")


def test_smaller_sizes_are_suggested_where_no_batch_fits():
    need = MemoryNeed(parameters=1000, trainable=1000, activations=1, slots=2)
    with pytest.raises(ResourceError, match=r"no batch fits: set a smaller face_side"):
        refuse_too_large(need, 64, 100.0, "cell")


def test_nothing_is_refused_where_the_machine_does_not_say():
    refuse_too_large(MemoryNeed(10**15, 10**15, 1, 2), 1, None, "cell")


def test_the_least_of_machine_and_container_counts(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 999 kB\nMemAvailable:     500 kB\n")
    assert memory._free_in_machine(tmp_path / "meminfo") == 500 * 1024
    (tmp_path / "memory.max").write_text("100000\n")
    (tmp_path / "memory.current").write_text("60000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 7000\n")
    assert memory._free_in_group(tmp_path) == 47000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._free_in_group(tmp_path) is None
    assert memory._free_in_machine(tmp_path / "none") is None
    free = available_memory()
    assert free is None or free > 2**20
