"""Trainings small enough for a test, that end by kill -9 where they are told to.

    python small_training.py plain FOLDER PHASE EPOCH STEP    train in FOLDER and die before that step
    python small_training.py joint FOLDER PHASE EPOCH STEP
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from keras import layers

from fecemo.data.variant import find_variant
from fecemo.models.approach import find_approach
from fecemo.models.loss import losses
from fecemo.models.losses.weighted_cluster import WeightedCluster
from fecemo.models.losses.weighted_softmax import WeightedSoftmax
from fecemo.models.stacks import build_networks
from fecemo.registry import entries
from fecemo.training.augmentations.geometric import Crop, Flip
from fecemo.training.augmentations.photometric import Mask, Noise
from fecemo.training.device_view import DeviceView
from fecemo.training.examples import Examples, held_out
from fecemo.training.optimizers import OPTIMIZERS, SGD
from fecemo.training.phase_work import PhaseWork, Training
from fecemo.training.schedules import Halved
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

FACES = 22
SIDE = 20
TAUGHT = {"reconstruct": ("binary_crossentropy", "adamax"), "classify": ("categorical_crossentropy", "adam")}


def fit_settings(loss: str, optimizer: str, learning_rate: float, epochs: int, **over: object) -> FitSettings:
    """Return settings in which the loss and the optimizer are named, with their defaults."""
    kind = entries(OPTIMIZERS, "OPTIMIZER")[optimizer]
    return FitSettings((losses()[loss](),), kind(), learning_rate, epochs, **over)


def small_training(folder: Path, *, approach: str = "semi_supervised", digest: str = "a",
                   held_out: bool = False, **over: object) -> Training:
    """Return a training of 22 faces in batches of 8, the last not full; ``over`` are settings of every fit.

    Where some are to be held out, these are 6 more.
    """
    found = find_approach(approach)
    config = found.config(filters=(4, 4), pools=(2, 2)) if approach == "conv_autoencoder" else \
        found.config(filters=(4, 4), pools=(2, 2), head=(8, 6))
    faces = np.random.default_rng(0).integers(0, 256, (FACES + 6, 200, 200, 3), dtype=np.uint8)
    labels = np.arange(FACES + 6, dtype=np.int32) % 8
    phases = []
    for phase in found.phases:
        loss, optimizer = TAUGHT[phase.name]
        settings = {"loss": loss, "optimizer": optimizer, "learning_rate": 1e-2, "epochs": 3, "batch_size": 8, **over}
        known = {"label": labels} if phase.faces == "target" else {}
        examples = Examples(np.arange(FACES + 6), known)
        phases.append(PhaseWork(phase.name, phase.outputs, phase.frozen, fit_settings(**settings), faces,
                                examples.take(np.arange(FACES)),
                                examples.take(np.arange(FACES, FACES + 6)) if held_out else None))
    return Training(title="small", networks=found.build(config, (SIDE, SIDE, 1), 8, 5), phases=phases,
                    view=DeviceView(find_variant("gray"), SIDE), n_classes=8, seed=5, folder=folder, digest=digest)


def joint_training(folder: Path, *, epochs: int = 8, patience: int | None = 2) -> Training:
    """Return a training that uses all there is: joint losses with centres, chance, a schedule, a validation."""
    stacks = {"encoder": lambda _: [layers.Rescaling(1 / 255, name="rescaling"),
                                    layers.Conv2D(4, 3, 4, activation="tanh", name="convolution"),
                                    layers.Flatten(name="flatten"), layers.Dense(6, "tanh", name="deep")],
              "head": lambda _: [layers.Dense(4, "softmax", name="classes")]}
    networks = build_networks({"encoder": ("encoder",), "classifier": ("encoder", "head")}, stacks, (SIDE, SIDE, 1), 5)
    chance = np.random.default_rng(0)
    labels = np.sort(chance.integers(0, 4, 40)).astype(np.int32)
    faces = chance.integers(0, 60, (40, 200, 200, 3)).astype(np.uint8)
    for face, label in zip(faces, labels, strict=True):
        face[50 * label : 50 * (label + 1)] += 150
    learnt, held = held_out(Examples(np.arange(40), {"label": labels}), 0.25, 5)
    # What is learnt makes it worse on faces that are labelled wrongly, so that the first epochs are the best.
    held = Examples(held.rows, {"label": (held.targets["label"] + 2) % 4})
    fit = FitSettings((WeightedSoftmax(), WeightedCluster()), SGD(momentum=0.9, weight_decay=5e-4), 0.3, epochs,
                      batch_size=8, schedule=Halved(every=2), augment=(Flip(), Crop(), Noise()), corrupt=(Mask(),),
                      validate_on=0.25, patience=patience, keep="best")
    phase = PhaseWork("classify", {"probabilities": "classifier", "features": "encoder"}, (), fit, faces, learnt, held)
    return Training(title="joint", networks=networks, phases=[phase], view=DeviceView(find_variant("gray"), SIDE),
                    n_classes=4, seed=5, folder=folder, digest="a")


def weights_of(training: Training) -> dict[str, list[np.ndarray]]:
    """Return every network's weights."""
    return {name: network.get_weights() for name, network in training.networks.items()}


def die_before(phase: str, epoch: int, step: int) -> None:
    """Make the training kill itself, as nothing can prevent or notice, before the given step (all from 1)."""
    from fecemo.training import fit

    run_epoch = fit.run_epoch
    before_step = TrainingStep.step
    at: dict[str, object] = {}

    def watched_epoch(training, work, model, loader, number, bar=None):
        at.update(phase=work.name, epoch=number + 1, step=0)
        return run_epoch(training, work, model, loader, number, bar)

    def watched_step(self, pixels, targets, weights, chance):
        at["step"] += 1
        if at == {"phase": phase, "epoch": epoch, "step": step}:
            os.kill(os.getpid(), signal.SIGKILL)
        return before_step(self, pixels, targets, weights, chance)

    fit.run_epoch, TrainingStep.step = watched_epoch, watched_step


if __name__ == "__main__":
    from fecemo.training.fit import train

    kind, place, phase_name, *when = sys.argv[1:]
    die_before(phase_name, *map(int, when))
    train({"plain": small_training, "joint": joint_training}[kind](Path(place)))
