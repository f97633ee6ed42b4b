"""Give the clusters of one cell their names."""

from fecemo.stages.door import open_door
from fecemo.stages.label import run

if __name__ == "__main__":
    open_door(run)
