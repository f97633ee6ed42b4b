"""Clusters of one cell at several numbers of them, named at several costs in labels: its row of Table 2."""

from fecemo.cli import run_cli
from fecemo.stages.cluster_sweep import run

if __name__ == "__main__":
    run_cli(run)
