"""Score records → Table 1 and the report of a run, or several runs side by side."""

from fecemo.cli import run_cli
from fecemo.stages.table import run

if __name__ == "__main__":
    run_cli(run)
