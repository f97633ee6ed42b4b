"""Every approach on every Keras backend that is installed; weights trained under one load under another."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_models import LEARNING
from small_models_under_backend import run, train_all, view_all

from fecemo.data.variants import variants
from fecemo.training.backend import BACKENDS
from fecemo.training.network_file import MODEL_NAME, load_network

PROGRAM = Path(__file__).with_name("small_models_under_backend.py")
OTHERS = [backend for backend in BACKENDS if backend != keras.backend.backend()]


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """What the backend of this process trained; where it is the only one, `test_model_approaches` trains as much."""
    if not any(importlib.util.find_spec(backend) for backend in OTHERS):
        pytest.skip("no other backend is installed")
    folder = tmp_path_factory.mktemp("backends") / keras.backend.backend()
    folder.mkdir()
    train_all(folder)
    view_all(folder)
    return folder


@pytest.fixture(scope="module", params=OTHERS)
def other(request, peer):
    """What another backend trained, and what it made of the networks trained here."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    folder = peer.parent / request.param
    done = subprocess.run([sys.executable, PROGRAM, peer, folder], capture_output=True, text=True, timeout=1800,
                          env={**os.environ, "KERAS_BACKEND": request.param, "PYTHONPATH": str(PROGRAM.parents[2])})
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().endswith(request.param)
    return folder


def test_this_backend_trains_every_approach(peer):
    assert {path.name for path in peer.iterdir() if path.is_dir()} == set(LEARNING)


@pytest.mark.parametrize("approach", LEARNING)
def test_weights_trained_there_give_the_same_outputs_here(other, approach, tmp_path):
    run(load_network(other / approach / MODEL_NAME), tmp_path / "outputs.npz")
    assert_close(tmp_path, other / approach)


@pytest.mark.parametrize("approach", LEARNING)
def test_weights_trained_here_give_the_same_outputs_there(other, approach, peer):
    assert_close(peer / approach, other / f"{approach}_of_theirs")


def test_the_view_is_the_same_to_the_last_bit(other, peer):
    views = sorted(path.name for path in peer.glob("view_*.npy"))
    assert len(views) == 2 * len(variants())
    for name in views:
        np.testing.assert_array_equal(np.load(peer / name), np.load(other / name), err_msg=name)


@pytest.mark.parametrize("backend", OTHERS)
def test_steps_of_several_passes_and_balances_with_a_memory_compute_the_same_there(backend):
    """Their numbers by hand: backends differ in what they compile once, and in whose memory an array may share."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    unit = PROGRAM.parents[1] / "unit"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k",
                           "by_hand or dwema or both_passes", unit / "test_two_passes.py", unit / "test_balances.py"],
                          capture_output=True, text=True, timeout=1800, cwd=PROGRAM.parents[2],
                          env={**os.environ, "KERAS_BACKEND": backend})
    assert done.returncode == 0, done.stdout[-3000:]


def assert_close(first, second):
    with np.load(first / "outputs.npz") as here, np.load(second / "outputs.npz") as peer:
        assert set(here) == set(peer)
        for name in here:
            np.testing.assert_allclose(here[name], peer[name], rtol=1e-4, atol=1e-4, err_msg=name)
