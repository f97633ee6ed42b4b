"""Draw the t-SNE map of one cell."""

from fecemo.cli import open_door
from fecemo.stages.map_faces import run

if __name__ == "__main__":
    open_door(run)
