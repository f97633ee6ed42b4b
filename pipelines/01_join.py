"""Make one data set of the shards of a list, each fetched into a data set of its own."""

from fecemo.cli import open_door
from fecemo.stages.join_shards import run

if __name__ == "__main__":
    open_door(run)
