"""Weights that others have trained → those with which a row of a recipe may begin."""

from fecemo.cli import open_door
from fecemo.stages.convert_weights import run

if __name__ == "__main__":
    open_door(run)
