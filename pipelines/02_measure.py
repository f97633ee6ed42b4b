"""Measure the faces of a pack: distances between landmarks and blendshapes."""

from fecemo.stages.door import open_door
from fecemo.stages.measure import run

if __name__ == "__main__":
    open_door(run)
