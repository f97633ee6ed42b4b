"""The threads that fetch: take a turn, download, cut, store."""

import ctypes
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.reasons import FetchError, Reason
from fecemo.data.receipts import digest_bytes
from fecemo.errors import FecemoError
from fecemo.fetch.download import Downloader, PhotoRequest
from fecemo.fetch.politeness import HostSchedule
from fecemo.imaging.crop import FaceCutter, Sides

FAULTS_IN_A_ROW = 20
"""Photographs one after the other on which the program fails, whatever their servers, before the fetch ends."""
_M_ARENA_MAX = -8


def limit_malloc_arenas() -> None:
    """Let every thread of this process take memory from the same heap, where the system has such a setting.

    The GNU allocator gives a process up to eight heaps a core and each keeps what large pictures once took. One heap
    keeps it once, and was measured to cost no time: small objects have Python's own allocator.
    """
    with suppress(OSError, AttributeError):  # another system's library, which knows no such setting
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class FetchCrew:
    """Fetches every photograph of a schedule.

    Parameters
    ----------
    schedule : HostSchedule of int
        A job is the slot of any missing face of a photograph; its others are found by their address.
    attempts : int
        Tries for one photograph.
    """

    def __init__(self, schedule: HostSchedule[int], downloader: Downloader, cutter: FaceCutter,
                 writer: DatasetWriter, attempts: int) -> None:
        self._schedule = schedule
        self._downloader = downloader
        self._cutter = cutter
        self._writer = writer
        self._attempts = attempts
        self._lock = threading.Lock()
        self._faces_done = 0
        self._faults = 0
        # Only of photographs that failed or were redirected: tries that failed, and where to resume.
        self._under_way: dict[int, tuple[int, PhotoRequest]] = {}

    def run(self, workers: int, report: Callable[[int], None], stop: Callable[[], None]) -> None:
        """Work until every job is done.

        Parameters
        ----------
        workers : int
            Threads.
        report : callable
            Told now and then, from this thread, how many more faces are stored or rejected.
        stop : callable
            Cuts what is under way, so that threads end soon; called when this is interrupted or a thread failed.

        Raises
        ------
        ResourceError
            If faces cannot be written. Any other fault of a thread is raised here too.
        """
        with ThreadPoolExecutor(workers, thread_name_prefix="fetch") as pool:
            futures: list[Future[None]] = []
            try:
                # In here already: an interruption while threads start must stop those that run.
                futures.extend(pool.submit(self._work) for _ in range(workers))
                while True:
                    ended, working = wait(futures, timeout=0.2, return_when=FIRST_EXCEPTION)
                    self._report(report)
                    if not working or any(future.exception() for future in ended):
                        break
            finally:
                self._schedule.stop()
                if len(futures) < workers or not all(future.done() for future in futures):
                    stop()
        for future in futures:
            future.result()

    def _report(self, report: Callable[[int], None]) -> None:
        with self._lock:
            done, self._faces_done = self._faces_done, 0
        if done:
            report(done)

    def _work(self) -> None:
        while (task := self._schedule.take()) is not None:
            if self._schedule.is_set_aside(task[0]):
                self._drop(*task)
            else:
                self._fetch(*task)

    def _drop(self, host: str, job: int) -> None:
        self._under_way.pop(job, (0, None))
        n_faces = self._writer.reject_photo(job, Reason.HOST_SET_ASIDE, host)
        self._schedule.drop(host)
        self._count(n_faces)

    def _fetch(self, host: str, job: int) -> None:
        faces = self._writer.ledger.missing_of_same_address(job)
        boxes: list[Sides] = [(face.left, face.right, face.top, face.bottom) for _, face in faces]
        failed, request = self._under_way.pop(job, (0, PhotoRequest(faces[0][1].address)))
        missing = dict(enumerate(slot for slot, _ in faces))
        try:
            answer = self._downloader.ask(request)
            if isinstance(answer, PhotoRequest):
                # Every hop is a request that the host it goes to must bear.
                next_host = self._downloader.host_of(answer.url)
                self._under_way[job] = (failed, answer)
                self._schedule.onward(host, next_host, job)
                return
            digest = digest_bytes(answer)
            for number, face in self._cutter.cut(answer, boxes):
                if isinstance(face, FetchError):
                    self._writer.reject(missing.pop(number), face.reason, face.detail)
                else:
                    self._writer.put(missing.pop(number), face, detail=digest)
        except FecemoError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a stranger's photograph brings about costs it alone
            failure = error if isinstance(error, FetchError) else self._fault(error)
            if self._schedule.stopped:
                return  # cut by us: it is still missing
            failed += 1
            if failure.reason.transient and failure.reason is not Reason.FAULT and failed < self._attempts:
                self._under_way[job] = (failed, replace(request, seconds=None))
                self._schedule.again(host, job, failed, throttled=failure.reason is Reason.THROTTLED,
                                     retry_after=failure.retry_after)
                return
            for slot in missing.values():
                self._writer.reject(slot, failure.reason, failure.detail)
            self._schedule.done(host, answered=not failure.reason.transient or failure.reason is Reason.FAULT)
        else:
            self._schedule.done(host)
            with self._lock:
                self._faults = 0
        self._count(len(faces))

    def _fault(self, error: Exception) -> FetchError:
        """Return a fault of the program on one photograph as its reason; raise it where there are too many in a row.

        One stranger's server must not end the fetch of a million others.
        """
        with self._lock:
            self._faults += 1
            if self._faults >= FAULTS_IN_A_ROW:
                raise error
        place = traceback.extract_tb(error.__traceback__)[-1]
        return FetchError(Reason.FAULT, f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}")

    def _count(self, n_faces: int) -> None:
        with self._lock:
            self._faces_done += n_faces
