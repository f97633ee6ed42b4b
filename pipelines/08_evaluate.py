"""Score one cell on labelled faces."""

from fecemo.cli import run_cli
from fecemo.stages.evaluate import run

if __name__ == "__main__":
    run_cli(run)
