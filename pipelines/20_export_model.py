"""Export a row of a run as a file that runs anywhere: faces in, names and embedding out, with a model card."""

from fecemo.cli import run_cli
from fecemo.stages.export_model import run

if __name__ == "__main__":
    run_cli(run)
