"""Cluster the source embeddings of one cell by K-means."""

from fecemo.cli import open_door
from fecemo.stages.cluster import run

if __name__ == "__main__":
    open_door(run)
