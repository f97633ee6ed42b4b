"""Which of three faces is the odd one, asked of one cell's embedding of faces from which nothing learns."""

from fecemo.cli import run_cli
from fecemo.stages.triplet_test import run

if __name__ == "__main__":
    run_cli(run)
