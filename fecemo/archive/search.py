"""Exact search: the faces that score highest, block after block over what is on the disk.

Ten million faces of sixteen numbers are 0.64 GB. Their scan is bound by memory, needs no index, and filters are masks.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from fecemo.archive.tags import Tags
from fecemo.errors import InputError
from fecemo.machine import available_cores

BLOCK_BYTES = 1 << 20
"""Of vectors that are scored at a time: they stay in the cache between one pass over them and the next."""
SHARED_ROWS = 100_000
"""Fewer rows are one thread's work."""
LESS_ALIKE = 0.5
"""Faces that are not called what was asked for are hits where their score is above this share of the median score of
those that are."""


@dataclass(frozen=True)
class Hits:
    """Faces that were found."""

    rows: np.ndarray  #: Of shape (m,), int64. The best first; of equal ones the first row.
    scores: np.ndarray  #: Of shape (m,), float64.
    n_called: int = 0  #: The first so many are called what was asked for, those after them are less alike.


def scan(n: int, score: Callable[[int, int], np.ndarray], top: int, *, block: int, min_score: float = -np.inf,
         allowed: np.ndarray | None = None) -> Hits:
    """Return the rows of the highest scores.

    Parameters
    ----------
    n : int
        Rows in all.
    score : callable
        ``score(start, stop) -> ndarray of shape (stop - start,)``, asked by several threads at once.
    block : int
        Rows that are scored at a time. The hits depend neither on it nor on the number of threads.
    min_score : float
        Only rows with a higher score are found.
    allowed : ndarray of shape (n,), bool, optional
        Rows that may be found.
    """
    def part(first: int, last: int) -> Hits:
        rows, scores = np.zeros(0, np.int64), np.zeros(0)
        for start in range(first, last, block):
            stop = min(start + block, last)
            made = score(start, stop)
            # An equal score of a later row is no better.
            candidates = np.flatnonzero(made > (scores[-1] if len(scores) == top else min_score))
            if allowed is not None:
                candidates = candidates[allowed[start:stop][candidates]]
            if len(candidates):
                best = _best(made, candidates, top)
                rows, scores = _first(np.concatenate([rows, start + best]), np.concatenate([scores, made[best]]), top)
        return Hits(rows, scores)

    share = -(-n // available_cores()) if n > SHARED_ROWS else max(1, n)
    with ThreadPoolExecutor(available_cores(), thread_name_prefix="search") as pool:
        parts = list(pool.map(lambda first: part(first, min(first + share, n)), range(0, n, share)))
    rows = np.concatenate([np.zeros(0, np.int64), *(hits.rows for hits in parts)])
    return Hits(*_first(rows, np.concatenate([np.zeros(0), *(hits.scores for hits in parts)]), top))


def _first(rows: np.ndarray, scores: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((rows, -scores))[:top]
    return rows[order], scores[order]


def _best(scores: np.ndarray, candidates: np.ndarray, top: int) -> np.ndarray:
    """Return the ``top`` best of the candidates, of equal ones the first."""
    if len(candidates) <= top:
        return candidates
    values = scores[candidates]
    lowest = np.partition(values, -top)[-top]
    above = candidates[values > lowest]
    return np.concatenate([above, candidates[values == lowest][: top - len(above)]])


def by_shares(shares: np.ndarray, weights: np.ndarray, top: int, called: np.ndarray, allowed: np.ndarray | None = None,
              less_alike: float = LESS_ALIKE) -> Hits:
    """Return the faces whose shares of classes, summed by weights, are highest and above 0: first those called so.

    Parameters
    ----------
    shares : ndarray of shape (n, c), float32
    weights : ndarray of shape (c,), float
        See `fecemo.archive.words.Query`.
    called : ndarray of shape (n,), bool
        Faces that are called what is asked for. All others come after them.
    allowed : ndarray of shape (n,), bool, optional
    less_alike : float
        All others need a score above this share of the median score of those called so; where no face is called so,
        none is like it. With 0, a score above 0.
    """
    weighing = np.asarray(weights, np.float32)

    def best(top: int, among: np.ndarray, min_score: float) -> Hits:
        return scan(len(shares), lambda start, stop: shares[start:stop] @ weighing, top, block=_block_rows(shares),
                    min_score=min_score, allowed=among if allowed is None else among & allowed)

    first = best(top, called, 0.0)
    if len(first.rows) == top:
        return replace(first, n_called=top)
    bound = less_alike * float(np.median(first.scores)) if len(first.rows) else np.inf
    others = best(top - len(first.rows), ~called, bound if less_alike else 0.0)
    return Hits(np.concatenate([first.rows, others.rows]), np.concatenate([first.scores, others.scores]),
                len(first.rows))


def by_likeness(vectors: np.ndarray, examples: np.ndarray, top: int, allowed: np.ndarray | None = None) -> Hits:
    """Return the faces nearest to one of the examples: the score is minus the Euclidean distance.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float32
    examples : ndarray of shape (q, d), float32
    allowed : ndarray of shape (n,), bool, optional
    """
    points = np.asarray(examples, np.float32)
    halves = np.einsum("ij,ij->i", points, points) / 2
    half, buffers = np.full(points.shape[1], 0.5, np.float32), threading.local()

    def score(start: int, stop: int) -> np.ndarray:
        # v·q − |q|²/2 − |v|²/2 is minus half the squared distance: one product, and one pass over what is in the cache.
        block = np.asarray(vectors[start:stop])
        if not hasattr(buffers, "squares"):
            buffers.squares = np.empty((_block_rows(vectors), points.shape[1]), np.float32)
        nearest = block @ points[0] - halves[0] if len(points) == 1 else (block @ points.T - halves).max(axis=1)
        made: np.ndarray = nearest - np.multiply(block, block, out=buffers.squares[: len(block)]) @ half
        return made

    hits = scan(len(vectors), score, top, block=_block_rows(vectors), allowed=allowed)
    apart = np.asarray(vectors[hits.rows], np.float64)[:, None] - np.asarray(points, np.float64)
    distances = np.linalg.norm(apart, axis=2).min(axis=1, initial=np.inf)
    order = np.lexsort((hits.rows, distances))  # rounding may have exchanged neighbours
    return Hits(hits.rows[order], -distances[order])


def _block_rows(array: np.ndarray) -> int:
    return max(1, BLOCK_BYTES // max(1, array[:1].nbytes))


def allowed_rows(tags: Tags, *, since: str = "", until: str = "", folder: str = "",
                 confidence: float = 0.0) -> np.ndarray:
    """Return which faces pass filters: ndarray of shape (n,), bool.

    Parameters
    ----------
    since, until : str
        Of the photograph's date, as much of ``YYYY-MM-DD HH:MM:SS`` as wanted; both ends are included. A photograph
        without a date passes neither.
    folder : str
        Within the folder of photographs.
    confidence : float
        Least confidence of what a face shows.
    """
    allowed = tags.confidence >= confidence
    for name, date in (("since", since), ("until", until)):
        if date and not _is_date(date):
            raise InputError(f"{name}: {date!r} is no date, expected as much of YYYY-MM-DD HH:MM:SS as wanted")
    if since or until:
        allowed &= tags.taken != ""
    if since:
        allowed &= tags.taken >= since
    if until:
        allowed &= tags.taken <= f"{until}~"  # behind every longer date that begins so
    if folder:
        allowed &= np.char.startswith(tags.photo, folder.strip("/") + "/")
    return allowed


def _is_date(text: str) -> bool:
    form = "dddd-dd-dd dd:dd:dd"
    return len(text) in (4, 7, 10, 13, 16, 19) and all(
        sign.isdecimal() if of == "d" else sign == of for sign, of in zip(text, form, strict=False))
