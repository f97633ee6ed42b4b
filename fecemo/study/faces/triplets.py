"""Triplets of source faces on whose odd one out raters agree (Vemulapalli and Agarwala 2019, section 3)."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.face_lists import ANSWERS, TRIPLET_TYPES
from fecemo.errors import InputError, StoredStateError
from fecemo.fetch.lists import RATINGS_NAME, TRIPLETS_NAME
from fecemo.training.examples import Examples

AGREEMENT = 2 / 3
"""Share of a triplet's ratings that must name the same face; triplets below it train nothing and test nothing."""
FACES = ("first", "second", "third")


def rated_triplets(dataset: Dataset, key: str) -> Examples:
    """Return the triplets of a data set, as `read_triplets`, of which there is at least one.

    Raises
    ------
    InputError
        If there is none; ``key`` is what asks for them.
    StoredStateError
        If a file is damaged.
    """
    for name in (TRIPLETS_NAME, RATINGS_NAME):
        if not (dataset.folder / name).is_file():
            raise InputError(f"{key}: {dataset.folder} has no {name}; only faces that were fetched from a list of "
                             "rated triplets, such as FEC's, have one")
    known = read_triplets(dataset.folder, dataset.ids)
    if not len(known):
        raise InputError(f"{dataset.folder}: on none of its whole triplets did {AGREEMENT:.0%} of the ratings agree")
    return known


def read_triplets(folder: Path, ids: np.ndarray) -> Examples:
    """Return the triplets of a data set whose three faces are stored and on which raters agree.

    Parameters
    ----------
    folder : Path
        The data set's, with ``triplets.csv`` and ``ratings.csv``.
    ids : ndarray of shape (n,), str
        Of the data set's faces.

    Returns
    -------
    rows_and_types : Examples
        Rows of shape (m, 3), the odd face last; ``"triplet"`` of shape (m,), int32, the number of expression classes
        that the three faces were drawn from, less one.

    Raises
    ------
    StoredStateError
        If a file is damaged.
    """
    answers: dict[str, Counter[str]] = {}
    for line in _lines(folder / RATINGS_NAME):
        answers.setdefault(line["triplet"], Counter())[line["answer"]] += 1
    row_of = {face: row for row, face in enumerate(ids.tolist())}
    rows, types = [], []
    for line in _lines(folder / TRIPLETS_NAME):
        trio = [row_of.get(line[name], -1) for name in FACES]
        rated = answers.get(line["triplet"])
        if min(trio) < 0 or not rated:
            continue
        (odd, count), = rated.most_common(1)
        if count < AGREEMENT * rated.total():
            continue
        if odd not in ANSWERS or line["type"] not in TRIPLET_TYPES:
            raise StoredStateError(f"{folder / TRIPLETS_NAME}: triplet {line['triplet']} is of the type "
                                   f"{line['type']!r} and its odd face {odd!r}; fetch the list again")
        last = trio.pop(ANSWERS.index(odd))
        rows.append([*trio, last])
        types.append(TRIPLET_TYPES.index(line["type"]))
    return Examples(np.array(rows, np.int64).reshape(-1, 3), {"triplet": np.array(types, np.int32)})


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
