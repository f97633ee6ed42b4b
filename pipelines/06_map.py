"""Draw the t-SNE map of one cell."""

from fecemo.cli import run_cli
from fecemo.stages.map_faces import run

if __name__ == "__main__":
    run_cli(run)
