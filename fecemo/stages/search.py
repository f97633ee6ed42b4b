"""Search: tagged faces and a word, or an example → the best hits as a table, a contact sheet, and sidecars."""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.archive.photographs import read_photographs
from fecemo.archive.search import LESS_ALIKE, Hits, allowed_rows, by_likeness, by_shares
from fecemo.archive.sidecar import Form
from fecemo.archive.tags import STAGE as TAG_STAGE
from fecemo.archive.tags import Tags, TagsDescription, read_tags
from fecemo.archive.words import Query, read_query
from fecemo.data.dataset import Dataset
from fecemo.data.detect_settings import DetectSettings
from fecemo.data.durable import atomic_file, atomic_write, csv_file
from fecemo.data.receipts import Receipt, digest_file, plain, read_receipt, require_receipt
from fecemo.errors import InputError, ResourceError, StoredStateError, nearest
from fecemo.imaging.encode import contact_sheet
from fecemo.machine import install_command
from fecemo.run import Run
from fecemo.stages.landmarks import LandmarkSettings
from fecemo.stages.photo_sidecars import write_sidecars
from fecemo.stages.row_columns import Photograph, row_columns
from fecemo.stages.run_readout import RunReadout, require_current
from fecemo.stages.run_stage import StageResult, run_stage

STAGE = "search"
HITS_NAME, SHEET_NAME, PARQUET_NAME = "hits.csv", "hits.png", "tags.parquet"
COLUMNS = ("rank", "score", "called", "row", "id", "photo", "left", "right", "top", "bottom", "taken", "shows",
           "confidence", "cluster")
BELOW = "less alike"
"""Heading of the faces that are not called what was asked for."""
SHEET_FACES = 400
"""At most so many hits are on the contact sheet."""
PARQUET_ROWS = 65_536


@dataclass(frozen=True)
class SearchSettings:
    """What to search for, and where."""

    tags: Path  #: What the tag stage wrote.
    find: str = ""  #: Words, such as ``furious`` or ``"happy but not surprised"``.
    #: A photograph, by its path within the folder of photographs; or the id of a face; or the file of a photograph that
    #: was never tagged, whose face is then found, measured and embedded as those of the data set were.
    like: str = ""
    #: Which face of the photograph, counted from the left. Without it, what is like any face of a tagged photograph is
    #: found, and a file must show one face.
    face: int | None = None
    #: What finds its face: a file, or the name of one that ``00_models.py`` has fetched.
    detector: Path = DetectSettings.detector
    landmark_model: Path = LandmarkSettings.landmark_model  #: What measures it, likewise.
    top: int = 50  #: Hits at most.
    since: str = ""  #: Photographs taken then or later: as much of ``YYYY-MM-DD HH:MM:SS`` as wanted.
    until: str = ""  #: Photographs taken until the end of this year, month, day or minute.
    folder: str = ""  #: Photographs in this one of the folders within the folder of photographs.
    confidence: float = 0.0  #: Least confidence of what a face shows, in [0, 1].
    #: By words, faces that are called so come first. Others are listed below where their score is above this share of
    #: the median score of those; 0 lists all that show a trace of it.
    less_alike: float = LESS_ALIKE
    sidecars: bool = False  #: Whether to write the tags of the photographs that were found into their sidecars.
    photos: Path | None = None  #: The folder of photographs, for sidecars.
    sidecar_form: Form = "photo.jpg.xmp"  #: What a new sidecar is called.
    threshold: float = 0.5  #: Keywords are written of faces that show something at least so confidently.
    #: Whether to write all tags with their vectors as ``tags.parquet``, for engines that search beyond one machine.
    parquet: bool = False

    def __post_init__(self) -> None:
        if bool(self.find.strip()) == bool(self.like.strip()):
            raise InputError("give either find, words, or like, a photograph or the id of a face")
        if self.top < 1:
            raise InputError(f"top must be at least 1, not {self.top}")
        for name in ("confidence", "less_alike", "threshold"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise InputError(f"{name} must be in [0, 1], not {value:g}")
        if self.sidecars and (self.photos is None or not self.photos.is_dir()):
            raise InputError(f"photos: {self.photos} is no folder; sidecars are beside the photographs")


def run(settings: SearchSettings, out: Path) -> Receipt:
    """Find faces by words or by example, exactly, over everything that was tagged.

    Writes ``hits.csv``, the best first, and ``hits.png``, a contact sheet of their faces, numbered by rank. By
    words, a face's score is the sum of its shares of the classes by the words' weights; those that show what the words
    ask for come first, with ``called`` yes, and under a heading on the sheet those that are less alike. By example, the
    score is minus the Euclidean distance of a face's vector to the nearest face of the example, which is not among the
    hits itself.

    Parameters
    ----------
    out : Path
        A folder for the hits, such as ``archive/hits/furious``.

    Raises
    ------
    InputError
        If no word reaches an expression that a cluster of the run is named, there is no such photograph, it shows no
        face or several, or a filter is not sound.
    StoredStateError
        If nothing is tagged, or the run's names changed since.
    ResourceError
        If ``parquet`` is asked for and pyarrow is not installed.
    """
    receipt, tags = require_receipt(settings.tags, TAG_STAGE), read_tags(settings.tags)
    description = tags.description

    def readout() -> RunReadout:
        return RunReadout(Run(Path(description.folder)), description.row, description.variant)

    require_current({name: digest for name, digest in receipt.inputs.items() if not name.startswith("dataset")},
                    readout, f"the tags in {settings.tags}")
    faces = read_receipt(Path(description.dataset))
    if faces is not None and faces.digest != receipt.inputs["dataset"]:
        raise StoredStateError(f"the tags in {settings.tags} are stale: the faces in {description.dataset} changed "
                               "since; run the tag stage again")
    query = read_query(settings.find, description.classes, description.vocabulary) if settings.find.strip() else None
    if query:
        _require_named(settings.find, query, tags)
    examples = np.zeros(0, np.int64) if query else _examples(tags, settings.like, settings.face)
    inputs, vectors = {"tags": receipt.digest}, tags.vectors[examples]
    if not query and not len(examples):
        inputs["photograph"] = digest_file(Path(settings.like))
        vectors = _vector_of_file(settings, description, readout())
    allowed = allowed_rows(tags, since=settings.since, until=settings.until, folder=settings.folder,
                           confidence=settings.confidence)
    allowed[examples] = False
    config = {name: plain(getattr(settings, name)) for name in ("find", "like", "face", "top", "since", "until",
                                                                "folder", "confidence", "less_alike", "parquet")}

    def work(folder: Path) -> StageResult:
        called, count = np.zeros(len(tags), bool), f"{int(allowed.sum())} faces"
        if query:
            wanted = [label for label, is_called in zip(description.classes, query.called, strict=True) if is_called]
            called = np.isin(tags.shows, wanted)
            hits = by_shares(tags.shares, query.weights, settings.top, called, allowed, settings.less_alike)
            n_called, below = int((called & allowed).sum()), len(hits.rows) - hits.n_called
            message = (f"{hits.n_called} of " if hits.n_called < n_called else "") + (
                f"{n_called} called {' or '.join(wanted)}") + (f"; below: {below} {BELOW}" if below else "")
        else:
            hits = by_likeness(tags.vectors, vectors, settings.top, allowed)
            message = f"{len(hits.rows)} hits"
        _write_hits(folder / HITS_NAME, tags, hits, by_words=query is not None)
        files = [HITS_NAME, *_write_sheet(folder, Path(description.dataset), tags.row[hits.rows],
                                          hits.n_called if query else len(hits.rows))]
        if settings.parquet:
            _write_parquet(folder / PARQUET_NAME, tags)
            files.append(PARQUET_NAME)
        return StageResult(files=files, message=f"{message}, of {count}; {_words(query)}",
                           summary={"hits": len(hits.rows), "called": hits.n_called, "allowed": int(allowed.sum()),
                                    "faces": len(tags), "words": plain(query.words) if query else [],
                                    "unknown": plain(query.unknown) if query else {}})

    done = run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)
    if settings.sidecars and settings.photos is not None:
        with (out / HITS_NAME).open(encoding="utf-8", newline="") as file:
            rows = [int(line["row"]) for line in csv.DictReader(file)]
        write_sidecars(tags, settings.photos, read_photographs(Path(description.dataset)), out, settings.threshold,
                       settings.sidecar_form, np.searchsorted(tags.row, rows).tolist())
    return done


def _words(query: Query | None) -> str:
    if query is None:
        return "by likeness"
    used = ", ".join(f"{'not ' if word.weight < 0 else ''}{word.known}" for word in query.words)
    passed = "; ".join(f"{word!r} is not known" + (f" (nearest: {', '.join(near)})" if near else "")
                       for word, near in query.unknown.items())
    return f"by {used}" + (f"; {passed}" if passed else "")


def _require_named(phrase: str, query: Query, tags: Tags) -> None:
    """Refuse words that call for classes alone which no cluster is named: there is no face to put first."""
    classes = np.array(tags.description.classes)
    named = {*tags.description.names.values(), *tags.shows.tolist()} if tags.description.names else set()
    labels = classes[query.called].tolist()
    if not labels:
        raise InputError(f"find: {phrase!r} says what a face is not to show, and not what it shows")
    if labels and named and not named & set(labels):
        there = [name for name in classes.tolist() if name in named]
        raise InputError(f"find: {phrase!r} asks for {' or '.join(labels)}, and no cluster is named so; named are "
                         f"{', '.join(there) or 'none'}. Name one so, and tag again")


def _examples(tags: Tags, like: str, face: int | None) -> np.ndarray:
    """Return the rows of the faces of a photograph, or that of one face; none for another file that is there."""
    rows = np.flatnonzero((tags.photo == like.removeprefix("./")) | (tags.id == like))
    if not len(rows) and not Path(like).is_file():
        raise InputError(f"like: no face was found in a photograph {like!r}, no face has this id, and there is no such "
                         f"file; {nearest(like, np.unique(tags.photo).tolist()[:20])}")
    if len(rows) and face is not None:
        if not 1 <= face <= len(rows):
            raise InputError(f"like: {like} shows {len(rows)} faces, there is no face {face}")
        return rows[face - 1 : face]
    return rows


def _vector_of_file(settings: SearchSettings, tagged: TagsDescription, readout: RunReadout) -> np.ndarray:
    """Return the vector of the face in a photograph that was never tagged: ndarray of shape (1, d), float32."""
    place = Path(tagged.dataset)
    photograph = Photograph(Path(settings.like), settings.face, settings.detector, settings.landmark_model)
    return readout.vectors(photograph.block(row_columns(place, Dataset(place), readout), readout))


def _write_hits(path: Path, tags: Tags, hits: Hits, by_words: bool) -> None:
    with csv_file(path, COLUMNS) as table:
        for rank, (row, score) in enumerate(zip(hits.rows.tolist(), hits.scores.tolist(), strict=True), 1):
            called = ("yes" if rank <= hits.n_called else "no") if by_words else ""
            table.writerow((rank, f"{score:.6g}", called, tags.row[row], tags.id[row], tags.photo[row],
                            *(f"{side:.6f}" for side in tags.box[row]), tags.taken[row], tags.shows[row],
                            f"{tags.confidence[row]:.4f}", tags.cluster[row]))


def _write_sheet(folder: Path, place: Path, rows: np.ndarray, n_called: int) -> list[str]:
    """Write the contact sheet, where there is a hit and the data set is still there; return the files.

    The first ``n_called`` of the rows have no heading, all others one.
    """
    (folder / SHEET_NAME).unlink(missing_ok=True)
    if not len(rows):
        return []
    if not place.is_dir():
        print(f"warning: {place} is gone, so that there is no contact sheet", file=sys.stderr)
        return []
    faces, shown = Dataset(place).faces, rows[:SHEET_FACES].tolist()
    parts = {heading: (np.asarray(faces[row]) for row in of_part)
             for heading, of_part in (("", shown[:n_called]), (BELOW, shown[n_called:]))}
    atomic_write(folder / SHEET_NAME, contact_sheet(parts, kind="png", numbered=True))
    return [SHEET_NAME]


def _write_parquet(path: Path, tags: Tags) -> None:
    """Write a row a face: id, photo, box, date, what it shows, and its vector as a list of float32."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ResourceError(f"parquet needs pyarrow, which is not installed: {install_command('export')}") from error
    texts = ("id", "photo", "taken", "shows", "cluster")
    length = tags.vectors.shape[1]
    schema = pa.schema([*((name, pa.string()) for name in texts), ("confidence", pa.float32()),
                        ("box", pa.list_(pa.float64(), 4)), ("vector", pa.list_(pa.float32(), length))])

    def fixed(values: np.ndarray, kind: Any) -> Any:
        return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel(), kind), values.shape[1])

    with atomic_file(path) as file, pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(tags), PARQUET_ROWS):
            part = slice(start, start + PARQUET_ROWS)
            writer.write_batch(pa.record_batch([
                *(pa.array(getattr(tags, name)[part].tolist(), pa.string()) for name in texts),
                pa.array(tags.confidence[part], pa.float32()), fixed(tags.box[part], pa.float64()),
                fixed(np.asarray(tags.vectors[part]), pa.float32())], schema=schema))
