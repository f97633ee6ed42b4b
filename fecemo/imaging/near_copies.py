"""Copies that were cropped, brightened or compressed since: near by a vector, and the middle of one is in the other.

A vector of each face, such as an embedding, proposes its nearest neighbours; two pictures are copies where the middle
of one, at some scale, is found in the other: the greatest normalized cross-correlation, which no brightness or contrast
changes (Lewis, "Fast Normalized Cross-Correlation", 1995, equation 2). Mirror images count.
"""

from collections.abc import Callable, Sequence

import numpy as np

SIDE = 48
"""Side in pixels of the reduced pictures."""
SCALES = tuple(float(scale) for scale in np.geomspace(0.8, 1.25, 11).round(4))
ALIKE = 0.94
"""Least correlation of copies, chosen by eye on FER+ faces: pairs above it were one picture, some below it not."""
ROUGH_SIDE, ROUGH_SCALES, ROUGH = 24, (0.85, 1.0, 1.18), 0.75
"""Side and scales of a first look, and the least correlation there by which a pair is looked at more closely."""
FLAT = 4.0
"""Standard deviation of gray levels below which a picture has nothing that could be found again."""
_BLOCK = 1024


def neighbour_pairs(vectors: np.ndarray, neighbours: int) -> np.ndarray:
    """Return the pairs of rows of which one is among the nearest of the other, by the cosine of their centred vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
    neighbours : int
        Of each row; at least 1.

    Returns
    -------
    ndarray of shape (m, 2), int64
        Ascending within a pair and by pairs; no pair twice.
    """
    n = len(vectors)
    unit = np.asarray(vectors, np.float32) - np.asarray(vectors, np.float32).mean(axis=1, keepdims=True)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
    taken = min(neighbours, n - 1)
    if taken < 1:
        return np.zeros((0, 2), np.int64)
    pairs = []
    for start in range(0, n, _BLOCK):
        likeness = unit[start : start + _BLOCK] @ unit.T
        rows = np.arange(start, start + len(likeness))
        likeness[np.arange(len(rows)), rows] = -np.inf
        nearest = np.argpartition(-likeness, taken - 1, axis=1)[:, :taken]
        pairs.append(np.sort(np.stack([np.repeat(rows, taken), nearest.ravel()], axis=1), axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


def likeness(first: np.ndarray, second: np.ndarray, scales: Sequence[float] = SCALES) -> float:
    """Return how well the middle of a reduced picture, or of its mirror image, is found in another: in [-1, 1].

    Parameters
    ----------
    first, second : ndarray of shape (side, side), float32
        Gray levels. It is taken both ways; 0 where either is flat.
    scales : sequence of float
        At which the middle, two thirds of the side, is looked for.
    """
    import cv2

    if min(first.std(), second.std()) < FLAT:
        return 0.0
    best, length = -1.0, 2 * len(first) // 3
    for looked_for, place in ((second, first), (first, second)):
        for scale in scales:
            side = round(len(first) * scale)
            scaled = cv2.resize(looked_for, (side, side),
                                interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            edge = (side - length) // 2
            middle = scaled[edge : edge + length, edge : edge + length]
            for turned in (middle, np.ascontiguousarray(middle[:, ::-1])):
                best = max(best, float(cv2.matchTemplate(place, turned, cv2.TM_CCOEFF_NORMED).max()))
    return best


def near_copies(faces: Callable[[int], np.ndarray], pairs: np.ndarray,
                advance: Callable[[], object]) -> list[tuple[int, int]]:
    """Return the pairs that are copies.

    Parameters
    ----------
    faces : callable
        ``faces(row) -> ndarray`` of shape (height, width, 3), uint8.
    pairs : ndarray of shape (m, 2), int64
        Ascending by their first row.
    advance : callable
        Called once a pair.
    """
    import cv2

    reduced: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def of(row: int) -> tuple[np.ndarray, np.ndarray]:
        if row not in reduced:
            gray = cv2.cvtColor(np.ascontiguousarray(faces(row)), cv2.COLOR_RGB2GRAY)
            reduced[row] = (cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA),
                            cv2.resize(gray, (ROUGH_SIDE, ROUGH_SIDE), interpolation=cv2.INTER_AREA))
        small, smaller = reduced[row]
        return small.astype(np.float32), smaller.astype(np.float32)

    copies = []
    for low, high in pairs.tolist():
        (first, rough_first), (second, rough_second) = of(low), of(high)
        if likeness(rough_first, rough_second, ROUGH_SCALES) >= ROUGH and likeness(first, second) >= ALIKE:
            copies.append((low, high))
        advance()
    return copies
