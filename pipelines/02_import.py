"""Import a labelled set, or a folder of photographs, into a data set."""

from fecemo.cli import run_cli
from fecemo.stages.import_labelled import run

if __name__ == "__main__":
    run_cli(run)
