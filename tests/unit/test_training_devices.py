"""A batch shared out among devices teaches what it teaches on one."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from fecemo.errors import InputError, ResourceError
from fecemo.training.devices import DISTRIBUTING, Placement, use_devices

PROGRAM = Path(__file__).with_name("shared_training.py")


def trained(devices, place="disk"):
    """Return what a process that sees four devices, all of them this CPU, says of its training."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    done = subprocess.run([sys.executable, PROGRAM, str(devices), place], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(PROGRAM.parents[2]),
                               "XLA_FLAGS": "--xla_force_host_platform_device_count=4"})
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def alone():
    losses = trained(1)
    assert (losses["used"], losses["kernel_on"], losses["said"]) == (1, 1, "cpu")
    return losses


# Batches hold 8 faces, the last one 6: three devices get one that is filled up.
@pytest.mark.parametrize(("devices", "place"), [(4, "disk"), (3, "device")])
def test_several_devices_learn_what_one_learns(alone, devices, place):
    losses = trained(devices, place)
    assert (losses["used"], losses["kernel_on"], losses["said"]) == (devices, devices, f"{devices} × cpu")
    np.testing.assert_allclose(losses["losses"], alone["losses"], rtol=1e-4)
    assert losses["sum"] == pytest.approx(alone["sum"], rel=1e-4)


SHARING = """
import os
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow
    tensorflow.config.set_logical_device_configuration(tensorflow.config.list_physical_devices("CPU")[0],
                                                       [tensorflow.config.LogicalDeviceConfiguration()] * 2)
import keras

parallel = keras.distribution.DataParallel(devices=["cpu:0", "cpu:1"], auto_shard_dataset=False)
keras.distribution.set_distribution(parallel)
batch = keras.distribution.distribute_tensor(keras.ops.ones((8, 4)), parallel.get_data_layout((8, 4)))
print(len(batch.devices()))
"""


@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_keras_shares_a_batch_out_on_these_backends_and_no_other(backend):
    """By TensorFlow and PyTorch it lacks the functions; once it has them, this says so."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run([sys.executable, "-c", SHARING], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "KERAS_BACKEND": backend,
                               "XLA_FLAGS": "--xla_force_host_platform_device_count=2"})
    if backend in DISTRIBUTING:
        assert done.stdout.split() == ["2"], done.stderr[-3000:]
    else:
        assert "AttributeError" in done.stderr, f"Keras shares out on {backend}: add it to DISTRIBUTING"


def test_without_a_wish_a_cpu_is_one_device():
    assert use_devices(None) == 1
    assert Placement().devices == 1


def test_more_devices_than_there_are_is_said():
    expected = ResourceError if keras.backend.backend() in DISTRIBUTING else InputError
    with pytest.raises(expected, match="devices: 4096 are asked for"):
        use_devices(4096)
