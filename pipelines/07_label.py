"""Give the clusters of one cell their names, in the way that the recipe states."""

from fecemo.cli import run_cli
from fecemo.stages.label import run

if __name__ == "__main__":
    run_cli(run)
