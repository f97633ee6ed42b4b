"""Cluster the source embeddings of one cell by K-means."""

from fecemo.cli import run_cli
from fecemo.stages.cluster import run

if __name__ == "__main__":
    run_cli(run)
