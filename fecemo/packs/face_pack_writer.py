"""Write a face pack so that a kill at any moment loses nothing.

A plan gives every wanted face a slot. A face's bytes reach the disk before the ledger says so; the ledger is a SQLite
file whose transactions survive a kill. When every slot is stored or rejected, the stored ones become ``faces.npy`` in
the order of the plan, whatever the order in which they arrived, and the receipt is written last.
"""

import csv
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.errors import InputError, StoredStateError
from fecemo.packs.durable import atomic_file, explained
from fecemo.packs.face_pack import (
    ENTRY_COLUMNS, FACE_SHAPE, FACES_NAME, INDEX_COLUMNS, INDEX_NAME, REJECTS_NAME, FaceEntry, digest_face,
)
from fecemo.packs.receipts import Receipt, digest_json, read_receipt, write_receipt

LEDGER_NAME = "ledger.sqlite"
STAGING_NAME = "faces.partial"
FACE_BYTES = int(np.prod(FACE_SHAPE))
FLUSH_FACES = 256
FLUSH_SECONDS = 2.0


class FacePackWriter:
    """Fill the slots of a planned pack, from any number of threads; go on where a killed run stopped.

    Parameters
    ----------
    folder : Path
        The pack's folder. The caller holds its `output_lock`.
    plan : sequence of FaceEntry
        The wanted faces in their final order; ids are unique.

    Raises
    ------
    InputError
        If an id stands twice in the plan.
    StoredStateError
        If ``folder`` holds a pack, finished or not, of another plan.
    ResourceError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path, plan: Sequence[FaceEntry]) -> None:
        self.folder = folder
        self.plan = tuple(plan)
        if len({entry.id for entry in self.plan}) != len(self.plan):
            raise InputError(f"the plan for {folder} holds a face twice; give every URL and box once")
        self._lock = threading.Lock()
        self._pending: list[tuple[int, str, str, str, str]] = []
        self._flushed_at = time.monotonic()
        plan_digest = digest_json([[getattr(entry, column) for column in ENTRY_COLUMNS] for entry in self.plan])
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._refuse_another_plan(plan_digest)
            self._ledger = sqlite3.connect(folder / LEDGER_NAME, check_same_thread=False)
            self._ledger.execute("PRAGMA synchronous=FULL")
            with self._ledger:
                self._ledger.execute("CREATE TABLE IF NOT EXISTS plan (digest TEXT)")
                self._ledger.execute("CREATE TABLE IF NOT EXISTS work (seconds REAL)")
                self._ledger.execute("CREATE TABLE IF NOT EXISTS faces (slot INTEGER PRIMARY KEY, state TEXT, sha256 TEXT,"
                                     " reason TEXT, detail TEXT)")
                if self._ledger.execute("SELECT count(*) FROM plan").fetchone() == (0,):
                    self._ledger.execute("INSERT INTO plan VALUES (?)", (plan_digest,))
            if not (folder / STAGING_NAME).exists():
                self._restore_staging()
            self._staging = os.open(folder / STAGING_NAME, os.O_RDWR | os.O_CREAT, 0o644)
        self._started = time.monotonic()

    def _refuse_another_plan(self, plan_digest: str) -> None:
        if not (self.folder / LEDGER_NAME).exists():
            if read_receipt(self.folder) is not None:
                raise StoredStateError(f"{self.folder} holds the finished output of another stage; choose another folder")
            return
        with sqlite3.connect(self.folder / LEDGER_NAME) as ledger:
            with suppress(sqlite3.OperationalError):  # a ledger whose tables a kill prevented holds nothing to lose
                found = ledger.execute("SELECT digest FROM plan").fetchone()
                if found is not None and found != (plan_digest,):
                    raise StoredStateError(
                        f"{self.folder} holds a face pack of another list of faces, and nothing stored is overwritten; "
                        "choose another folder, or remove that one"
                    )

    def _restore_staging(self) -> None:
        """Fill the staging file from ``faces.npy`` when a finished pack is opened again; forget what is not whole there."""
        stored = self._ledger.execute("SELECT slot, sha256 FROM faces WHERE state = 'stored' ORDER BY slot").fetchall()
        whole: list[int] = []
        with atomic_file(self.folder / STAGING_NAME) as file:
            with suppress(FileNotFoundError, ValueError):  # no pack, or one too damaged to read: its faces are made again
                faces = np.load(self.folder / FACES_NAME, mmap_mode="r")
                for (slot, digest), face in zip(stored, faces, strict=False):
                    if digest_face(face) == digest:
                        file.seek(slot * FACE_BYTES)
                        file.write(face.tobytes())
                        whole.append(slot)
        lost = {slot for slot, _ in stored} - set(whole)
        with self._ledger:
            self._ledger.executemany("DELETE FROM faces WHERE slot = ?", [(slot,) for slot in lost])

    def missing(self) -> list[int]:
        """Return the slots that are neither stored nor rejected, in ascending order."""
        done = {slot for (slot,) in self._ledger.execute("SELECT slot FROM faces")}
        return [slot for slot in range(len(self.plan)) if slot not in done]

    def put(self, slot: int, face: np.ndarray) -> None:
        """Store the face of a slot.

        Parameters
        ----------
        slot : int
            Position in the plan.
        face : ndarray of shape (200, 200, 3), uint8
            RGB.

        Raises
        ------
        ResourceError
            If the disk is full; every face that the ledger knows stays whole.
        """
        if face.shape != FACE_SHAPE or face.dtype != np.uint8:
            raise ValueError(f"a stored face is uint8 of shape {FACE_SHAPE}, not {face.dtype} of shape {face.shape}")
        face = np.ascontiguousarray(face)
        with explained(self.folder / STAGING_NAME):
            # pwrite reports a full disk; a memory map would end the process with a bus error.
            written = os.pwrite(self._staging, face.data, slot * FACE_BYTES)
            if written != FACE_BYTES:
                os.pwrite(self._staging, face.tobytes()[written:], slot * FACE_BYTES + written)
        self._note(slot, "stored", digest_face(face), "", "")

    def reject(self, slot: int, reason: str, detail: str = "") -> None:
        """Record why the face of a slot cannot be had: a short fixed ``reason`` and a free ``detail``."""
        self._note(slot, "rejected", "", reason, detail)

    def _note(self, *row: Any) -> None:
        with self._lock:
            self._pending.append(row)
            due = len(self._pending) >= FLUSH_FACES or time.monotonic() - self._flushed_at > FLUSH_SECONDS
            if due:
                self._flush()

    def _flush(self) -> None:
        with explained(self.folder / LEDGER_NAME):
            os.fsync(self._staging)
            with self._ledger:
                self._ledger.executemany("INSERT OR REPLACE INTO faces VALUES (?, ?, ?, ?, ?)", self._pending)
        self._pending.clear()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Commit what is pending and let go of the files; a later writer of the same plan goes on from here."""
        with self._lock:
            self._flush()
            with self._ledger:
                self._ledger.execute("INSERT INTO work VALUES (?)", (time.monotonic() - self._started,))
            self._ledger.close()
            os.close(self._staging)

    def finish(self, stage: str, *, config: dict[str, Any], inputs: dict[str, str], seed: int | None = None,
               extra_files: Sequence[str] = (), summary: dict[str, Any] | None = None) -> Receipt:
        """Turn the filled slots into a finished pack.

        Parameters
        ----------
        stage, config, inputs, seed
            What the receipt says; see `Receipt`.
        extra_files : sequence of str
            Names of files that the stage put beside the faces, such as ``triplets.csv``.
        summary : dict, optional
            Added to the counts of faces and of rejects by reason.

        Returns
        -------
        Receipt

        Raises
        ------
        StoredStateError
            If a slot is neither stored nor rejected.
        """
        with self._lock:
            self._flush()
        if missing := self.missing():
            raise StoredStateError(f"{self.folder}: {len(missing)} of {len(self.plan)} faces are neither stored nor rejected")
        stored = self._ledger.execute("SELECT slot, sha256 FROM faces WHERE state = 'stored' ORDER BY slot").fetchall()
        rejected = self._ledger.execute(
            "SELECT slot, reason, detail FROM faces WHERE state = 'rejected' ORDER BY slot").fetchall()
        self._write_faces([slot for slot, _ in stored])
        _write_csv(self.folder / INDEX_NAME, INDEX_COLUMNS,
                   [(row, *_values(self.plan[slot]), digest) for row, (slot, digest) in enumerate(stored)])
        _write_csv(self.folder / REJECTS_NAME, (*ENTRY_COLUMNS, "reason", "detail"),
                   [(*_values(self.plan[slot]), reason, detail) for slot, reason, detail in rejected])
        reasons: dict[str, int] = {}
        for _, reason, _ in rejected:
            reasons[reason] = reasons.get(reason, 0) + 1
        (before,) = self._ledger.execute("SELECT coalesce(sum(seconds), 0) FROM work").fetchone()
        receipt = write_receipt(
            self.folder, stage, config=config, inputs=inputs, seed=seed,
            files=[INDEX_NAME, REJECTS_NAME, *extra_files],
            # The index holds the digest of every face, so its own digest stands for all of the pixels.
            outputs={FACES_NAME: digest_json([digest for _, digest in stored])},
            seconds=before + time.monotonic() - self._started,
            summary={"faces": len(stored), "rejected": dict(sorted(reasons.items())), **(summary or {})},
        )
        (self.folder / STAGING_NAME).unlink(missing_ok=True)
        return receipt

    def _write_faces(self, slots: list[int]) -> None:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(slots), *FACE_SHAPE)}
        with atomic_file(self.folder / FACES_NAME) as file:
            np.lib.format.write_array_header_1_0(file, header)
            for slot in slots:
                file.write(os.pread(self._staging, FACE_BYTES, slot * FACE_BYTES))


def _values(entry: FaceEntry) -> list[Any]:
    return [getattr(entry, column) for column in ENTRY_COLUMNS]


def _write_csv(path: Path, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    with atomic_file(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
