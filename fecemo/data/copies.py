"""Copies of one picture under several names: found, so that no copy of a test face is learnt from.

Equal pixels are copies. Of others a 64-bit difference hash (9 by 8 areas, each darker or lighter than its right
neighbour) and that of the mirror image find candidates: two hashes that differ in at most `NEAR_BITS` bits agree in one
of three parts, by which they are sorted together. A candidate is a copy where the two pictures, reduced to 16 by 16
areas, look alike too. That holds for a picture that was stored again as PNG or JPEG, resized or mirrored; one that was
cropped, turned or retouched is another, which the stage that looks for copies finds by vectors of the faces.
"""

from collections.abc import Iterable

import numpy as np

COPIES_NAME = "copies"
"""An array of a dataset: for each row the first of which it is a copy, or itself."""
FINGERPRINTS_NAME = "fingerprints"
"""An array of a dataset: what each of its pictures is recognised by; another name where that is measured otherwise."""
NEAR_BITS = 2
_PARTS = ((0, 22), (22, 21), (43, 21))
_STEP = 2.0
"""By so many gray levels an area differs from its neighbour, or the hash would be of a flat area's noise."""
_ALIKE = 3.0
"""Mean difference of gray levels below which two reduced pictures look alike."""
_FLAT = 6.0
"""Standard deviation of gray levels below which a picture has nothing to be recognised by but its pixels."""
_CROWD = 2048
"""Hashes with one part in common that are all compared; of more, neighbours in the order of the hashes."""
_SIDE = 16
_HASHES = 16
"""Bytes of both hashes."""


class Fingerprints:
    """What pictures are recognised by.

    Parameters
    ----------
    n : int
        Number of pictures.
    """

    def __init__(self, n: int) -> None:
        self.digests = np.array([f"none {row}" for row in range(n)], dtype=object)
        self.hashes = np.zeros((n, 2), np.uint64)
        self.reduced = np.zeros((n, _SIDE, _SIDE), np.uint8)
        self.known = np.zeros(n, bool)
        self._textured = np.zeros(n, bool)

    def add(self, row: int, picture: np.ndarray, digest: str) -> None:
        """Take a picture in: uint8 of shape (height, width, 3) with the digest of its pixels."""
        gray = picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        areas = _areas(gray, 8, 9)
        self.hashes[row] = _hash(areas), _hash(areas[:, ::-1])
        self.reduced[row] = _areas(gray, _SIDE, _SIDE).round()
        self._textured[row] = self.reduced[row].std() >= _FLAT
        self.digests[row], self.known[row] = digest, True

    @property
    def packed(self) -> np.ndarray:
        """Array of shape (n, 272), uint8: Both hashes and the reduced picture of each, to be stored."""
        return np.concatenate([self.hashes.view(np.uint8).reshape(len(self.hashes), -1),
                               self.reduced.reshape(len(self.reduced), -1)], axis=1)

    def add_packed(self, start: int, packed: np.ndarray, digests: np.ndarray) -> None:
        """Take in what was stored of pictures, from a row on: of shape (m, 272), with the digests of their pixels."""
        rows = slice(start, start + len(packed))
        self.hashes[rows] = np.ascontiguousarray(packed[:, :_HASHES]).view(np.uint64)
        self.reduced[rows] = packed[:, _HASHES:].reshape(-1, _SIDE, _SIDE)
        self._textured[rows] = self.reduced[rows].std(axis=(1, 2)) >= _FLAT
        self.digests[rows], self.known[rows] = digests, True

    def copies(self) -> np.ndarray:
        """Return for each picture the first of which it is a copy, or itself: ndarray of shape (n,), int64."""
        _, numbers, members = np.unique(self.digests.astype(str), return_index=True, return_inverse=True)
        pairs: list[tuple[int, int]] = list(zip(numbers[members].tolist(), range(len(members)), strict=True))
        for a, b in _candidates(self.hashes, np.flatnonzero(self._textured)):
            left, right = (self.reduced[rows].astype(np.float32) for rows in (a, b))
            alike = np.minimum(np.abs(left - right).mean(axis=(1, 2)),
                               np.abs(left - right[:, :, ::-1]).mean(axis=(1, 2))) <= _ALIKE
            pairs += zip(a[alike].tolist(), b[alike].tolist(), strict=True)
        return merged(np.arange(len(self.digests)), pairs)


def merged(first: np.ndarray, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return for each row the first of its group, of groups that pairs of rows join: shape (n,), int64.

    ``first`` says the same of the groups that there are.
    """
    first = first.copy()

    def root(row: int) -> int:
        while first[row] != row:
            first[row] = first[first[row]]
            row = int(first[row])
        return row

    for pair in pairs:
        low, high = sorted(map(root, pair))
        first[high] = low
    return np.array([root(row) for row in range(len(first))], np.int64)


def reduced_pictures(packed: np.ndarray) -> np.ndarray:
    """Return the reduced pictures of stored fingerprints, gray levels: ndarray of shape (n, 256), uint8."""
    return packed[:, _HASHES:]


def _areas(gray: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the mean gray level of equal areas of a picture: ndarray of shape (rows, columns), float32."""
    return np.asarray(_shares(gray.shape[0], rows) @ gray @ _shares(gray.shape[1], columns).T)


def _shares(n: int, parts: int) -> np.ndarray:
    edges, pixels = np.linspace(0, n, parts + 1), np.arange(n)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.asarray(np.clip(covered, 0, None) * parts / n, np.float32)


def _hash(areas: np.ndarray) -> int:
    bits = np.packbits((areas[:, 1:] - areas[:, :-1]) > _STEP)
    return int.from_bytes(bits.tobytes(), "big")


def _candidates(hashes: np.ndarray, rows: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of rows whose hashes, one perhaps of the mirror image, differ in at most `NEAR_BITS` bits."""
    words, owners = hashes[rows].T.ravel(), np.tile(rows, 2)
    for start, width in _PARTS:
        parts = (words >> np.uint64(start)) & np.uint64((1 << width) - 1)
        order = np.lexsort((words, parts))
        ends = np.flatnonzero(np.diff(parts[order])) + 1
        widest = int(np.diff(np.concatenate([[0], ends, [len(order)]])).max(initial=0))
        for apart in range(1, min(widest, _CROWD)):
            a, b = order[:-apart], order[apart:]
            near = np.flatnonzero((parts[a] == parts[b]) & (np.bitwise_count(words[a] ^ words[b]) <= NEAR_BITS)
                                  & (owners[a] != owners[b]))
            for block in range(0, len(near), 1 << 16):
                chosen = near[block : block + (1 << 16)]
                yield owners[a[chosen]], owners[b[chosen]]


def copies_across_splits(copies: np.ndarray, splits: np.ndarray) -> int:
    """Return how many held-out faces are a copy of a face of the train split: a score flatters itself by them."""
    trained_on = np.unique(copies[splits == "train"])
    return int(np.isin(copies[np.isin(splits, ("valid", "test"))], trained_on).sum())
