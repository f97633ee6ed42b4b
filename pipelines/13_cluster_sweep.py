"""Clusters of one cell at several numbers of them, named at several costs in labels: its row of Table 2."""

from fecemo.cli import open_door
from fecemo.stages.cluster_sweep import run

if __name__ == "__main__":
    open_door(run)
