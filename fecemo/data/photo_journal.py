"""What was found in photographs, written so that a kill at any moment loses no more than the last two seconds.

``photographs.jsonl`` has a line a photograph: of which bytes, how large, which faces, or why there are none. A later
line of the same photograph replaces an earlier one. The pixels of new faces are appended to ``crops.partial``, and
reach the disk before the line that names their digests does; when a dataset was made of them they are in ``faces.npy``.
In memory are a photograph's name, the place of its line, and 32 bytes a face: archives have millions of them.
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
    """A face that was found in a photograph."""

    #: Left, right, top, bottom as fractions of the photograph as it is shown, and then its columns.
    numbers: "array[float]"
    sha256: str  #: Digest of its stored pixels.


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photograph that was looked into."""

    photo: str  #: Its name; see `fecemo.data.photo_tree.photo_name`.
    #: `n_bytes`, `mtime_ns`: Of the file, when it was read.
    n_bytes: int
    mtime_ns: int
    sha256: str = ""  #: Of the file; ``""`` where it could not be read.
    #: `width`, `height`: In pixels, as it is stored and before any turning; 0 where it could not be decoded.
    width: int = 0
    height: int = 0
    orientation: int = 1  #: EXIF's: how what is stored is turned before it is shown.
    taken: str = ""  #: EXIF's time, ``YYYY-MM-DD HH:MM:SS``, or ``""``.
    #: `reason`, `detail`: Why it could not be looked into; ``""`` where it could.
    reason: str = ""
    detail: str = ""
    faces: tuple[FaceRecord, ...] = field(default=())
    delivery: int = 0  #: Number of the delivery, from 1, in which it was found to be so.

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


class PhotoJournal(Mapping[str, PhotoRecord]):
    """The photographs that were looked into, by name, and the pixels of their faces; for one thread.

    As a mapping it gives the latest record of each photograph, which is read from the disk, in the order of the names.

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
        self.delivery, self.made_of = 1, dict(made_of)
        self._lines_at: dict[str, int] = {}  # the place of a photograph's latest line in the file
        self._delivered_at: dict[str, int] = {}  # and of that which the last dataset was made of
        self._unwritten: list[bytes] = []
        self._stored: np.ndarray | None = None
        self._places = PixelPlaces()
        self._flushed_at = time.monotonic()
        with explained(folder):
            if not self._path.exists():
                self._write_all()
            self._file = self._path.open("r+b")
            self._read()
            self._crops = os.open(self._crops_path, os.O_RDWR | os.O_CREAT, 0o644)
            self._slots = os.fstat(self._crops).st_size // FACE_BYTES

    def __getitem__(self, photo: str) -> PhotoRecord:
        place = self._lines_at[photo]
        if place >= self._size:
            self.flush()
        return self._record(place)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._lines_at))

    def __len__(self) -> int:
        return len(self._lines_at)

    def __contains__(self, photo: object) -> bool:
        return photo in self._lines_at

    def _record(self, place: int) -> PhotoRecord:
        with explained(self._path):
            self._file.seek(place)
            return read_record(json.loads(self._file.readline()))

    def _read(self) -> None:
        """Read where the lines are, and cut off one that a kill has left unfinished."""
        try:
            line = self._file.readline()
            head = json.loads(line or b"{}")
            if head.get("format") != FORMAT:
                raise ValueError(f"its first line is not of the format {FORMAT}, or another version wrote it")
            if head["made_of"] != json.loads(json.dumps(self.made_of)):
                raise StoredStateError(f"{self.folder} was made with {difference(head['made_of'], self.made_of)}. "
                                       "Nothing stored is overwritten: choose another folder, or remove that one")
            if head["columns"] != list(self._columns):
                raise ValueError(f"its faces have the columns {head['columns']}, expected {list(self._columns)}")
            self.delivery = head["deliveries"] + 1
            self._size = len(line)
            for line in self._file:
                if not line.endswith(b"\n"):
                    break
                record = read_record(json.loads(line))
                self._lines_at[record.photo] = self._size
                if record.delivery < self.delivery:
                    self._delivered_at[record.photo] = self._size
                self._size += len(line)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoredStateError(f"{self._path} is damaged ({error}); remove {self.folder} and run the same command "
                                   "again") from error
        self._file.truncate(self._size)

    def restore(self) -> None:
        """Find the pixels of every face on the disk, and forget photographs of which a face is lost."""
        with suppress(FileNotFoundError, ValueError, EOFError):
            self._stored = map_array(self.folder / FACES_NAME)
            for face in self._stored:
                self._places.append(digest_face(face))
        for slot in range(self._slots):
            self._places.append(digest_face(np.frombuffer(self._crop(slot), np.uint8)))
        for photo, record in self.items():
            if any(self._places.find(face.sha256) is None for face in record.faces):
                self.forget(photo)

    @property
    def is_news(self) -> bool:
        """bool: Whether anything was put or forgotten since the last delivery, or is left of a killed one."""
        return self._slots > 0 or self._lines_at != self._delivered_at

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield the photographs that are ``new``, ``changed`` or ``gone`` since the last delivery, by name."""
        for photo in sorted({**self._delivered_at, **self._lines_at}):
            if photo not in self._lines_at:
                yield photo, "gone"
            elif photo not in self._delivered_at:
                yield photo, "new"
            elif self._lines_at[photo] != self._delivered_at[photo]:
                now, before = self[photo], self._record(self._delivered_at[photo])
                if (now.sha256, now.reason) != (before.sha256, before.reason):
                    yield photo, "changed"

    def forget(self, photo: str) -> None:
        """Let a photograph count as never looked into, until it is put again."""
        del self._lines_at[photo]

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
        with explained(self._crops_path):
            for face, crop in zip(record.faces, crops, strict=False):
                _write_at(self._crops, np.ascontiguousarray(crop).tobytes(), self._slots * FACE_BYTES)
                self._places.append(face.sha256)
                self._slots += 1
        self._lines_at[record.photo] = self._size + sum(map(len, self._unwritten))
        self._unwritten.append(_line(replace(record, delivery=self.delivery).document()))
        if len(self._unwritten) >= FLUSH_PHOTOGRAPHS or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Let everything that was put reach the disk: pixels first."""
        if self._unwritten:
            lines = b"".join(self._unwritten)
            with explained(self._path):
                os.fsync(self._crops)
                _write_at(self._file.fileno(), lines, self._size)
                os.fsync(self._file.fileno())
            self._size += len(lines)
            self._unwritten.clear()
        self._flushed_at = time.monotonic()

    def entries(self) -> Iterator[tuple[FaceEntry, str]]:
        """Yield every face in the order of the photographs' names, with the digest of its pixels."""
        for record in self.values():
            yield from record.entries(self._columns)

    def pixels(self) -> Iterator[tuple[bytes, str]]:
        """Yield the bytes of every face in the same order, and their digest. Raises `StoredStateError` for damage."""
        n_stored = len(self._places) - self._slots
        for record in self.values():
            for face in record.faces:
                place = self._places.find(face.sha256)
                if place is not None and place < n_stored and self._stored is not None:
                    data = self._stored[place].tobytes()
                else:
                    data = b"" if place is None else self._crop(place - n_stored)
                if digest_face(np.frombuffer(data, np.uint8)) != face.sha256:
                    raise StoredStateError(f"{self.folder}: stored faces are damaged; run the same command again to "
                                           "get them anew")
                yield data, face.sha256

    def _crop(self, slot: int) -> bytes:
        return os.pread(self._crops, FACE_BYTES, slot * FACE_BYTES)

    def finish(self) -> None:
        """End the delivery: a dataset holds every face, and its receipt is written."""
        self.flush()
        self.delivery += 1
        self._write_all()
        with explained(self._crops_path):
            self._crops_path.unlink(missing_ok=True)
        self._slots = 0

    def _write_all(self) -> None:
        """Write a line a photograph, and nothing else; this object reads on in the file that was replaced."""
        with atomic_file(self._path) as file:
            file.write(_line({"format": FORMAT, "made_of": self.made_of, "columns": self._columns,
                              "deliveries": self.delivery - 1}))
            for record in self.values():
                file.write(_line(record.document()))

    def close(self) -> None:
        """Flush, and let go of the files."""
        try:
            self.flush()
            if not self._slots:
                self._crops_path.unlink(missing_ok=True)
        finally:
            self._file.close()
            os.close(self._crops)


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def _write_at(descriptor: int, data: bytes, place: int) -> None:
    """Write all bytes at a place; written again after a failure, they are where they were to be."""
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written


class PixelPlaces:
    """Finds the place of a face's pixels by their digest, in 32 bytes a face until the first search."""

    def __init__(self) -> None:
        self._digests = bytearray()
        self._sorted: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._digests) // 32

    def append(self, sha256: str) -> None:
        """Take the digest, in hexadecimal, of the pixels at the next place."""
        self._digests += bytes.fromhex(sha256)
        self._sorted = None

    def find(self, sha256: str) -> int | None:
        """Return the last place of these pixels; None if there is none."""
        if self._sorted is None:
            digests = np.frombuffer(bytes(self._digests), "S32")
            order = np.argsort(digests, kind="stable")
            self._sorted = digests[order], order
        digests, order = self._sorted
        digest = np.frombuffer(bytes.fromhex(sha256), "S32")[0]
        rank = int(np.searchsorted(digests, digest, "right")) - 1
        return int(order[rank]) if rank >= 0 and digests[rank] == digest else None
