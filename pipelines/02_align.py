"""Align the faces of a pack by their eyes, for the image variant ``aligned``."""

from fecemo.stages.align import run
from fecemo.stages.door import open_door

if __name__ == "__main__":
    open_door(run)
