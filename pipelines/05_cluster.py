"""Cluster the source embeddings of one cell by K-means."""

from fecemo.stages.cluster import run
from fecemo.stages.door import open_door

if __name__ == "__main__":
    open_door(run)
