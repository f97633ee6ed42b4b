"""Trainings small enough for a test, that end by kill -9 where they are told to.

    python small_training.py plain FOLDER PHASE EPOCH STEP    train in FOLDER and die before that step
    python small_training.py joint FOLDER PHASE EPOCH STEP
"""

import os
import re
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

from fecemo.data.variants import variants
from fecemo.models.approach import approaches
from fecemo.models.layers import chain
from fecemo.models.loss import LossTerm, losses
from fecemo.models.losses.centres import WeightedCluster, WeightedSoftmax
from fecemo.training.augmentations.geometric import Crop, Flip
from fecemo.training.augmentations.photometric import Mask, Noise
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples, held_out
from fecemo.training.optimizers import SGD, optimizers
from fecemo.training.schedules import Halved
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep
from fecemo.training.training_job import TrainingJob, TrainingPhase

FACES = 22
SIDE = 20
TAUGHT = {"reconstruct": ("binary_crossentropy", "adamax"), "classify": ("cross_entropy", "adam")}


def fit_settings(loss: str, output: str, target: str, optimizer: str, learning_rate: float, epochs: int,
                 **over: object) -> FitSettings:
    """Return settings of one term in which the loss and the optimizer are named, with their defaults."""
    return FitSettings((LossTerm(losses()[loss](), output, target),), optimizers()[optimizer](),
                       learning_rate, epochs, **over)


def small_training(folder: Path, *, approach: str = "semi_supervised", digest: str = "a",
                   held_out: bool = False, **over: object) -> TrainingJob:
    """Return a training of 22 faces in batches of 8, the last not full; ``over`` are settings of every fit.

    Where some are to be held out, these are 6 more.
    """
    published = approaches.find(approach)
    config = published.config(filters=(4, 4), pools=(2, 2)) if approach == "conv_autoencoder" else \
        published.config(filters=(4, 4), pools=(2, 2), head=(8, 6))
    faces = np.random.default_rng(0).integers(0, 256, (FACES + 6, 200, 200, 3), dtype=np.uint8)
    labels = np.arange(FACES + 6, dtype=np.int32) % 8
    phases = []
    for phase in published.phases:
        loss, optimizer = TAUGHT[phase.name]
        output, target = next(iter(phase.targets.items()))
        settings = {"loss": loss, "optimizer": optimizer, "learning_rate": 1e-2, "epochs": 3, "batch_size": 8, **over}
        known = {"label": labels} if target == "label" else {}
        examples = Examples(np.arange(FACES + 6), known)
        phases.append(TrainingPhase(
            phase.name, phase.frozen, fit_settings(output=output, target=target, **settings), {"image": faces},
            examples.take(np.arange(FACES)), examples.take(np.arange(FACES, FACES + 6)) if held_out else None))
    return TrainingJob(title="small", model=published.model(config, {"image": (SIDE, SIDE, 1)}, 8, 5), phases=phases,
                       view=DeviceView(variants.find("gray"), SIDE), n_classes=8, seed=5, folder=folder, digest=digest)


def joint_training(folder: Path, *, epochs: int = 8, patience: int | None = 2) -> TrainingJob:
    """Return a training that uses all there is: joint losses with centres, chance, a schedule, a validation."""
    keras.utils.set_random_seed(5)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    encoder = chain("encoder", (SIDE, SIDE, 1), [
        layers.Rescaling(1 / 255, name="rescaling"), layers.Conv2D(4, 3, 4, activation="tanh", name="convolution"),
        layers.Flatten(name="flatten"), layers.Dropout(0.1, name="dropout"), layers.Dense(6, "tanh", name="deep")])
    features = encoder(image)
    head = chain("head", (6,), [layers.Dense(4, "softmax", name="classes")])
    model = keras.Model({"image": image}, {"features": features, "probabilities": head(features)})
    chance = np.random.default_rng(0)
    labels = np.sort(chance.integers(0, 4, 40)).astype(np.int32)
    faces = chance.integers(0, 60, (40, 200, 200, 3)).astype(np.uint8)
    for face, label in zip(faces, labels, strict=True):
        face[50 * label : 50 * (label + 1)] += 150
    learnt, held = held_out(Examples(np.arange(40), {"label": labels}), 0.25, 5)
    # What is learnt makes it worse on faces that are labelled wrongly, so that the first epochs are the best.
    held = Examples(held.rows, {"label": (held.targets["label"] + 2) % 4})
    terms = (LossTerm(WeightedSoftmax(), "probabilities", "label"), LossTerm(WeightedCluster(), "features", "label"))
    fit = FitSettings(terms, SGD(momentum=0.9, weight_decay=5e-4), 0.3, epochs,
                      batch_size=8, schedule=Halved(every=2), augment=(Flip(), Crop(), Noise()), corrupt=(Mask(),),
                      validate_on=0.25, patience=patience, keep="best")
    phase = TrainingPhase("classify", (), fit, {"image": faces}, learnt, held)
    return TrainingJob(title="joint", model=model, phases=[phase], view=DeviceView(variants.find("gray"), SIDE),
                       n_classes=4, seed=5, folder=folder, digest="a")


def weights_of(training: TrainingJob) -> dict[str, np.ndarray]:
    """Return every variable of the model, those of chance too, by its path."""
    return {re.sub(r"seed_generator_\d+", "seed_generator", variable.path): keras.ops.convert_to_numpy(variable)
            for variable in training.model.variables}


def die_before(phase: str, epoch: int, step: int) -> None:
    """Make the training kill itself, as nothing can prevent or notice, before the given step (all from 1)."""
    from fecemo.training import fit

    run_epoch = fit.run_epoch
    before_step = TrainingStep.step
    at: dict[str, object] = {}

    def watched_epoch(training, work, model, loader, number, bar=None):
        at.update(phase=work.name, epoch=number + 1, step=0)
        return run_epoch(training, work, model, loader, number, bar)

    def watched_step(self, inputs, targets, weights, seed):
        at["step"] += 1
        if at == {"phase": phase, "epoch": epoch, "step": step}:
            os.kill(os.getpid(), signal.SIGKILL)
        return before_step(self, inputs, targets, weights, seed)

    fit.run_epoch, TrainingStep.step = watched_epoch, watched_step


if __name__ == "__main__":
    from fecemo.training.fit import train

    kind, place, phase_name, *when = sys.argv[1:]
    die_before(phase_name, *map(int, when))
    train({"plain": small_training, "joint": joint_training}[kind](Path(place)))
