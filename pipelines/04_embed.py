"""Embed the faces of one cell."""

from fecemo.cli import open_door
from fecemo.stages.embed import run

if __name__ == "__main__":
    open_door(run)
