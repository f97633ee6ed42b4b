"""Align: a dataset and its landmark features → its faces, eyes on fixed points, without light and background."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import GrowingArray, read_array
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt, digest_json, require_receipt
from fecemo.errors import StoredStateError
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
LEAST_APART = 10.0
"""Pixels between the eyes below which they are no eyes of a face that fills its picture."""


@dataclass(frozen=True)
class AlignSettings:
    """What to align.

    Parameters
    ----------
    dataset : Path
        A dataset.
    landmark_features : Path
        What the landmarks stage derived from its faces, such as ``runs/demo/columns/source/landmark_features``.
    threads : int, optional
        Faces that are aligned at once; as many as there are cores without it. The pictures do not depend on it.
    """

    dataset: Path
    landmark_features: Path
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")


def run(settings: AlignSettings, out: Path) -> Receipt:
    """Align the faces of a dataset by their eyes, take out colour and light, and cut them out along an ellipse.

    Writes ``aligned.npy`` of shape (n, 200, 200, 1), uint8: what networks see in the variant ``aligned``. No face is
    dropped: where the landmark model was unsure, the middle of the picture is taken as it lies. Killed, the same
    command goes on where it was.

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
    ResourceError
        If ``out`` cannot be written.
    """
    from fecemo.imaging.landmarks import alignment as picture

    dataset = Dataset(settings.dataset)
    features = require_receipt(settings.landmark_features, STAGES[LANDMARK_FEATURES])
    if features.inputs["dataset"] != dataset.receipt.digest:
        raise StoredStateError(f"{settings.landmark_features} was made from other faces than {settings.dataset} holds "
                               f"now; run the {STAGES[LANDMARK_FEATURES]} stage again")
    scores, eyes = (read_array(settings.landmark_features, name, STAGES[LANDMARK_FEATURES], length=len(dataset))
                    for name in (SCORES, EYES))
    config = {"eyes": picture.EYES, "unsure_eyes": picture.UNSURE_EYES, "oval": picture.OVAL, "spread": picture.SPREAD,
              "deviations": picture.DEVIATIONS, "gray": picture.GRAY, "least_apart": LEAST_APART}
    inputs = {"dataset": dataset.receipt.digest, "landmark_model": features.inputs["landmark_model"],
              "eyes": eyes_digest(features)}
    turned = (scores >= features.config["sure"]) & (np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1) >= LEAST_APART)
    places = np.where(turned[:, None, None], eyes, np.array(picture.UNSURE_EYES))

    def work(folder: Path) -> StageResult:
        grown = GrowingArray(folder / f"{ALIGNED}.npy", (len(dataset), *ALIGNED_SHAPE),
                             digest_json({"config": config, "inputs": inputs})[:16])
        with progress(len(dataset), f"{STAGE} {dataset.folder.name}", "face", initial=grown.rows) as bar:
            for block in _aligned(dataset, places, grown.rows, settings.threads or available_cores()):
                grown.append(block)
                bar.update(len(block))
        unsure = len(dataset) - int(np.count_nonzero(turned))
        return StageResult(files=[f"{ALIGNED}.npy"], scratch=[grown.count_file.name],
                           message=f"{len(dataset)} faces, {unsure} of them not turned, because the landmark model was "
                                   "unsure",
                           summary={"faces": len(dataset), "unsure": unsure})

    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)


def _aligned(dataset: Dataset, eyes: np.ndarray, start: int, threads: int) -> Iterator[np.ndarray]:
    """Yield blocks of aligned faces from row ``start`` on: (n, 200, 200, 1), uint8."""
    from fecemo.imaging.landmarks.alignment import aligned_picture

    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for first in range(start, len(dataset), BLOCK):
            rows = range(first, min(first + BLOCK, len(dataset)))
            yield np.stack(list(pool.map(lambda row: aligned_picture(np.asarray(dataset.faces[row]), eyes[row]), rows)))
