"""Pictures of the draw stage: which there are, and drawing those that are missing on all cores."""

import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fecemo.data.draw_settings import DrawSettings, labelled_path, photograph_path
from fecemo.data.durable import atomic_write
from fecemo.drawn import (
    EMOTIONS,
    FaceParameters,
    Photograph,
    as_jpeg,
    draw_photograph,
    expose_face,
    sample_face,
    sample_photograph,
)
from fecemo.errors import ResourceError
from fecemo.machine import available_cores
from fecemo.progress import progress

BATCH = 12
"""Pictures that a worker draws at a time."""
Job = tuple[Any, ...]
"""``("photograph", number, emotions)`` or ``("labelled", emotion, number)``."""


def planned_emotions(settings: DrawSettings) -> Iterator[list[str]]:
    """Yield the emotions of each photograph's faces until all faces are given out."""
    rng = np.random.default_rng([settings.seed, 0])
    min_faces, max_faces = settings.faces_per_photograph
    left = settings.faces
    while left > 0:
        count = min(left, int(rng.integers(min_faces, max_faces + 1)))
        yield [EMOTIONS[index] for index in rng.integers(len(EMOTIONS), size=count)]
        left -= count


def photograph_of(settings: DrawSettings, number: int, emotions: list[str]) -> Photograph:
    """Return the parameters of a photograph."""
    return sample_photograph(np.random.default_rng([settings.seed, 1, number]), emotions, settings.photograph_width,
                             settings.photograph_height)


def labelled_face_of(settings: DrawSettings, emotion: str, number: int) -> FaceParameters:
    """Return the parameters of a labelled face."""
    return sample_face(np.random.default_rng([settings.seed, 2, EMOTIONS.index(emotion), number]), emotion)


def draw_missing(folder: Path, settings: DrawSettings, jobs: list[Job]) -> None:
    """Draw the pictures that are not in the folder yet.

    Parameters
    ----------
    jobs : list of Job
        All that should be there.
    """
    missing = [job for job in jobs if not (folder / _job_path(job)).exists()]
    batches = [missing[start:start + BATCH] for start in range(0, len(missing), BATCH)]
    workers = min(settings.workers or available_cores(), len(batches))
    with progress(len(jobs), "draw faces", "picture", initial=len(jobs) - len(missing)) as bar:
        if workers < 2 or len(missing) < 4 * BATCH:
            for batch in batches:
                bar.update(_draw_batch(folder, settings, batch))
            return
        _draw_in_parallel(folder, settings, batches, workers, bar.update)


def _draw_in_parallel(folder: Path, settings: DrawSettings, batches: list[list[Job]], workers: int,
                      drawn: Callable[[int], object]) -> None:
    # Fresh processes: a fork of one whose libraries run threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker) as pool:
        try:
            for future in as_completed([pool.submit(_draw_batch, folder, settings, batch) for batch in batches]):
                drawn(future.result())
        except BrokenProcessPool as error:
            raise ResourceError(
                f"a process that drew faces into {folder} was killed, perhaps for lack of memory; run the same "
                "command again, or with fewer workers"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin_worker() -> None:
    """Draw on one core, and end when the parent ends, however that is killed."""
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _job_path(job: Job) -> str:
    return photograph_path(job[1]) if job[0] == "photograph" else labelled_path(job[1], job[2])


def _draw_batch(folder: Path, settings: DrawSettings, batch: list[Job]) -> int:
    for job in batch:
        if job[0] == "photograph":
            photograph = photograph_of(settings, job[1], job[2])
            pixels, quality = draw_photograph(photograph)[0], photograph.scene.jpeg_quality
        else:
            face = labelled_face_of(settings, job[1], job[2])
            pixels, quality = expose_face(face, settings.face_size), face.capture.jpeg_quality
        atomic_write(folder / _job_path(job), as_jpeg(pixels, quality))
    return len(batch)


def write_damaged(folder: Path, settings: DrawSettings, number: int) -> None:
    """Write a photograph that breaks off in the middle, as after a broken download."""
    path = folder / photograph_path(number)
    if not path.exists():
        whole = as_jpeg(draw_photograph(photograph_of(settings, number, ["neutral"]))[0], 90)
        atomic_write(path, whole[:math.ceil(len(whole) / 3)])
