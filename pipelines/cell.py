"""Run several stages of one cell in one process: what they all import, and the recipe, is read once."""

import importlib
from itertools import zip_longest
from typing import Literal

from fecemo.cli import run_cli
from fecemo.stages.cell_arguments import CellArguments
from fecemo.training.backend import forget_models

Stage = Literal["train", "embed", "triplet_test", "cluster", "cluster_sweep", "cost_curve", "map_faces", "label",
                "evaluate"]
OF_NETWORKS = ("train", "embed")
"""Stages after which a network is to be forgotten: to look for what nobody holds takes a fifth of a second."""


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
    for stage, following in zip_longest(stages, stages[1:]):
        importlib.import_module(f"fecemo.stages.{stage}").run(arguments)
        if following and stage in OF_NETWORKS:
            forget_models()


if __name__ == "__main__":
    run_cli(run)
