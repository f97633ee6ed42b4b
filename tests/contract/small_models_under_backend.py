"""Load, run, train and save every approach under whatever backend ``KERAS_BACKEND`` names.

    KERAS_BACKEND=jax python small_models_under_backend.py THEIRS OURS

Models found in THEIRS are run on the same inputs; models trained here are put into OURS with their outputs.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from small_models import LEARNING, N_CLASSES, input_shapes, small_config, small_examples, small_fit, some_inputs

from fecemo.data.variants import variants
from fecemo.models.description import describe
from fecemo.training.backend import describe_backend
from fecemo.training.device_view import DeviceView
from fecemo.training.fit import train
from fecemo.training.network_file import MODEL_NAME, load_network, save_network
from fecemo.training.training_job import TrainingJob, TrainingPhase

VARIANT = variants.find("tight")
FACES = 12


def soft_faces() -> np.ndarray:
    """Return stored faces of shape (12, 200, 200, 3) that an autoencoder can learn."""
    return some_inputs({"image": (200, 200, 3)}, FACES)["image"].astype(np.uint8)


def run(model: keras.Model, path: Path) -> None:
    """Write what a model makes of the same pixels or vectors."""
    shapes = {name: tuple(tensor.shape[1:]) for name, tensor in model.input.items()}
    np.savez(path, **{name: keras.ops.convert_to_numpy(values) for name, values in model(some_inputs(shapes)).items()})


def train_all(folder: Path) -> None:
    """Train every approach through the loop, and write models, outputs and the losses of each phase."""
    fell: dict[str, bool] = {}
    for approach in LEARNING.values():
        config = small_config(approach)
        shapes = input_shapes(approach, config, VARIANT)
        outline = describe(approach.outline(config, shapes, N_CLASSES), [approach.output])
        model = approach.model(config, shapes, N_CLASSES, 1)
        assert outline.layers == describe(model, [approach.output]).layers
        vectors = some_inputs(shapes, FACES)
        columns = {name: soft_faces() if len(shape) == 3 else vectors[name] for name, shape in shapes.items()}
        view = DeviceView(VARIANT, shapes["image"][0]) if approach.takes_image else None
        labels = np.arange(FACES, dtype=np.int32) % 3
        phases = [TrainingPhase(phase.name, phase.frozen, small_fit(phase, epochs=3), columns,
                                small_examples(phase, labels))
                  for phase in approach.phases]
        place = folder / approach.name
        place.mkdir(parents=True)
        done = train(TrainingJob(approach.name, model, phases, view, N_CLASSES, 0, place, ""))
        for phase in phases:
            losses = [record.loss for record in done.records if record.phase == phase.name]
            assert np.isfinite(losses).all(), (approach.name, phase.name, losses)
            assert losses[-1] != losses[0], (approach.name, phase.name, losses)
            if not phase.fit.augment:  # views are cut anew in every epoch, which outweighs three of a few faces
                fell[f"{approach.name}.{phase.name}"] = losses[-1] < losses[0]
        save_network(model, place / MODEL_NAME)
        run(model, place / "outputs.npz")
    # Of one phase that hangs on its first weights, which each backend draws in a way of its own.
    assert sum(fell.values()) > 0.8 * len(fell), [name for name, lower in fell.items() if not lower]


def view_all(folder: Path) -> None:
    """Write every variant of some faces, whole and reduced."""
    faces = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3), dtype=np.uint8)
    for variant in variants().values():
        for side in (variant.side, variant.side * 48 // 200):
            viewed = keras.ops.convert_to_numpy(DeviceView(variant, side)(faces))
            np.save(folder / f"view_{variant.name}_{side}.npy", viewed)


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir()
    train_all(target)
    view_all(target)
    for approach_folder in (path for path in source.iterdir() if path.is_dir()):
        (target / f"{approach_folder.name}_of_theirs").mkdir()
        run(load_network(approach_folder / MODEL_NAME), target / f"{approach_folder.name}_of_theirs" / "outputs.npz")
    print(describe_backend()["backend"])
