"""Train the networks of one cell."""

from fecemo.cli import run_cli
from fecemo.stages.train import run

if __name__ == "__main__":
    run_cli(run)
