"""How often a cell's embedding tells the odd one of three faces from which nothing was learned."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fecemo.errors import InputError, StoredStateError
from fecemo.evaluation.records.score_parts import Interval
from fecemo.manifests.documents import build, read_json
from fecemo.packs.durable import atomic_write

JUDGED_FORMAT = "fecemo.judged_triplets/1"
JUDGED_NAME = "triplets.json"


@dataclass(frozen=True)
class TypeShare:
    """Answers to triplets of one type.

    Parameters
    ----------
    n_triplets : int
    accuracy : float
        Share of them that is right.
    """

    n_triplets: int
    accuracy: float


@dataclass(frozen=True)
class JudgedTriplets:
    """Answers of one cell.

    Parameters
    ----------
    approach, variant, recipe : str
    n_triplets, n_faces : int
        Those on which raters agree, and the faces in them.
    n_left_out : int
        Further triplets that were not asked, because rows learn from one of their faces.
    accuracy : float
        Share of the triplets whose odd face is told; 1/3 by guessing.
    interval : Interval
        Of the accuracy.
    confidence : float
    by_type : dict of str to TypeShare
        By the type of the triplet, of those that there are; see `fecemo.manifests.fec.TRIPLET_TYPES`.
    """

    approach: str
    variant: str
    recipe: str
    n_triplets: int
    n_left_out: int
    n_faces: int
    accuracy: float
    interval: Interval
    confidence: float
    by_type: dict[str, TypeShare]


def write_judged(folder: Path, record: JudgedTriplets) -> str:
    """Write ``triplets.json``, and return its name."""
    document = {"format": JUDGED_FORMAT, **asdict(record)}
    atomic_write(folder / JUDGED_NAME, json.dumps(document, indent=1, allow_nan=False) + "\n")
    return JUDGED_NAME


def read_judged(folder: Path) -> JudgedTriplets:
    """Read what `write_judged` wrote.

    Raises
    ------
    StoredStateError
        If the file is missing, damaged or of another format.
    """
    path = folder / JUDGED_NAME
    try:
        document = read_json(path)
        if (found := document.pop("format", None)) != JUDGED_FORMAT:
            raise InputError(f"{path} has the format {found!r}, expected {JUDGED_FORMAT!r}")
        return build(JudgedTriplets, document, str(path))
    except InputError as error:
        raise StoredStateError(f"{error}; run the judge stage again") from error
