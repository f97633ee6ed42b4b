"""Embed the faces of one cell."""

from fecemo.cli import run_cli
from fecemo.stages.embed import run

if __name__ == "__main__":
    run_cli(run)
