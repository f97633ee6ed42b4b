"""Give neutral faces of a data set expressions: the same people, as a data set of synthetic faces."""

from fecemo.cli import run_cli
from fecemo.stages.synthesize import run

if __name__ == "__main__":
    run_cli(run)
