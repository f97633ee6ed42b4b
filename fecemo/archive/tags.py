"""The tags of an archive's faces on disk: a table, and beside it vectors and shares with the same rows."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any

import numpy as np

from fecemo.archive.vocabulary import Vocabulary
from fecemo.data.arrays import read_array
from fecemo.data.durable import atomic_write
from fecemo.data.photo_tree import photo_path
from fecemo.data.receipts import open_output, require_receipt
from fecemo.errors import StoredStateError

STAGE = "tag"
TAGS_NAME, DESCRIPTION_NAME, EXIFTOOL_NAME = "tags.csv", "tags.json", "exiftool.csv"
VECTORS, SHARES = "vectors", "shares"
FORMAT = "fecemo.tags/1"
COLUMNS = ("row", "id", "photo", "left", "right", "top", "bottom", "taken", "shows", "confidence", "second",
           "second_confidence", "cluster", "run")
LIST_BORDER = "; "
"""Between the keywords of a photograph in a CSV for ExifTool: ``exiftool -csv=exiftool.csv -sep "; " .``"""


@dataclass(frozen=True)
class TagsDescription:
    """What all tags of a folder have in common.

    Parameters
    ----------
    dataset, folder : str
        The data set and the run, as they were given.
    row, variant : str
        Which of its cells.
    run : str
        Digest of the model, the clusters and the names.
    classes : tuple of str
        Columns of ``shares.npy``.
    named_by : str
        How the clusters got their names, such as ``"hand"``; ``"classifier"`` where there are none.
    names : dict of str to str
        Of the clusters, by their keys; empty for a classifier.
    calibrated : bool
        Whether labelled faces chose the temperature of the shares; see `fecemo.archive.confidence`.
    temperature : float
    n_labelled : int
    error : float or None
        Expected calibration error on these faces.
    """

    dataset: str
    folder: str
    row: str
    variant: str
    run: str
    classes: tuple[str, ...]
    named_by: str
    names: dict[str, str]
    calibrated: bool
    temperature: float
    n_labelled: int
    error: float | None

    def as_json(self) -> str:
        """Return the document's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Tags:
    """Tags as they are read: arrays with a row a face.

    Parameters
    ----------
    description : TagsDescription
    id, photo, taken, shows, second, cluster : ndarray of shape (n,), str
    box : ndarray of shape (n, 4), float64
        Left, right, top, bottom as fractions of the upright photograph.
    confidence : ndarray of shape (n,), float32
        0 where a face shows nothing that has a name.
    vectors : ndarray of shape (n, d), float32
        A memory map.
    shares : ndarray of shape (n, c), float32
        Likewise.
    """

    description: TagsDescription
    id: np.ndarray
    photo: np.ndarray
    taken: np.ndarray
    shows: np.ndarray
    second: np.ndarray
    cluster: np.ndarray
    box: np.ndarray
    confidence: np.ndarray
    vectors: np.ndarray
    shares: np.ndarray

    def __len__(self) -> int:
        return len(self.id)


def read_tags(folder: Path) -> Tags:
    """Read what the tag stage wrote.

    Raises
    ------
    StoredStateError
        If it has not finished, or a file is damaged.
    """
    require_receipt(folder, STAGE)
    description = _read_description(open_output(folder, DESCRIPTION_NAME, STAGE))
    path = open_output(folder, TAGS_NAME, STAGE)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        if (heading := next(reader, [])) != list(COLUMNS):
            raise StoredStateError(f"{path} has the columns {heading}, expected {list(COLUMNS)}; run the tag stage "
                                   "again")
        cells = list(zip(*reader, strict=True)) or [()] * len(COLUMNS)
    columns = dict(zip(COLUMNS, cells, strict=True))
    sides = np.array([columns[side] for side in ("left", "right", "top", "bottom")], np.float64).T.reshape(-1, 4)
    texts = {name: np.array(columns[name], dtype=str)
             for name in ("id", "photo", "taken", "shows", "second", "cluster")}
    return Tags(description, **texts, box=sides, confidence=np.array(columns["confidence"], np.float32),
                vectors=read_array(folder, VECTORS, STAGE, length=len(sides)),
                shares=read_array(folder, SHARES, STAGE, length=len(sides)))


def _read_description(path: Path) -> TagsDescription:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT or set(document) != {field.name for field in fields(TagsDescription)}:
            raise ValueError(f"expected the format {FORMAT}")
        return TagsDescription(**{**document, "classes": tuple(document["classes"])})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoredStateError(f"{path} is damaged: {error}; run the tag stage again") from error


def open_tag_table(file: IO[Any]) -> Any:
    """Return a CSV writer to which the heading was written."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    return writer


def write_exiftool_table(path: Path, photos: Mapping[str, Sequence[tuple[str, float]]], vocabulary: Vocabulary,
                         threshold: float) -> int:
    """Write the keywords of photographs in the form that ExifTool imports, and return the number of photographs.

    Parameters
    ----------
    path : Path
    photos : mapping of str to sequence of (str, float)
        By name of the photograph, what each face shows and how confidently.
    vocabulary : Vocabulary
    threshold : float
    """
    written, text = 0, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("SourceFile", "Subject", "HierarchicalSubject"))
    for photo, faces in sorted(photos.items()):
        terms = [vocabulary.term(shows) for shows in dict.fromkeys(
            shows for shows, confidence in faces if shows and confidence >= threshold)]
        if known := [term for term in terms if term is not None]:
            # As it is on the disk, whatever bytes that are: ExifTool compares them with the names of files.
            writer.writerow((f"./{photo_path(Path(), photo)}", LIST_BORDER.join(term.subject for term in known),
                             LIST_BORDER.join("|".join(term.levels) for term in known)))
            written += 1
    atomic_write(path, text.getvalue().encode("utf-8", "surrogateescape"))
    return written


def best_two(shares: np.ndarray) -> np.ndarray:
    """Return the columns of the largest and the second largest share: ndarray of shape (n, 2); the first of equals."""
    order: np.ndarray = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    return order


def unlisted(names: Iterable[str], vocabulary: Vocabulary) -> list[str]:
    """Return the names in a vocabulary that no class of the run has: most likely misspelt."""
    return sorted(set(vocabulary.terms) - set(names))
