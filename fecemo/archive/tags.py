"""The tags of an archive's faces on disk: a table, and beside it vectors and shares with the same rows."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array
from fecemo.data.documents import build
from fecemo.data.durable import atomic_write
from fecemo.data.photo_tree import photo_path
from fecemo.data.receipts import open_output, require_receipt
from fecemo.data.vocabulary import Vocabulary, holdings, names_of
from fecemo.errors import InputError, StoredStateError

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
    """What all tags of a folder have in common."""

    #: `dataset`, `folder`: The data set and the run, as they were given.
    dataset: str
    folder: str
    #: `row`, `variant`: Which of its cells.
    row: str
    variant: str
    run: str  #: Digest of the model, the clusters and the names.
    #: Columns of ``shares.npy``: the classes, and every other label that clusters or faces bear.
    classes: tuple[str, ...]
    vocabulary: Vocabulary  #: By which the names in them are understood, and become keywords.
    named_by: str  #: How the clusters got their names, such as ``"hand"``; ``"classifier"`` where there are none.
    names: dict[str, str]  #: Of the clusters, by their keys; empty for a classifier.
    moved: int  #: Faces of the table that a person moved out of their clusters.
    set_aside: int  #: Faces that are not in the table: what the detector took for a face, and a person did not.
    #: Whether labelled faces chose the temperature of the shares; see `fecemo.evaluation.metrics.calibration`.
    calibrated: bool
    temperature: float
    n_labelled: int
    error: float | None  #: Expected calibration error on these faces.

    def as_json(self) -> str:
        """Return the document's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Tags:
    """Tags as they are read: arrays with a row a face."""

    description: TagsDescription
    row: np.ndarray  #: Of shape (n,), int64. Of the data set, ascending.
    id: np.ndarray  #: Of shape (n,), str.
    photo: np.ndarray  #: Of shape (n,), str.
    taken: np.ndarray  #: Of shape (n,), str.
    shows: np.ndarray  #: Of shape (n,), str.
    second: np.ndarray  #: Of shape (n,), str.
    cluster: np.ndarray  #: Of shape (n,), str.
    box: np.ndarray  #: Of shape (n, 4), float64. Left, right, top, bottom as fractions of the upright photograph.
    confidence: np.ndarray  #: Of shape (n,), float32. 0 where a face shows nothing that has a name.
    vectors: np.ndarray  #: Of shape (n, d), float32. A memory map.
    shares: np.ndarray  #: Of shape (n, c), float32. Likewise.

    def __len__(self) -> int:
        return len(self.id)

    @cached_property
    def names(self) -> "ShownNames":
        """ShownNames: What the labels hold."""
        return ShownNames(self.description.vocabulary, self.description.classes)


class ShownNames:
    """What labels hold: how likely a face shows each name of its label, and the names above it.

    Parameters
    ----------
    labels : sequence of str
        Columns of shares.
    """

    def __init__(self, vocabulary: Vocabulary, labels: Sequence[str]) -> None:
        self._held = {label: vocabulary.held_by(label) for label in labels}
        self._names, self._holds = holdings(vocabulary, labels)
        self._place = {name: place for place, name in enumerate(self._names)}

    def of(self, label: str, shares: np.ndarray) -> list[tuple[str, float]]:
        """Return the names of a face's label and those above, each with its confidence, the widest first.

        Confidence is the sum of the shares, of shape (c,), of all labels that hold the name: where it is open which of
        two names under ``"upset"`` a face shows, it may be clear that it shows ``"upset"``.
        """
        held = self._held.get(label, ())
        places = [self._place[name] for name in held]
        return list(zip(held, np.minimum(shares @ self._holds[:, places], 1).tolist(), strict=True))

    def confidence(self, label: str, shares: np.ndarray) -> float:
        """Return the confidence of the first name of a face's label; 0 without one."""
        return dict(self.of(label, shares))[names_of(label)[0]] if label else 0.0


def read_tags(folder: Path) -> Tags:
    """Read what the tag stage wrote. Raises `StoredStateError` if it has not finished, or a file is damaged."""
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
    return Tags(description, np.array(columns["row"], np.int64), **texts, box=sides,
                confidence=np.array(columns["confidence"], np.float32),
                vectors=read_array(folder, VECTORS, STAGE, length=len(sides)),
                shares=read_array(folder, SHARES, STAGE, length=len(sides)))


def _read_description(path: Path) -> TagsDescription:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT or set(document) != {field.name for field in fields(TagsDescription)}:
            raise ValueError(f"expected the format {FORMAT}")
        return build(TagsDescription, document, str(path))
    except (ValueError, TypeError, KeyError, AttributeError, InputError) as error:
        raise StoredStateError(f"{path} is damaged: {error}; run the tag stage again") from error


def write_exiftool_table(path: Path, photos: Mapping[str, Sequence[tuple[str, float]]], vocabulary: Vocabulary,
                         threshold: float) -> int:
    """Write the keywords of photographs in the form that ExifTool imports, and return the number of photographs.

    Parameters
    ----------
    photos : mapping of str to sequence of (str, float)
        By name of the photograph, the names that its faces show and how confidently.
    """
    written, text = 0, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("SourceFile", "Subject", "HierarchicalSubject"))
    for photo, faces in sorted(photos.items()):
        terms = [vocabulary.term(name) for name in dict.fromkeys(
            name for name, confidence in faces if confidence >= threshold)]
        if known := [term for term in terms if term is not None]:
            # As it is on the disk, whatever bytes that are: ExifTool compares them with the names of files.
            writer.writerow((f"./{photo_path(Path(), photo)}", LIST_BORDER.join(term.subject for term in known),
                             LIST_BORDER.join("|".join(path) for term in known for path in term.paths)))
            written += 1
    atomic_write(path, text.getvalue().encode("utf-8", "surrogateescape"))
    return written


def best_two(shares: np.ndarray) -> np.ndarray:
    """Return the columns of the largest and the second largest share: ndarray of shape (n, 2); the first of equals."""
    order: np.ndarray = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    return order

