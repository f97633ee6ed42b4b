"""The threads that fetch: take a turn, download, cut, store."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np

from fecemo.imaging.cut_faces import FaceCutter, Sides
from fecemo.imaging.download import Downloader
from fecemo.imaging.politeness import HostSchedule
from fecemo.imaging.reasons import FetchError, Reason
from fecemo.packs.face_pack_writer import FacePackWriter
from fecemo.packs.receipts import digest_bytes


class FetchCrew:
    """Fetches every photograph of a schedule.

    Parameters
    ----------
    schedule : HostSchedule of int
        A job is the slot of any missing face of a photograph; its others are found by their address.
    downloader : Downloader
    cutter : FaceCutter
    writer : FacePackWriter
    attempts : int
        Tries for one photograph.
    """

    def __init__(self, schedule: HostSchedule[int], downloader: Downloader, cutter: FaceCutter,
                 writer: FacePackWriter, attempts: int) -> None:
        self._schedule = schedule
        self._downloader = downloader
        self._cutter = cutter
        self._writer = writer
        self._attempts = attempts
        self._lock = threading.Lock()
        self._faces_done = 0
        self._tried: dict[int, int] = {}  # only of those that failed: most never do

    def run(self, workers: int, said: Callable[[int], None], stop: Callable[[], None]) -> None:
        """Work until every job is done.

        Parameters
        ----------
        workers : int
            Threads.
        said : callable
            Told now and then, from this thread, how many more faces are stored or rejected.
        stop : callable
            Cuts what is under way, so that threads end soon; called when this is interrupted or a thread failed.

        Raises
        ------
        ResourceError
            If faces cannot be written. Any other fault of a thread is raised here too.
        """
        with ThreadPoolExecutor(workers, thread_name_prefix="fetch") as pool:
            futures = [pool.submit(self._work) for _ in range(workers)]
            try:
                while True:
                    ended, working = wait(futures, timeout=0.2, return_when=FIRST_EXCEPTION)
                    self._report(said)
                    if not working or any(future.exception() for future in ended):
                        break
            finally:
                self._schedule.stop()
                if not all(future.done() for future in futures):
                    stop()
        for future in futures:
            future.result()

    def _report(self, said: Callable[[int], None]) -> None:
        with self._lock:
            done, self._faces_done = self._faces_done, 0
        if done:
            said(done)

    def _work(self) -> None:
        while (turn := self._schedule.take()) is not None:
            self._fetch(*turn)

    def _fetch(self, host: str, job: int) -> None:
        faces = self._writer.plan.missing_of_same_url(job)
        boxes: list[Sides] = [(face.left, face.right, face.top, face.bottom) for _, face in faces]
        results: list[np.ndarray | FetchError]
        try:
            data = self._downloader.get(faces[0][1].url)
            results = self._cutter.cut(data, boxes)
        except FetchError as failure:
            if self._schedule.stopped:
                return  # cut by us: it is still missing
            attempt = self._tried.pop(job, 0) + 1
            if failure.reason.transient and attempt < self._attempts:
                self._tried[job] = attempt
                self._schedule.again(host, job, attempt, throttled=failure.reason is Reason.THROTTLED,
                                     retry_after=failure.retry_after)
                return
            results = [failure] * len(faces)
            self._schedule.done(host, answered=not failure.reason.transient)
            digest = ""
        else:
            self._schedule.done(host)
            digest = digest_bytes(data)
        for (slot, _), result in zip(faces, results, strict=True):
            if isinstance(result, FetchError):
                self._writer.reject(slot, result.reason, result.detail)
            else:
                self._writer.put(slot, result, detail=digest)
        with self._lock:
            self._faces_done += len(faces)
