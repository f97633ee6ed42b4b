"""What a person's acts buy in one cell: balanced accuracy against clusters named, faces labelled and seconds."""

from fecemo.cli import run_cli
from fecemo.stages.cost_curve import run

if __name__ == "__main__":
    run_cli(run)
