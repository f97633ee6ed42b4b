"""Measure the faces of a data set: distances between landmarks, blendshapes, and gradients of mouth and brows."""

from fecemo.cli import run_cli
from fecemo.stages.landmarks import run

if __name__ == "__main__":
    run_cli(run)
