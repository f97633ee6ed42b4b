"""Align: a dataset and where its eyes are → its faces, eyes on fixed points, without light and background."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import GrowingArray, read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.machine import available_cores
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import (
    ALIGNED,
    ALIGNED_SHAPE,
    EYES,
    LANDMARK_FEATURES,
    SCORES,
    STAGES,
    eyes_digest,
)

STAGE = STAGES[ALIGNED]

BLOCK = 256
"""Faces that are stored at a time: no more than these are lost by a kill."""
EYE_COLUMNS = ("right_eye_x", "right_eye_y", "left_eye_x", "left_eye_y")
"""Where the middles of the person's eyes are, in pixels of the stored face, in a dataset of the detect stage."""


@dataclass(frozen=True)
class AlignSettings:
    """What to align.

    Parameters
    ----------
    dataset : Path
        A dataset.
    landmark_features : Path, optional
        What the landmarks stage derived from its faces, such as ``runs/demo/columns/source/landmark_features``. Without
        it, eyes are where the face detector saw them: columns of a dataset that the detect stage made.
    threads : int, optional
        Faces that are aligned at once; as many as there are cores without it. The pictures do not depend on it.
    """

    dataset: Path
    landmark_features: Path | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")


def run(settings: AlignSettings, out: Path) -> Receipt:
    """Align the faces of a dataset by their eyes, take out colour and light, and cut them out along an ellipse.

    Writes ``aligned.npy`` of shape (n, 200, 200, 1), uint8: what networks see in the variant ``aligned``. No face is
    dropped: where nobody is sure of the eyes, the middle of the picture is taken as it lies. If interrupted, rerun: it
    resumes.

    Parameters
    ----------
    settings : AlignSettings
        What to align.
    out : Path
        A folder for the aligned faces, such as ``runs/demo/columns/source/aligned``.

    Raises
    ------
    StoredStateError
        If the dataset is not finished, or its faces, as they are now, were not measured.
    InputError
        If there are no landmark features, and the dataset has no columns of eyes.
    ResourceError
        If ``out`` cannot be written.
    """
    from fecemo.imaging.landmarks import alignment as picture

    dataset = Dataset(settings.dataset)
    eyes, sure, origin = _detected_eyes(dataset) if settings.landmark_features is None else _measured_eyes(
        dataset, settings.landmark_features)
    config = {"eyes": picture.EYES, "unsure_eyes": picture.UNSURE_EYES, "oval": picture.OVAL, "spread": picture.SPREAD,
              "deviations": picture.DEVIATIONS, "gray": picture.GRAY, "min_apart": picture.MIN_APART}
    inputs = {"dataset": dataset.receipt.digest, **origin}
    places, turned = picture.places_of_eyes(eyes, sure)

    def work(folder: Path) -> StageResult:
        grown = GrowingArray(folder / f"{ALIGNED}.npy", (len(dataset), *ALIGNED_SHAPE),
                             digest_json({"config": config, "inputs": inputs})[:16])
        with progress(len(dataset), f"{STAGE} {dataset.folder.name}", "face", initial=grown.rows) as bar:
            for block in _aligned(dataset, places, grown.rows, settings.threads or available_cores()):
                grown.append(block)
                bar.update(len(block))
        unsure = len(dataset) - int(np.count_nonzero(turned))
        return StageResult(files=[f"{ALIGNED}.npy"], scratch=[grown.count_file.name],
                           message=f"{len(dataset)} faces, {unsure} of them not turned, because nobody is sure of "
                                   "their eyes",
                           summary={"faces": len(dataset), "unsure": unsure})

    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)


def _measured_eyes(dataset: Dataset, folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Return eyes of shape (n, 2, 2) by landmarks, whether the landmark model was sure, and of what they were made."""
    features = require_receipt(folder, STAGES[LANDMARK_FEATURES])
    if features.inputs["dataset"] != dataset.receipt.digest:
        raise StoredStateError(f"{folder} was made from other faces than {dataset.folder} holds now; run the "
                               f"{STAGES[LANDMARK_FEATURES]} stage again")
    scores, eyes = (read_array(folder, name, STAGES[LANDMARK_FEATURES], length=len(dataset)) for name in (SCORES, EYES))
    return eyes, scores >= features.config["sure"], {"landmark_model": features.inputs["landmark_model"],
                                                     "eyes": eyes_digest(features)}


def _detected_eyes(dataset: Dataset) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Return the same by the face detector, which made them with the dataset."""
    if missing := [name for name in EYE_COLUMNS if name not in dataset.columns]:
        raise InputError(f"{dataset.folder} has no column {missing[0]}, as data sets of the detect stage have; give "
                         "--landmark-features, which the landmarks stage derives")
    eyes = np.stack([dataset[name] for name in EYE_COLUMNS], axis=1).reshape(-1, 2, 2).astype(np.float64)
    sure = np.asarray(np.isfinite(eyes).all(axis=(1, 2)))
    return np.where(sure[:, None, None], eyes, 0.0), sure, {}


def _aligned(dataset: Dataset, eyes: np.ndarray, start: int, threads: int) -> Iterator[np.ndarray]:
    """Yield blocks of aligned faces from row ``start`` on: (n, 200, 200, 1), uint8."""
    from fecemo.imaging.landmarks.alignment import aligned_picture

    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for first in range(start, len(dataset), BLOCK):
            rows = range(first, min(first + BLOCK, len(dataset)))
            yield np.stack(list(pool.map(lambda row: aligned_picture(np.asarray(dataset.faces[row]), eyes[row]), rows)))
