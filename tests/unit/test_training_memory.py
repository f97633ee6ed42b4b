"""What a training needs is known before it starts, and what is said when a device's memory runs out."""

import dataclasses

import keras
import numpy as np
import pytest

from fecemo.errors import InputError, ResourceError
from fecemo.machine import available_memory
from fecemo.models.approach import approaches
from fecemo.models.description import describe
from fecemo.training import memory
from fecemo.training.memory import (
    MemoryNeed,
    fits_on_device,
    free_device_memory,
    free_memory,
    out_of_memory_explained,
    ran_out_of_memory,
    refuse_too_large,
    updated_at_once,
)


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
    approach = approaches.find("dense_autoencoder")
    plan = describe(approach.outline(approach.config(), {"image": (200, 200, 3)}, 8), ["pixels"])
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


def test_on_a_cpu_the_machines_memory_counts_and_faces_stay_on_the_disk(monkeypatch):
    monkeypatch.delenv("FECEMO_FACES_ON", raising=False)
    monkeypatch.setattr(memory, "device", lambda: "cpu")
    assert free_device_memory() is None
    assert free_memory() == pytest.approx(available_memory(), rel=0.5)
    assert not fits_on_device(1)


def test_on_an_accelerator_faces_may_take_a_quarter_of_what_is_free(monkeypatch):
    monkeypatch.delenv("FECEMO_FACES_ON", raising=False)
    monkeypatch.setattr(memory, "free_device_memory", lambda: 4000.0)
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000.0)
    assert fits_on_device(1000)
    assert not fits_on_device(1001)
    monkeypatch.setattr(memory, "available_memory", lambda: 999.0)
    assert not fits_on_device(1000), "faces pass through the host's memory"
    monkeypatch.setenv("FECEMO_FACES_ON", "device")
    assert fits_on_device(10**12)


def test_an_unknown_place_names_the_nearest(monkeypatch):
    monkeypatch.setenv("FECEMO_FACES_ON", "devise")
    with pytest.raises(InputError, match="FECEMO_FACES_ON is 'devise': did you mean 'device'"):
        fits_on_device(1)


class FakeJax:
    """A backend module whose device says what it has."""

    def __init__(self, words):
        self.words = words

    def local_devices(self):
        return [self]

    def memory_stats(self):
        return self.words


@pytest.mark.parametrize(("words", "free"), [
    ({"bytes_limit": 100, "bytes_in_use": 30}, 70.0), ({}, None), (None, None)])
def test_what_a_device_says_is_free(monkeypatch, words, free):
    monkeypatch.setattr(memory, "device", lambda: "gpu:0")
    monkeypatch.setattr(memory, "backend_module", lambda: ("jax", FakeJax(words)))
    assert free_device_memory() == free


def test_running_out_of_memory_becomes_a_message_that_suggests_a_smaller_batch():
    with pytest.raises(ResourceError, match=r"^train small ran out of memory on .* at batch_size 64: set batch_size to "
                                            "32; with accumulate: 2"), out_of_memory_explained("train small", 64):
        keras.ops.zeros((2**20, 2**20, 2**5))  # 128 TiB, on whatever backend runs here


def test_the_suggestion_keeps_the_updates_of_batches_that_are_accumulated_already():
    with pytest.raises(ResourceError, match="set batch_size to 4; with accumulate: 6 the updates of the weights stay "
                                            "those of 24 faces"), out_of_memory_explained("train small", 8, 3):
        np.empty(2**50)


def test_one_face_that_does_not_fit_asks_for_a_smaller_one():
    with pytest.raises(ResourceError, match="at batch_size 1: set a smaller face_side"), \
            out_of_memory_explained("train small", 1):
        np.empty(2**50)


@pytest.mark.parametrize("words", [
    "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9663676416 bytes.",  # JAX: XlaRuntimeError
    "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate",
])
def test_words_that_say_that_memory_ran_out(words):
    assert ran_out_of_memory(RuntimeError(words))


def test_errors_of_other_kinds_come_through_as_they_are():
    for error in (RuntimeError("shapes do not agree"), InputError("the loss is nan")):
        with pytest.raises(type(error)) as raised, out_of_memory_explained("train small", 64):
            raise error
        assert raised.value is error
