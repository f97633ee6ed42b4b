"""Find labels that are doubtful, by confident learning: a table and a sheet of faces for a person to judge."""

from fecemo.cli import run_cli
from fecemo.stages.label_errors import run

if __name__ == "__main__":
    run_cli(run)
