"""Find the faces in a folder of photographs, and store them as a data set of 200×200 RGB crops."""

from fecemo.cli import run_cli
from fecemo.stages.detect import run

if __name__ == "__main__":
    run_cli(run)
