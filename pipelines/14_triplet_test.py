"""Which of three faces is the odd one, asked of one cell's embedding of faces from which nothing learns."""

from fecemo.cli import open_door
from fecemo.stages.triplet_test import run

if __name__ == "__main__":
    open_door(run)
