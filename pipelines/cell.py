"""Run several stages of one cell in one process: what they all import, and the recipe, is read once."""

import importlib
import os
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Literal, get_args

from fecemo.cli import pin_environment, run_cli
from fecemo.clustering.vectors import load_threads
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.stages.cell_arguments import CellArguments
from fecemo.study.recipe_file import read_recipe
from fecemo.training.backend import forget_models, import_keras

Stage = Literal["train", "embed", "triplet_test", "cluster", "cluster_sweep", "cost_curve", "map_faces", "label",
                "evaluate"]
OF_NETWORKS = ("train", "embed")
"""Stages after which a network is to be forgotten: to look for what nobody holds takes a fifth of a second."""
IMPORTED_LATE = ("fecemo.models.description", "fecemo.training.fit", "fecemo.training.network_file",
                 "fecemo.training.outputs", "openTSNE", "scipy.stats", "sklearn.metrics", "tyro")
"""What most cells import when they come to need it."""


def run(arguments: CellArguments, stages: tuple[Stage, ...]) -> None:
    """Run the stages that are named, one after the other.

    Each does what its own script does: it skips what is done already, and writes its receipt when it is done. If
    interrupted, rerun the same command: it resumes.

    Parameters
    ----------
    arguments : CellArguments
        Which cell of which run.
    stages : tuple of str
        In the order in which they are to run.
    """
    print(f"{arguments.approach} {arguments.variant}: {', '.join(stages)}", file=sys.stderr, flush=True)
    for stage, following in zip_longest(stages, stages[1:]):
        importlib.import_module(f"fecemo.stages.{stage}").run(arguments)
        if following and stage in OF_NETWORKS:
            forget_models()


def preload(recipe: str) -> None:
    """Import what a recipe's cells import, once for all of a workflow; see `fecemo.forked`.

    Raises `RuntimeError` on other backends than TensorFlow: PyTorch looks for a GPU as it is imported, which its forks
    then cannot use, and JAX warns of forks.
    """
    if (backend := os.environ.get("KERAS_BACKEND", "tensorflow")) != "tensorflow":
        raise RuntimeError(f"{backend} is not to be forked")
    print("importing what all cells need", file=sys.stderr, flush=True)
    pin_environment()
    import_keras(read_recipe(Path(recipe)).threads)
    load_threads()
    for name in (*(f"fecemo.stages.{stage}" for stage in get_args(Stage)), *IMPORTED_LATE):
        importlib.import_module(name)
    cell_metrics()


if __name__ == "__main__":
    run_cli(run)
