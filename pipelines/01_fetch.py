"""Fetch photographs from a list of addresses and boxes, and store their faces as a data set of 200×200 RGB crops."""

from fecemo.cli import run_cli
from fecemo.stages.fetch import run

if __name__ == "__main__":
    run_cli(run)
