"""Weights that others have trained → those with which a row of a recipe may begin."""

from fecemo.cli import run_cli
from fecemo.stages.convert_weights import run

if __name__ == "__main__":
    run_cli(run)
