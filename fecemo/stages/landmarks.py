"""Landmarks: a dataset → distances between landmarks, blendshapes and gradients of every face."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fecemo.data.arrays import map_array, read_array, write_arrays, write_pieces
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.model_files import require_model
from fecemo.data.ranges import Ranged, ranged
from fecemo.data.receipts import Receipt, digest_file, digest_json
from fecemo.imaging.landmarks.features import COLUMNS, SURE, landmark_features
from fecemo.imaging.landmarks.mesh import Landmarker
from fecemo.imaging.landmarks.model import FaceLandmarker
from fecemo.machine import available_cores
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import EYES, LANDMARK_FEATURES, MOUTH, NAMES_NAME, SCORES, STAGES

STAGE = STAGES[LANDMARK_FEATURES]

BLOCK = 256
"""Faces that are stored at a time: no more than these are lost by a kill."""


@dataclass(frozen=True)
class LandmarkSettings(Ranged):
    """What to measure, and by what."""

    dataset: Path  #: A dataset.
    #: Google's ``face_landmarker.task`` (Apache-2.0): a file, or the name of one that ``00_models.py`` has fetched.
    landmark_model: Path = Path("face_landmarker.task")
    #: Faces that are measured at once; as many as there are cores without it. The numbers do not depend on it.
    threads: int | None = ranged(None, min=1)


def run(settings: LandmarkSettings, out: Path) -> Receipt:
    """Measure the faces of a dataset: distances between landmarks after 3-D alignment, blendshapes, and gradients.

    Writes ``landmark_features.npy`` of shape (n, 18 + 51 + 192), the names of its columns as
    ``columns.json``, ``scores.npy``: how sure the model was of each face, in [0, 1], and ``eyes.npy`` of shape
    (n, 2, 2): where the middles of its right and left eye are, in pixels, and ``mouth.npy`` of shape (n, 2): where that
    of its mouth is. No face is dropped. If interrupted, rerun: it resumes.

    Parameters
    ----------
    out : Path
        A folder for the column, such as ``runs/demo/columns/source/landmark_features``.

    Raises
    ------
    InputError
        If the landmark model is missing or another.
    StoredStateError
        If the dataset is not finished.
    ResourceError
        If ai-edge-litert is not installed, or ``out`` cannot be written.
    """
    model = require_model(settings.landmark_model)
    FaceLandmarker(model)  # refuses what cannot work before the work begins
    return extract_features(replace(settings, landmark_model=model), out, lambda: FaceLandmarker(model))


def extract_features(settings: LandmarkSettings, out: Path, make_landmarker: Callable[[], Landmarker]) -> Receipt:
    """Measure the faces of a dataset by any landmarker; see `run`. Each thread makes one of its own."""
    dataset = Dataset(settings.dataset)
    config = {"columns": list(COLUMNS), "sure": SURE, "eyes": "middles between the corners",
              "mouth": "middle between the corners", "looks": "a second unless the first is near"}
    inputs = {"dataset": dataset.receipt.digest, "landmark_model": digest_file(settings.landmark_model)}
    mark = digest_json({"config": config, "inputs": inputs})[:16]

    def work(folder: Path) -> StageResult:
        blocks = _measure_blocks(dataset, folder, mark, make_landmarker, settings.threads or available_cores())
        n, n_columns = len(dataset), len(COLUMNS)
        outputs: dict[str, tuple[tuple[int, ...], slice | int]] = {
            LANDMARK_FEATURES: ((n, n_columns), slice(n_columns)), SCORES: ((n,), n_columns),
            EYES: ((n, 2, 2), slice(n_columns + 1, n_columns + 5)), MOUTH: ((n, 2), slice(n_columns + 5, None))}
        files = [write_pieces(folder, name, shape, (
            read_array(folder, block.removesuffix(".npy"), STAGE)[:, columns] for block in blocks))
            for name, (shape, columns) in outputs.items()]
        scores = map_array(folder / f"{SCORES}.npy")
        atomic_write(folder / NAMES_NAME, json.dumps(list(COLUMNS), indent=1) + "\n")
        unsure = int(np.count_nonzero(scores < SURE))
        return StageResult(files=[*files, NAMES_NAME], scratch=[path.name for path in folder.glob("block_*.npy")],
                           message=f"{len(COLUMNS)} numbers of {len(dataset)} faces, {unsure} of them marked as unsure "
                                   f"(score below {SURE:g})", summary={"faces": len(dataset), "unsure": unsure})

    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)


def _measure_blocks(dataset: Dataset, folder: Path, mark: str, make_landmarker: Callable[[], Landmarker],
                    threads: int) -> list[str]:
    """Measure what is not measured yet, and return the files of all blocks in order: values, score, eyes, mouth."""
    names = {start: f"block_{mark}_{start:08d}.npy" for start in range(0, len(dataset), BLOCK)}
    missing = [start for start, name in names.items() if not (folder / name).exists()]
    done = len(dataset) - sum(min(BLOCK, len(dataset) - start) for start in missing)
    with progress(len(dataset), f"{STAGE} {dataset.folder.name}", "face", initial=done) as bar:
        for start, block in _measured(dataset, missing, make_landmarker, threads, bar.update):
            write_arrays(folder, {names[start].removesuffix(".npy"): block})
    return list(names.values())


def _measured(dataset: Dataset, starts: list[int], make_landmarker: Callable[[], Landmarker], threads: int,
              count: Callable[[], object]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the blocks that begin at these rows: (n, d + 7) float32."""
    local = threading.local()

    def measure(row: int) -> np.ndarray:
        if not hasattr(local, "landmarker"):
            local.landmarker = make_landmarker()
        values, score, places = landmark_features(np.asarray(dataset.faces[row]), local.landmarker)
        return np.concatenate([values, [score], places.ravel()]).astype(np.float32)

    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for start in starts:
            block = []
            for numbers in pool.map(measure, range(start, min(start + BLOCK, len(dataset)))):
                block.append(numbers)
                count()
            yield start, np.stack(block)
