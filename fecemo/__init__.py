"""Expression from unlabelled faces: embed, cluster, name, and score against eight emotions."""

__version__ = "0.1.0"
