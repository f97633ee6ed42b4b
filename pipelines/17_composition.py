"""Learn from training sets of one size with changing shares of a group: what balance gains, and for whom."""

from fecemo.cli import run_cli
from fecemo.stages.composition import run

if __name__ == "__main__":
    run_cli(run)
