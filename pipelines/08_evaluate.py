"""Score one cell on labelled faces."""

from fecemo.cli import open_door
from fecemo.stages.evaluate import run

if __name__ == "__main__":
    open_door(run)
