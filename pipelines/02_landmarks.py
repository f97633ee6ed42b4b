"""Measure the faces of a data set: distances between landmarks, blendshapes, and gradients of mouth and brows."""

from fecemo.cli import open_door
from fecemo.stages.landmarks import run

if __name__ == "__main__":
    open_door(run)
