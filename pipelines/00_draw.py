"""Draw faces with known parameters: photographs to fetch, labelled faces to import, rated triplets."""

from fecemo.cli import run_cli
from fecemo.stages.draw import run

if __name__ == "__main__":
    run_cli(run)
