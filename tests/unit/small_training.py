"""A training of two phases, small enough for a test, that ends by kill -9 where it is told to.

    python small_training.py FOLDER PHASE EPOCH STEP    train in FOLDER and die before that step
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from fecemo.models.approach import find_approach
from fecemo.packs.variant import find_variant
from fecemo.training.device_view import DeviceView
from fecemo.training.fit import PhaseWork, Training
from fecemo.training.settings import FitSettings
from fecemo.training.step import TrainingStep

FACES = 22
SIDE = 20


def small_training(folder: Path, *, approach: str = "semi_supervised", digest: str = "a", **over: float) -> Training:
    """Return a training of 22 faces in batches of 8, the last not full; ``over`` are settings of every fit."""
    found = find_approach(approach)
    config = found.config(filters=(4, 4), pools=(2, 2)) if approach == "conv_autoencoder" else \
        found.config(filters=(4, 4), pools=(2, 2), head=(8, 6))
    faces = np.random.default_rng(0).integers(0, 256, (FACES, 200, 200, 3), dtype=np.uint8)
    phases = []
    for phase in found.phases:
        settings = {"loss": "binary_crossentropy" if phase.task == "reconstruct" else "categorical_crossentropy",
                    "optimizer": "adam" if phase.task == "classify" else "adamax", "learning_rate": 1e-2, "epochs": 3,
                    "batch_size": 8, **over}
        phases.append(PhaseWork(phase.name, phase.network, phase.task, phase.frozen, FitSettings(**settings), faces,
                                np.arange(FACES),
                                np.arange(FACES, dtype=np.int32) % 8 if phase.task == "classify" else None))
    return Training(title="small", networks=found.build(config, (SIDE, SIDE, 1), 8, 5), phases=phases,
                    view=DeviceView(find_variant("gray"), SIDE), n_classes=8, seed=5, folder=folder, digest=digest)


def weights_of(training: Training) -> dict[str, list[np.ndarray]]:
    """Return every network's weights."""
    return {name: network.get_weights() for name, network in training.networks.items()}


def die_before(phase: str, epoch: int, step: int) -> None:
    """Make the training kill itself, as nothing can prevent or notice, before the given step (all from 1)."""
    from fecemo.training import fit

    run_epoch = fit.run_epoch
    before_step = TrainingStep.step
    at: dict[str, object] = {}

    def watched_epoch(training, work, model, feed, number, bar=None):
        at.update(phase=work.name, epoch=number + 1, step=0)
        return run_epoch(training, work, model, feed, number, bar)

    def watched_step(self, pixels, labels, weights):
        at["step"] += 1
        if at == {"phase": phase, "epoch": epoch, "step": step}:
            os.kill(os.getpid(), signal.SIGKILL)
        return before_step(self, pixels, labels, weights)

    fit.run_epoch, TrainingStep.step = watched_epoch, watched_step


if __name__ == "__main__":
    from fecemo.training.fit import train

    die_before(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    train(small_training(Path(sys.argv[1])))
