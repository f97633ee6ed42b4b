"""Compare labelled face packs: how near they are, and how well one prepares for another."""

from fecemo.stages.compare_sets import run
from fecemo.stages.door import open_door

if __name__ == "__main__":
    open_door(run)
