"""Check that a data set still holds what was stored: every face and every table, by its checksum."""

from fecemo.cli import run_cli
from fecemo.stages.check_dataset import run

if __name__ == "__main__":
    run_cli(run)
