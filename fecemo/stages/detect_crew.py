"""The threads that detect: read a photograph, decode it, find its faces; one thread stores what they find."""

import threading
import time
import traceback
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fecemo.data.dataset_files import digest_face
from fecemo.data.detect_settings import DetectSettings
from fecemo.data.photo_journal import FaceRecord, PhotoJournal, PhotoRecord
from fecemo.data.photo_tree import PhotoTree, photo_path, vanished
from fecemo.data.reasons import Reason
from fecemo.data.receipts import digest_bytes
from fecemo.errors import FecemoError, InputError, ResourceError
from fecemo.machine import available_cores
from fecemo.progress import progress
from fecemo.stages.fetch_crew import limit_malloc_arenas

if TYPE_CHECKING:
    from fecemo.imaging.detected_faces import Detector

LYING = 5
"""EXIF's orientations from here on exchange width and height."""
FAULTS_IN_A_ROW = 20
"""Photographs one after the other on which the program fails before it ends."""
PIXELS_AT_A_TIME = 120_000_000
"""Of all photographs that are decoded at a time; a larger one is decoded alone."""

Look = tuple[PhotoRecord, list[np.ndarray]]


class DetectCrew:
    """Looks into photographs.

    Parameters
    ----------
    journal : PhotoJournal
        Stores what is found, and says what was known of a photograph.
    make_detector : callable
        ``make_detector() -> Detector``; each thread makes one of its own.

    Attributes
    ----------
    seconds : float
        That `run` took.
    """

    def __init__(self, tree: PhotoTree, journal: PhotoJournal, settings: DetectSettings,
                 make_detector: "Callable[[], Detector]") -> None:
        from fecemo.imaging.crop import CropPolicy

        self._tree, self._journal, self._make_detector = tree, journal, make_detector
        self._threads = settings.threads or available_cores()
        self._policy = CropPolicy(settings.margin, settings.square)
        self._of_thread = threading.local()
        self._pixels = PixelBudget(PIXELS_AT_A_TIME)
        self._faults = 0
        self.seconds = 0.0

    def run(self, photographs: list[str]) -> None:
        """Look into some photographs of the tree.

        Raises
        ------
        InputError
            If a folder goes away meanwhile.
        ResourceError
            If the disk is full.
        """
        import cv2

        cv2.setNumThreads(1)  # the threads here are the parallelism
        limit_malloc_arenas()
        started, total = time.monotonic(), len(self._tree.photographs)
        waiting: set[Future[Look | None]] = set()
        with (progress(total, "detect", "photograph", initial=total - len(photographs)) as bar,
              ThreadPoolExecutor(self._threads, thread_name_prefix="detect") as pool):
            try:
                for photo in photographs:
                    if len(waiting) >= 2 * self._threads:  # no more crops than these are in memory
                        self._store(waiting, bar.update)
                    waiting.add(pool.submit(self._look, photo, self._journal.get(photo)))
                while waiting:
                    self._store(waiting, bar.update)
            except ResourceError:  # nothing more can be stored
                raise
            except BaseException:
                pool.shutdown(cancel_futures=True)
                for future in waiting:
                    if not future.cancelled() and future.exception() is None:
                        self._put(future)
                raise
            finally:
                pool.shutdown(cancel_futures=True)
                self.seconds += time.monotonic() - started
        self._journal.flush()

    def _store(self, waiting: set[Future[Look | None]], count: Callable[[], object]) -> None:
        """Store what has been found meanwhile; what is still looked into is left waiting."""
        ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in ended:
            waiting.remove(future)
            self._put(future)
            count()

    def _put(self, future: Future[Look | None]) -> None:
        if (look := future.result()) is not None:
            self._journal.put(*look)

    def _look(self, photo: str, known: PhotoRecord | None) -> Look | None:
        """Return what is found in a photograph; None where it is gone meanwhile."""
        from fecemo.imaging.decode import ImageFileError

        file, path = self._tree.photographs[photo], photo_path(self._tree.folder, photo)
        record = PhotoRecord(photo, file.n_bytes, file.mtime_ns)
        try:
            look = self._look_into(path, record, known)
        except ImageFileError as failure:
            if (gone := vanished(self._tree, path)) is not None:
                if gone == path:
                    return None
                raise InputError(f"{gone} went away while its photographs were read; bring it back, or run the same "
                                 "command again without it. What was found is kept") from failure
            digest = digest_file_if_any(path)
            return replace(record, sha256=digest, reason=failure.reason, detail=failure.detail), []
        except FecemoError:
            raise
        except Exception as error:  # whatever a photograph brings about costs it alone
            self._faults += 1
            if self._faults >= FAULTS_IN_A_ROW:
                raise
            place = traceback.extract_tb(error.__traceback__)[-1]
            detail = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
            return replace(record, reason=Reason.FAULT.value, detail=detail), []
        self._faults = 0
        return look

    def _look_into(self, path: Path, record: PhotoRecord, known: PhotoRecord | None) -> Look:
        from fecemo.imaging.decode import decode_file, pixels_of, read_file
        from fecemo.imaging.detected_faces import VALUES, detected_faces
        from fecemo.imaging.headers import read_exif

        data = read_file(path)
        record = replace(record, sha256=digest_bytes(data))
        if known is not None and known.sha256 == record.sha256 and not known.reason:  # copied or touched, not changed
            return replace(known, n_bytes=record.n_bytes, mtime_ns=record.mtime_ns), []
        if not hasattr(self._of_thread, "detector"):
            self._of_thread.detector = self._make_detector()
        with self._pixels.room(pixels_of(data)):
            photograph = decode_file(data)
            faces = detected_faces(photograph, self._of_thread.detector, self._policy)
            shown = photograph.shape[1::-1]
            del photograph
        exif = read_exif(data)
        width, height = shown[::-1] if exif.orientation >= LYING else shown
        records = tuple(FaceRecord(array("d", (*face.sides, *(face.values[name] for name in VALUES))),
                                   digest_face(face.crop)) for face in faces)
        return replace(record, width=width, height=height, orientation=exif.orientation, taken=exif.taken,
                       faces=records), [face.crop for face in faces]


def digest_file_if_any(path: Path) -> str:
    """Return the sha256 of a file that is no photograph, or ``""`` where it cannot be read."""
    from fecemo.data.receipts import digest_file

    try:
        return digest_file(path)
    except OSError:
        return ""


class PixelBudget:
    """Bounds how many pixels are decoded at a time, by any number of threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used = limit, 0
        self._changed = threading.Condition()

    @contextmanager
    def room(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels fit beside those of the others, or there are no others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._limit)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()
