"""Make one data set of the shards of a list, each fetched into a data set of its own."""

from fecemo.cli import run_cli
from fecemo.stages.join_shards import run

if __name__ == "__main__":
    run_cli(run)
