"""Align the faces of a data set by their eyes, for the image variant ``aligned``."""

from fecemo.cli import run_cli
from fecemo.stages.align import run

if __name__ == "__main__":
    run_cli(run)
