"""How often a cell's embedding tells the odd one of three faces from which nothing was learned."""

from dataclasses import dataclass
from pathlib import Path

from fecemo.evaluation.records.score_parts import Interval
from fecemo.evaluation.records.stored import read_stored, write_stored

TRIPLET_TEST_FORMAT = "fecemo.triplet_test/1"
TRIPLET_TEST_NAME = "triplets.json"


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
class TripletTest:
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
        By the type of the triplet, of those that there are; see `fecemo.data.face_lists.TRIPLET_TYPES`.
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


def write_triplet_test(folder: Path, record: TripletTest) -> str:
    """Write ``triplets.json``, and return its name."""
    write_stored(folder / TRIPLET_TEST_NAME, TRIPLET_TEST_FORMAT, record)
    return TRIPLET_TEST_NAME


def read_triplet_test(folder: Path) -> TripletTest:
    """Read what `write_triplet_test` wrote.

    Raises
    ------
    StoredStateError
        If the file is missing, damaged or of another format.
    """
    return read_stored(folder / TRIPLET_TEST_NAME, TRIPLET_TEST_FORMAT, TripletTest, "triplet_test")
