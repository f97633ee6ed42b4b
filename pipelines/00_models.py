"""Bring the models that others have trained into the cache, by pinned digest: a face detector and a face landmarker."""

from fecemo.cli import open_door
from fecemo.stages.models import run

if __name__ == "__main__":
    open_door(run)
