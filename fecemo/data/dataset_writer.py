"""Write a dataset so that a kill at any moment loses nothing.

A plan gives every wanted face a slot. A face's bytes reach the disk before the ledger says so. When every slot is
stored or rejected, the stored ones become ``faces.npy`` in the order of the plan, whatever the order in which they
arrived, and the receipt is written last.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.arrays import map_array
from fecemo.data.classes import in_standard_order
from fecemo.data.dataset_files import (
    REJECTS_NAME,
    ColumnType,
    Description,
    FaceEntry,
    digest_face,
    write_faces,
    write_rejects,
    write_tables,
)
from fecemo.data.durable import atomic_file, explained, sync
from fecemo.data.ledger import LEDGER_NAME, Ledger, Outcome
from fecemo.data.receipts import RECEIPT_NAME, Receipt, read_receipt, write_receipt
from fecemo.data.stored_faces import FACE_SHAPE, FACES_NAME, SHARDS_NAME
from fecemo.errors import InputError, StoredStateError

STAGING_NAME = "faces.partial"
MOVED_NAME = "faces.moved"
"""The staging file of a plan that has grown since, until its faces are in their new slots."""
FACE_BYTES = int(np.prod(FACE_SHAPE))
FLUSH_FACES = 256
FLUSH_SECONDS = 2.0


class DatasetWriter:
    """Fill the slots of a planned dataset, from any number of threads; resume where a killed run stopped.

    Parameters
    ----------
    folder : Path
        The dataset's folder. The caller holds its `output_lock`.
    plan : iterable of FaceEntry
        The wanted faces in their final order; ids are unique. It is read once and kept on disk.
    made_of : JSON value, optional
        What decides the pixels of a face beside its entry, such as a margin. Faces stored with another value are never
        taken for these.
    classes : sequence of str, optional
        Names of the classes in their order; without it those of the plan's labels, in the usual order.
    columns : mapping of str to str, optional
        Type of each annotation; without it those of the plan, where ``label`` and ``split`` are what they are called
        and all others text.

    Attributes
    ----------
    ledger : Ledger
        The plan, ``ledger[slot]`` a `FaceEntry` read from disk when asked for, and what became of each slot.

    Raises
    ------
    InputError
        If an id occurs twice in the plan.
    StoredStateError
        If ``folder`` holds a dataset, finished or not, of another plan.
    ResourceError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Iterable[FaceEntry], made_of: Any = None, *,
                 classes: Sequence[str] | None = None, columns: Mapping[str, ColumnType] | None = None) -> None:
        self.folder = folder
        self._classes, self._columns = classes, columns
        self._lock = threading.RLock()
        self._pending: list[Outcome] = []
        self._started = self._flushed_at = time.monotonic()
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            joined = (folder / SHARDS_NAME).exists()
            if joined or (not (folder / LEDGER_NAME).exists() and read_receipt(folder) is not None):
                raise StoredStateError(f"{folder} holds the finished output of another stage; choose another folder")
            self.ledger = Ledger(folder, plan, made_of, before_moving=self._set_staging_aside)
            try:
                if not (folder / STAGING_NAME).exists():
                    self._restore_staging()
                (folder / MOVED_NAME).unlink(missing_ok=True)
                self._staging = os.open(folder / STAGING_NAME, os.O_RDWR | os.O_CREAT, 0o644)
            except BaseException:
                self.ledger.close()
                raise

    def _set_staging_aside(self) -> None:
        with suppress(FileNotFoundError):
            (self.folder / STAGING_NAME).replace(self.folder / MOVED_NAME)

    def _restore_staging(self) -> None:
        """Fill the staging file of a finished or a grown dataset from what is stored; forget what is not whole."""
        with atomic_file(self.folder / STAGING_NAME) as file:
            by_digest: dict[str, list[int]] = {}
            for slot, _, sha256 in self.ledger.stored():
                by_digest.setdefault(sha256, []).append(slot)
            for face in self._faces_on_disk():
                for slot in by_digest.pop(digest_face(face), []):
                    file.seek(slot * FACE_BYTES)
                    file.write(face.tobytes())
            lost = [slot for slots in by_digest.values() for slot in slots]
            # Before the rename: a kill between the two costs faces that are made again, never faces that are not there.
            self.ledger.forget(lost)

    def _faces_on_disk(self) -> Iterator[np.ndarray]:
        """Yield whatever lies in ``faces.npy`` and in the slots of a staging file that was set aside."""
        with suppress(FileNotFoundError), (self.folder / MOVED_NAME).open("rb") as moved:
            while len(face := moved.read(FACE_BYTES)) == FACE_BYTES:
                yield np.frombuffer(face, np.uint8)
        with suppress(FileNotFoundError, ValueError, EOFError):  # no dataset, or a damaged one
            yield from map_array(self.folder / FACES_NAME)

    def missing(self) -> list[int]:
        """Return the slots that are neither stored nor rejected, in ascending order. Flushes first."""
        self.flush()
        return self.ledger.missing()

    def put(self, slot: int, face: np.ndarray, detail: str = "") -> None:
        """Store the face of a slot, RGB of shape (200, 200, 3), uint8, and a detail beside it in the ledger.

        Raises `ResourceError` if the disk is full; every face that the ledger knows stays whole.
        """
        if face.shape != FACE_SHAPE or face.dtype != np.uint8:
            raise ValueError(f"a stored face is uint8 of shape {FACE_SHAPE}, not {face.dtype} of shape {face.shape}")
        face = np.ascontiguousarray(face)
        with explained(self.folder / STAGING_NAME):
            # pwrite reports a full disk; a memory map would end the process with a bus error.
            written = os.pwrite(self._staging, face.data, slot * FACE_BYTES)
            if written != FACE_BYTES:
                os.pwrite(self._staging, face.tobytes()[written:], slot * FACE_BYTES + written)
        self._note((slot, "stored", digest_face(face), "", detail))

    def stored_face(self, slot: int) -> np.ndarray:
        """Return the face that was put into a slot: ndarray of shape (200, 200, 3), uint8."""
        return np.frombuffer(os.pread(self._staging, FACE_BYTES, slot * FACE_BYTES), np.uint8).reshape(FACE_SHAPE)

    def reject(self, slot: int, reason: str, detail: str = "") -> None:
        """Record why the face of a slot is missing: a short fixed ``reason`` and a free ``detail``."""
        self._note((slot, "rejected", "", reason, detail))

    def reject_photo(self, slot: int, reason: str, detail: str = "") -> int:
        """Reject every missing face of the photograph that a slot's face is in; return their number."""
        faces = self.ledger.missing_of_same_address(slot)
        for missing, _ in faces:
            self.reject(missing, reason, detail)
        return len(faces)

    def _note(self, outcome: Outcome) -> None:
        with self._lock:
            self._pending.append(outcome)
            if len(self._pending) >= FLUSH_FACES or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
                self.flush()

    def flush(self) -> None:
        """Commit what is pending."""
        with self._lock:
            if self._pending:
                with explained(self.folder / STAGING_NAME):
                    sync(self._staging)
                self.ledger.record(self._pending)
                self._pending.clear()
            self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Commit what is pending and close the files; a later writer of the same plan resumes from here."""
        with self._lock:
            try:
                self.flush()
                self.ledger.add_seconds(time.monotonic() - self._started)
            finally:
                self.ledger.close()
                os.close(self._staging)

    def finish(self, stage: str, *, config: dict[str, Any], inputs: dict[str, str], seed: int | None = None,
               extra_files: Sequence[str] = (), summary: dict[str, Any] | None = None,
               may_be_empty: bool = False, advice: str = "Mend what they come from, then run again") -> Receipt:
        """Turn the filled slots into a finished dataset.

        Parameters
        ----------
        stage, config, inputs, seed
            What the receipt says; see `Receipt`.
        extra_files : sequence of str
            Names of files that the stage put beside the faces, such as ``triplets.csv``.
        summary : dict, optional
            Added to the counts of faces and of rejects by reason.
        may_be_empty : bool
            Whether a dataset of no face is what it should be, as for a shard into which no host falls.
        advice : str
            What to do where no face could be stored.

        Raises
        ------
        InputError
            If no slot is stored and the dataset may not be empty. ``rejects.csv`` is written all the same.
        StoredStateError
            If a slot is neither stored nor rejected, or the bytes of a stored face are no longer those that were
            stored; such faces count as missing from then on.
        """
        if missing := self.missing():
            raise StoredStateError(
                f"{self.folder}: {len(missing)} of {len(self.ledger)} faces are neither stored nor rejected")
        n_stored, rejected = self.ledger.counts()
        if not n_stored and not may_be_empty:
            listed = ", ".join(f"{count} {reason}" for reason, count in rejected.items())
            write_rejects(self.folder, tuple(self._description().columns), self.ledger.rejected())
            raise InputError(f"{self.folder}: none of the {len(self.ledger)} faces could be stored ({listed}); "
                             f"{REJECTS_NAME} has the reason of each. {advice}")
        # From here to the new receipt the folder holds no finished dataset, whatever it held before.
        with explained(self.folder):
            (self.folder / RECEIPT_NAME).unlink(missing_ok=True)
        digest = write_faces(self.folder, n_stored, self._staged())
        tables = write_tables(self.folder, self._description(),
                              lambda: ((entry, sha256) for _, entry, sha256 in self.ledger.stored()),
                              self.ledger.rejected())
        receipt = write_receipt(
            self.folder, stage, config=config, inputs=inputs, seed=seed,
            files=[*tables, *extra_files],
            # Of the digests of the faces: a file of many gigabytes is not read again.
            outputs={FACES_NAME: digest},
            seconds=self.ledger.seconds() + time.monotonic() - self._started,
            summary={"faces": n_stored, "rejected": rejected, **(summary or {})},
        )
        with explained(self.folder):
            (self.folder / STAGING_NAME).unlink(missing_ok=True)
        return receipt

    def _description(self) -> Description:
        """Return the classes and columns that were given, or else those of the plan."""
        columns, classes = self._columns, self._classes
        if columns is None:
            types: dict[str, ColumnType] = {"label": "label", "split": "split"}
            named = self.ledger.annotation_names()
            columns = {name: types.get(name, "text") for name in sorted(
                named, key=lambda name: ([*types, name].index(name), name))}
        if classes is None:
            classes = in_standard_order(self.ledger.annotation_values("label") if "label" in columns else ())
        return Description(tuple(classes), columns)

    def _staged(self) -> Iterator[tuple[bytes, str]]:
        """Yield every stored face and its digest. Raises `StoredStateError` after the last where some are damaged."""
        damaged = []
        for slot, _, sha256 in self.ledger.stored():
            face = os.pread(self._staging, FACE_BYTES, slot * FACE_BYTES)
            if len(face) != FACE_BYTES or digest_face(np.frombuffer(face, np.uint8)) != sha256:
                damaged.append(slot)
            yield face, sha256
        if damaged:
            self.ledger.forget(damaged)
            raise StoredStateError(
                f"{self.folder / STAGING_NAME}: {len(damaged)} stored faces are damaged (slots "
                f"{', '.join(map(str, damaged[:10]))}…); run the same command again to get them anew")


def in_the_making(folder: Path) -> bool:
    """Tell whether ``folder`` holds faces that `DatasetWriter.finish` has not yet made a dataset of."""
    return (folder / STAGING_NAME).exists()
