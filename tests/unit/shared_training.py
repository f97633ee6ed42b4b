"""Train a small approach on as many devices as asked for, and print its losses and where its weights lie.

    KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=4 python shared_training.py DEVICES PLACE
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import keras
from small_training import small_training

from fecemo.training.backend import describe_backend
from fecemo.training.devices import use_devices
from fecemo.training.fit import train

if __name__ == "__main__":
    os.environ["FECEMO_FACES_ON"] = sys.argv[2]
    used = use_devices(int(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        training = small_training(Path(folder))
        losses = [record.loss for record in train(training).records]
    kernel = training.model.weights[0].value
    print(json.dumps({"used": used, "losses": losses, "kernel_on": len(kernel.sharding.device_set),
                      "said": describe_backend()["device"],
                      "sum": float(keras.ops.sum(keras.ops.abs(kernel)))}))
