"""What was found in photographs, written so that a kill at any moment loses no more than the last two seconds.

``photographs.jsonl`` has a line a photograph: of which bytes, how large, which faces, or why there are none. A later
line of the same photograph replaces an earlier one. The pixels of new faces are appended to ``crops.partial``, and
reach the disk before the line that names their digests does; when a dataset was made of them they are in ``faces.npy``.
"""

import json
import os
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.arrays import map_array
from fecemo.data.dataset_files import FACES_NAME, FaceEntry, digest_face
from fecemo.data.dataset_writer import FACE_BYTES
from fecemo.data.durable import atomic_file, explained
from fecemo.data.face_lists import face_id
from fecemo.data.ledger import difference
from fecemo.errors import StoredStateError

JOURNAL_NAME, CROPS_NAME = "photographs.jsonl", "crops.partial"
FORMAT = "fecemo.photographs/2"
FLUSH_PHOTOGRAPHS, FLUSH_SECONDS = 64, 2.0


@dataclass(frozen=True, slots=True)
class FaceRecord:
    """A face that was found in a photograph, in as few bytes as may be: all faces of an archive are in memory.

    Parameters
    ----------
    numbers : array of float64
        Left, right, top, bottom as fractions of the photograph as it is shown, and then its columns.
    sha256 : str
        Digest of its stored pixels.
    """

    numbers: "array[float]"
    sha256: str


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photograph that was looked into.

    Parameters
    ----------
    photo : str
        Its name; see `fecemo.data.photo_tree.photo_name`.
    n_bytes, mtime_ns : int
        Of the file, when it was read.
    sha256 : str
        Of the file; ``""`` where it could not be read.
    width, height : int
        In pixels, as it is stored and before any turning; 0 where it could not be decoded.
    orientation : int
        EXIF's: how what is stored is turned before it is shown.
    taken : str
        EXIF's time, ``YYYY-MM-DD HH:MM:SS``, or ``""``.
    reason, detail : str
        Why it could not be looked into; ``""`` where it could.
    faces : tuple of FaceRecord
    delivery : int
        Number of the delivery, from 1, in which it was found to be so.
    """

    photo: str
    n_bytes: int
    mtime_ns: int
    sha256: str = ""
    width: int = 0
    height: int = 0
    orientation: int = 1
    taken: str = ""
    reason: str = ""
    detail: str = ""
    faces: tuple[FaceRecord, ...] = field(default=())
    delivery: int = 0

    def entries(self, columns: Sequence[str]) -> Iterator[tuple[FaceEntry, str]]:
        """Yield its faces as entries of a dataset with these columns, each with the digest of its pixels."""
        for face in self.faces:
            left, right, top, bottom, *values = face.numbers
            annotations = {name: f"{value:.10g}" if value == value else "" for name, value in zip(
                columns, values, strict=True)}
            yield FaceEntry(face_id(self.photo, left, right, top, bottom), self.photo, left, right, top, bottom,
                            annotations), face.sha256

    def document(self) -> dict[str, Any]:
        """Return the record as JSON values; `read_record` is the inverse."""
        faces = [{"numbers": face.numbers.tolist(), "sha256": face.sha256} for face in self.faces]
        return {**{of.name: getattr(self, of.name) for of in fields(self)}, "faces": faces}


def read_record(document: dict[str, Any]) -> PhotoRecord:
    """Return the record that `PhotoRecord.document` wrote."""
    faces = tuple(FaceRecord(array("d", face["numbers"]), face["sha256"]) for face in document["faces"])
    return PhotoRecord(**{**document, "faces": faces})


class PhotoJournal:
    """The photographs that were looked into, and the pixels of their faces; for one thread.

    Parameters
    ----------
    folder : Path
        Of the dataset. The caller holds its `output_lock`.
    made_of : dict
        What decides the faces of a photograph: settings, and the digest of the detector. JSON values.
    columns : sequence of str
        Of every face, in the order of its numbers.

    Attributes
    ----------
    records : dict of str to PhotoRecord
        By the photograph's name, the latest of each.
    delivered : dict of str to PhotoRecord
        As they were when the last dataset was finished.
    delivery : int
        Number of the delivery that is at work.
    made_of : dict

    Raises
    ------
    StoredStateError
        If the journal is of other settings, damaged, or missing in a folder that holds a dataset.
    """

    def __init__(self, folder: Path, made_of: Mapping[str, Any], columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self.folder, self._path, self._crops_path = folder, folder / JOURNAL_NAME, folder / CROPS_NAME
        self.records: dict[str, PhotoRecord] = {}
        self.delivered: dict[str, PhotoRecord] = {}
        self.delivery, self.made_of = 1, dict(made_of)
        self._places: dict[str, int] = {}  # a row of faces.npy, or ~slot of crops.partial
        self._lines: list[str] = []
        self._stored: np.ndarray | None = None
        self._flushed_at = time.monotonic()
        with explained(folder):
            if self._path.exists():
                self._read()
            else:
                self._write_all()
            self._crops = os.open(self._crops_path, os.O_RDWR | os.O_CREAT, 0o644)
            self._slots = os.fstat(self._crops).st_size // FACE_BYTES

    def _read(self) -> None:
        data = self._path.read_bytes()
        lines = data.split(b"\n")
        whole = len(data) - len(lines.pop())  # a kill has cut the last line, or nothing follows it
        try:
            head = json.loads(lines[0]) if lines else {}
            if head.get("format") != FORMAT:
                raise ValueError(f"its first line is not of the format {FORMAT}, or another version wrote it")
            if head["made_of"] != json.loads(json.dumps(self.made_of)):
                raise StoredStateError(f"{self.folder} was made with {difference(head['made_of'], self.made_of)}. "
                                       "Nothing stored is overwritten: choose another folder, or remove that one")
            if head["columns"] != list(self._columns):
                raise ValueError(f"its faces have the columns {head['columns']}, expected {list(self._columns)}")
            self.delivery = head["deliveries"] + 1
            for line in lines[1:]:
                record = read_record(json.loads(line))
                self.records[record.photo] = record
                if record.delivery < self.delivery:
                    self.delivered[record.photo] = record
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoredStateError(f"{self._path} is damaged ({error}); remove {self.folder} and run the same command "
                                   "again") from error
        with self._path.open("r+b") as file:
            file.truncate(whole)

    def restore(self) -> None:
        """Find the pixels of every face on the disk, and forget photographs of which a face is lost."""
        with suppress(FileNotFoundError, ValueError, EOFError):
            self._stored = map_array(self.folder / FACES_NAME)
            for row, face in enumerate(self._stored):
                self._places[digest_face(face)] = row
        for slot in range(self._slots):
            self._places[digest_face(np.frombuffer(self._crop(slot), np.uint8))] = ~slot
        for record in list(self.records.values()):
            if any(face.sha256 not in self._places for face in record.faces):
                self.forget(record.photo)

    @property
    def is_news(self) -> bool:
        """bool: Whether anything was put or forgotten since the last delivery, or is left of a killed one."""
        return self._slots > 0 or self.records != self.delivered

    def forget(self, photo: str) -> None:
        """Let a photograph count as never looked into, until it is put again."""
        del self.records[photo]

    def put(self, record: PhotoRecord, crops: Sequence[np.ndarray] = ()) -> None:
        """Store what was found in a photograph.

        Parameters
        ----------
        record : PhotoRecord
            Its delivery is filled in.
        crops : sequence of ndarray of shape (200, 200, 3), uint8
            Of its faces; none where they are stored already.

        Raises
        ------
        ResourceError
            If the disk is full; whatever was flushed stays whole.
        """
        record = replace(record, delivery=self.delivery)
        with explained(self._crops_path):
            for face, crop in zip(record.faces, crops, strict=False):
                data = np.ascontiguousarray(crop).tobytes()
                written = os.pwrite(self._crops, data, self._slots * FACE_BYTES)
                if written < FACE_BYTES:
                    os.pwrite(self._crops, data[written:], self._slots * FACE_BYTES + written)
                self._places[face.sha256] = ~self._slots
                self._slots += 1
        self.records[record.photo] = record
        self._lines.append(json.dumps(record.document()))
        if len(self._lines) >= FLUSH_PHOTOGRAPHS or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Let everything that was put reach the disk: pixels first."""
        if self._lines:
            with explained(self._path):
                os.fsync(self._crops)
                with self._path.open("ab") as file:
                    file.write("".join(f"{line}\n" for line in self._lines).encode())
                    file.flush()
                    os.fsync(file.fileno())
            self._lines.clear()
        self._flushed_at = time.monotonic()

    def entries(self) -> Iterator[tuple[FaceEntry, str]]:
        """Yield every face in the order of the photographs' names, with the digest of its pixels."""
        for photo in sorted(self.records):
            yield from self.records[photo].entries(self._columns)

    def pixels(self) -> Iterator[tuple[bytes, str]]:
        """Yield the bytes of every face in the same order, and their digest. Raises `StoredStateError` for damage."""
        for _, sha256 in self.entries():
            place = self._places[sha256]
            data = self._stored[place].tobytes() if place >= 0 and self._stored is not None else self._crop(~place)
            if digest_face(np.frombuffer(data, np.uint8)) != sha256:
                raise StoredStateError(f"{self.folder}: stored faces are damaged; run the same command again to get "
                                       "them anew")
            yield data, sha256

    def _crop(self, slot: int) -> bytes:
        return os.pread(self._crops, FACE_BYTES, slot * FACE_BYTES)

    def finish(self) -> None:
        """End the delivery: a dataset holds every face, and its receipt is written."""
        self.delivery += 1
        self._write_all()
        with explained(self._crops_path):
            self._crops_path.unlink(missing_ok=True)
        self._slots = 0

    def _write_all(self) -> None:
        """Write a line a photograph, and nothing else."""
        with atomic_file(self._path) as file:
            head = {"format": FORMAT, "made_of": self.made_of, "columns": self._columns,
                    "deliveries": self.delivery - 1}
            file.write(json.dumps(head).encode() + b"\n")
            for photo in sorted(self.records):
                file.write(json.dumps(self.records[photo].document()).encode() + b"\n")

    def close(self) -> None:
        """Flush, and let go of the files."""
        try:
            self.flush()
            if not self._slots:
                self._crops_path.unlink(missing_ok=True)
        finally:
            os.close(self._crops)
