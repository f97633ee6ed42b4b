"""Compare labelled data sets: how near they are, and how well one prepares for another."""

from fecemo.cli import run_cli
from fecemo.stages.compare_sets import run

if __name__ == "__main__":
    run_cli(run)
