"""Weights that others have trained → those with which a row of a recipe may begin."""

from fecemo.stages.convert_weights import run
from fecemo.stages.door import open_door

if __name__ == "__main__":
    open_door(run)
