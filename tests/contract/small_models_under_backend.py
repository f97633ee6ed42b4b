"""Load, run, train and save every approach under whatever backend ``KERAS_BACKEND`` names.

    KERAS_BACKEND=jax python small_models_under_backend.py THEIRS OURS

Networks found in THEIRS are run on the pixels beside them; networks trained here are put into OURS with their outputs.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from small_models import LEARNING, N_CLASSES, input_shape, small_config, small_examples, small_fit, some_inputs

from fecemo.data.variant import find_variant, variants
from fecemo.training.backend import describe_backend
from fecemo.training.device_view import DeviceView
from fecemo.training.fit import train
from fecemo.training.network_file import load_network, save_network
from fecemo.training.phase_work import PhaseWork, Training

VARIANT = find_variant("tight")
FACES = 12


def soft_faces() -> np.ndarray:
    """Return stored faces of shape (12, 200, 200, 3) that an autoencoder can learn."""
    return some_inputs((200, 200, 3), FACES).astype(np.uint8)


def run_all(networks: dict[str, keras.Model], folder: Path) -> None:
    """Write what each network makes of the same pixels or vectors."""
    for name, network in networks.items():
        made = keras.ops.convert_to_numpy(network(some_inputs(network.input_shape[1:])))
        np.save(folder / f"{name}.outputs.npy", made)


def train_all(folder: Path) -> None:
    """Train every approach through the loop, and write networks, outputs and the losses of each phase."""
    for approach in LEARNING.values():
        shape = input_shape(approach, VARIANT)
        networks = approach.build(small_config(approach), shape, N_CLASSES, 1)
        pixels = approach.takes == "pixels"
        faces = soft_faces() if pixels else some_inputs(shape, FACES)
        view = DeviceView(VARIANT, shape[0]) if pixels else None
        labels = np.arange(FACES, dtype=np.int32) % 3
        phases = [PhaseWork(phase.name, phase.outputs, phase.frozen, small_fit(phase, epochs=3), faces,
                            small_examples(phase, labels))
                  for phase in approach.phases]
        (folder / approach.name).mkdir(parents=True)
        done = train(Training(approach.name, networks, phases, view, N_CLASSES, 0, folder / approach.name, ""))
        for phase in phases:
            losses = [record.loss for record in done.records if record.phase == phase.name]
            assert losses[-1] < losses[0], (approach.name, phase.name, losses)
        for name, network in networks.items():
            save_network(network, folder / approach.name / f"{name}.keras")
        run_all(networks, folder / approach.name)


def view_all(folder: Path) -> None:
    """Write every variant of some faces, whole and reduced."""
    faces = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3), dtype=np.uint8)
    for variant in variants().values():
        for side in (variant.side, variant.side * 48 // 200):
            seen = keras.ops.convert_to_numpy(DeviceView(variant, side)(faces))
            np.save(folder / f"view_{variant.name}_{side}.npy", seen)


if __name__ == "__main__":
    theirs, ours = Path(sys.argv[1]), Path(sys.argv[2])
    ours.mkdir()
    train_all(ours)
    view_all(ours)
    for approach_folder in (path for path in theirs.iterdir() if path.is_dir()):
        (ours / f"{approach_folder.name}_of_theirs").mkdir()
        run_all({path.stem: load_network(path) for path in approach_folder.glob("*.keras")},
                ours / f"{approach_folder.name}_of_theirs")
    print(describe_backend()["backend"])
