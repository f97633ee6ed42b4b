"""Bring the models that others have trained into the cache, by pinned digest: a face detector and a face landmarker."""

from fecemo.cli import run_cli
from fecemo.stages.models import run

if __name__ == "__main__":
    run_cli(run)
