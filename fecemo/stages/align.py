"""Align: a dataset and where its eyes are → pictures of its faces with eyes, and perhaps mouths, on fixed points."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fecemo.data.arrays import GrowingArray, read_array
from fecemo.data.dataset import Dataset
from fecemo.data.durable import csv_file
from fecemo.data.ranges import Ranged, ranged
from fecemo.data.receipts import Receipt, digest_json, plain, require_receipt
from fecemo.data.variants import FACE_CHANNELS, FACE_SIDE
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.landmarks.framings import FRAMINGS, Framing
from fecemo.machine import available_cores
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import EYES, LANDMARK_FEATURES, MOUTH, SCORES, STAGES, eyes_digest

STAGE = "align"
NOT_PLACED = "not_placed.csv"
"""Row and address of every face that is not brought into position."""

BLOCK = 256
"""Faces that are stored at a time: no more than these are lost by a kill."""
EYE_COLUMNS = ("right_eye_x", "right_eye_y", "left_eye_x", "left_eye_y")
"""Where the middles of the person's eyes are, in pixels of the stored face, in a dataset of the detect stage."""


@dataclass(frozen=True)
class AlignSettings(Ranged):
    """What to align."""

    dataset: Path  #: A dataset.
    #: What the landmarks stage derived from its faces, such as ``runs/demo/columns/source/landmark_features``. Without
    #: it, eyes are where the face detector saw them: columns of a dataset that the detect stage made.
    landmark_features: Path | None = None
    #: Which pictures to make: of the variant ``aligned``, without light and background, or ``quarters``, with the eyes
    #: at a quarter of the height and the mouth at three, which needs landmark features.
    faces: Literal["aligned", "quarters"] = "aligned"
    #: Faces that are aligned at once; as many as there are cores without it. The pictures do not depend on it.
    threads: int | None = ranged(None, min=1)


def run(settings: AlignSettings, out: Path) -> Receipt:
    """Bring the faces of a dataset into position by their eyes, and perhaps their mouths.

    Writes ``aligned.npy`` or ``quarters.npy`` of shape (n, 200, 200, 1), uint8: what networks see in the variant of
    that name. No face is dropped: where nobody is sure of the points, the middle of the picture is taken as it lies,
    and ``not_placed.csv`` names the face by row and address. If interrupted, rerun: it resumes.

    Parameters
    ----------
    out : Path
        A folder for the pictures, such as ``runs/demo/columns/source/aligned``.

    Raises
    ------
    StoredStateError
        If the dataset is not finished, or its faces, as they are now, were not measured.
    InputError
        If there are no landmark features, and the dataset has no columns of eyes, or the mouth decides too.
    ResourceError
        If ``out`` cannot be written.
    """
    framing, dataset = FRAMINGS[settings.faces], Dataset(settings.dataset)
    if settings.landmark_features is not None:
        points, sure, origin = _measured_places(dataset, settings.landmark_features)
    elif framing.by_mouth:
        raise InputError(f"faces: {settings.faces} are framed by the mouth too; give --landmark-features, which the "
                         f"{STAGES[LANDMARK_FEATURES]} stage derives")
    else:
        points, sure, origin = _detected_eyes(dataset)
    config = {"faces": settings.faces, **plain(framing.config)}
    inputs = {"dataset": dataset.receipt.digest, **origin}
    places, placed = framing.places(points, sure)

    def work(folder: Path) -> StageResult:
        shape = (len(dataset), FACE_SIDE, FACE_SIDE, FACE_CHANNELS[settings.faces])
        grown = GrowingArray(folder / f"{settings.faces}.npy", shape,
                             digest_json({"config": config, "inputs": inputs})[:16])
        with progress(len(dataset), f"{STAGE} {dataset.folder.name}", "face", initial=grown.rows) as bar:
            for block in _framed(dataset, framing, places, grown.rows, settings.threads or available_cores()):
                grown.append(block)
                bar.update(len(block))
        unsure = np.flatnonzero(~placed)
        with csv_file(folder / NOT_PLACED, ("row", "address")) as table:
            table.writerows((row, dataset.addresses[row]) for row in unsure.tolist())
        named = "eyes and mouth" if framing.by_mouth else "eyes"
        return StageResult(files=[f"{settings.faces}.npy", NOT_PLACED], scratch=[grown.count_file.name],
                           message=f"{len(dataset)} faces, {len(unsure)} of them not turned, because nobody is sure of "
                                   f"their {named} ({NOT_PLACED} names them)",
                           summary={"faces": len(dataset), "unsure": len(unsure)})

    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)


def _measured_places(dataset: Dataset, folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Return eyes and mouths, (n, 3, 2), by landmarks, whether the model was sure, and of what they were made."""
    features = require_receipt(folder, STAGES[LANDMARK_FEATURES])
    if features.inputs["dataset"] != dataset.receipt.digest:
        raise StoredStateError(f"{folder} was made from other faces than {dataset.folder} holds now; run the "
                               f"{STAGES[LANDMARK_FEATURES]} stage again")
    scores, eyes, mouth = (read_array(folder, name, STAGES[LANDMARK_FEATURES], length=len(dataset))
                           for name in (SCORES, EYES, MOUTH))
    origin = {"landmark_model": features.inputs["landmark_model"], "eyes": eyes_digest(features)}
    return np.concatenate([eyes, mouth[:, None]], axis=1), scores >= features.config["sure"], origin


def _detected_eyes(dataset: Dataset) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Return the same by the face detector, which made eyes with the dataset; mouths are at 0."""
    if missing := [name for name in EYE_COLUMNS if name not in dataset.columns]:
        raise InputError(f"{dataset.folder} has no column {missing[0]}, as data sets of the detect stage have; give "
                         "--landmark-features, which the landmarks stage derives")
    eyes = np.stack([dataset[name] for name in EYE_COLUMNS], axis=1).reshape(-1, 2, 2).astype(np.float64)
    sure = np.asarray(np.isfinite(eyes).all(axis=(1, 2)))
    return np.pad(np.where(sure[:, None, None], eyes, 0.0), ((0, 0), (0, 1), (0, 0))), sure, {}


def _framed(dataset: Dataset, framing: Framing, places: np.ndarray, start: int, threads: int) -> Iterator[np.ndarray]:
    """Yield blocks of pictures from row ``start`` on: (n, 200, 200, 1), uint8."""
    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for first in range(start, len(dataset), BLOCK):
            rows = range(first, min(first + BLOCK, len(dataset)))
            yield np.stack(list(pool.map(
                lambda row: framing.picture(np.asarray(dataset.faces[row]), places[row]), rows)))
