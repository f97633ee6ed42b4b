"""Lloyd's iterations of K-means over embeddings of any size, in blocks of rows."""

from dataclasses import dataclass

import numpy as np

from fecemo.clustering.vectors import distances_to, row_blocks
from fecemo.progress import progress


@dataclass(frozen=True)
class LloydEnd:
    """Where Lloyd's iterations ended.

    Parameters
    ----------
    centres : ndarray of shape (k, d), float32
    passes : int
        How often the embeddings were read through.
    settled : bool
        Whether they ended because no face changed its cluster any more: then the centres are a fixed point of K-means.
    """

    centres: np.ndarray
    passes: int
    settled: bool


def lloyd(values: np.ndarray, centres: np.ndarray, max_iter: int, what: str) -> LloydEnd:
    """Go on with K-means from given centres until no face changes its cluster.

    Parameters
    ----------
    values : ndarray of shape (n, d), float32
        Usually a memory map; no more than a block of it and a few (k, d) matrices are in memory.
    centres : ndarray of shape (k, d), float32
    max_iter : int
        Passes at the most.
    what : str
        For progress.

    Returns
    -------
    LloydEnd
        A centre that loses all of its faces takes the place of the face that is farthest from its own centre.
    """
    clusters = np.full(len(values), -1, np.int32)
    with progress(None, f"cluster {what}, whole vectors", "pass") as bar:
        for done in range(1, max_iter + 1):
            sums = np.zeros(centres.shape)
            found, apart = np.empty_like(clusters), np.empty(len(values), np.float32)
            for rows in row_blocks(values):
                block = np.asarray(values[rows])
                distances = distances_to(block, centres)
                found[rows], apart[rows] = distances.argmin(axis=1), distances.min(axis=1)
                member = found[rows][:, None] == np.arange(len(centres))
                sums += member.T.astype(np.float32) @ block
            bar.update(1)
            if (found == clusters).all():
                return LloydEnd(centres, done, settled=True)
            clusters = found
            sizes = np.bincount(clusters, minlength=len(centres))
            centres = (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)
            empty = np.flatnonzero(sizes == 0)
            centres[empty] = values[np.argsort(-apart, kind="stable")[: len(empty)]]
    return LloydEnd(centres, max_iter, settled=False)
