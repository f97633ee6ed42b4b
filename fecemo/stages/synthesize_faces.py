"""Where the landmarks of parents are, and from them, how each class's faces differ from neutral ones."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fecemo.data.arrays import read_array, write_arrays
from fecemo.data.dataset import Dataset
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.expression_map import ExpressionMap
from fecemo.imaging.landmarks.expression_means import ExpressionChange, ExpressionMean, mean_expression
from fecemo.imaging.landmarks.mesh import Landmarker, find_mesh
from fecemo.imaging.landmarks.points import MODEL_NAMES, N_LANDMARKS
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer, PhotographedFace
from fecemo.progress import progress
from fecemo.stages.synthesize_plan import Parents, PlannedFace, blendshapes_of

STAGE = "synthesize"
BLOCK = 256
"""Faces whose landmarks are stored at a time: no more than these are lost by a kill."""
CREASED_FACES = 100
"""Faces of each class whose creases are averaged, at the most."""


@dataclass(frozen=True)
class MeasuredFaces:
    """Landmarks of parents, by row of their data set."""

    place: dict[int, int]  #: Where a row of the data set is in the other arrays.
    meshes: np.ndarray  #: Of shape (n, 478, 3), float64. In pixels of the faces.
    blendshapes: np.ndarray  #: Of shape (n, 52), float64.
    scores: np.ndarray  #: Of shape (n,), float64.

    def photographed(self, dataset: Dataset, row: int) -> PhotographedFace:
        """Return a face of the data set with its landmarks."""
        return PhotographedFace(np.asarray(dataset.faces[row]), self.meshes[self.place[row]])


def measure_faces(dataset: Dataset, rows: np.ndarray, out: Path, mark: str, make_landmarker: Callable[[], Landmarker],
                  threads: int) -> MeasuredFaces:
    """Measure what is not measured yet; blocks lie in the folder until the data set is finished."""
    names = {start: f"parents_{mark}_{start:08d}.npy" for start in range(0, len(rows), BLOCK)}
    missing = [start for start, name in names.items() if not (out / name).exists()]
    done = len(rows) - sum(min(BLOCK, len(rows) - start) for start in missing)
    with progress(len(rows), f"{STAGE}: landmarks", "face", initial=done) as bar:
        for start, block in _blocks(dataset, rows, missing, make_landmarker, threads, bar.update):
            write_arrays(out, {names[start].removesuffix(".npy"): block})
    values = np.concatenate([read_array(out, name.removesuffix(".npy"), STAGE) for name in names.values()])
    meshes, blendshapes, scores = np.split(values.astype(np.float64), [3 * N_LANDMARKS, 3 * N_LANDMARKS +
                                                                       len(MODEL_NAMES)], axis=1)
    return MeasuredFaces({row: place for place, row in enumerate(rows.tolist())},
                         meshes.reshape(-1, N_LANDMARKS, 3), blendshapes, scores[:, 0])


def _blocks(dataset: Dataset, rows: np.ndarray, starts: Iterable[int], make_landmarker: Callable[[], Landmarker],
            threads: int, count: Callable[[], object]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the blocks that begin at these places: (n, 478 · 3 + 52 + 1) float32."""
    local = threading.local()

    def measure(row: int) -> np.ndarray:
        if not hasattr(local, "landmarker"):
            local.landmarker = make_landmarker()
        mesh = find_mesh(np.asarray(dataset.faces[row]), local.landmarker)
        return np.concatenate([mesh.landmarks.ravel(), mesh.blendshapes, [mesh.score]]).astype(np.float32)

    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for start in starts:
            block = []
            for numbers in pool.map(measure, rows[start:start + BLOCK].tolist()):
                block.append(numbers)
                count()
            yield start, np.stack(block)


def changes_of(dataset: Dataset, parents: Parents, usable: np.ndarray, faces: MeasuredFaces, expressions: ExpressionMap,
               synthesizer: FaceSynthesizer, threads: int) -> dict[str, ExpressionChange]:
    """Return how the usable donors of each class differ on average from usable neutral faces."""

    def creases(row: int) -> np.ndarray:
        return synthesizer.creases(faces.photographed(dataset, row))

    def mean(rows: np.ndarray, pool: ThreadPoolExecutor) -> ExpressionMean:
        places = [faces.place[row] for row in rows.tolist()]
        return mean_expression(faces.blendshapes[places], align(faces.meshes[places]),
                               pool.map(creases, rows[:CREASED_FACES].tolist()))

    neutral = parents.neutral[usable[parents.neutral]]
    donors = {label: shown for label, rows in parents.donors.items() if len(shown := rows[usable[rows]])}
    if not len(neutral) or not donors:
        return {}
    with ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        rest = mean(neutral, pool)
        return {label: ExpressionChange(expressions, rest, mean(rows, pool)) for label, rows in donors.items()}


def moved_face(face: PlannedFace, faces: MeasuredFaces, expressions: ExpressionMap, synthesizer: FaceSynthesizer,
               changes: Mapping[str, ExpressionChange]) -> tuple[np.ndarray, float] | None:
    """Return the mesh that a planned face is to have, and its gain; None where triangles turn over."""
    place = faces.place[face.neutral]
    move = expressions.move(blendshapes_of(face.label)) if face.donor is None else changes[face.label].move(
        faces.blendshapes[place], faces.blendshapes[faces.place[face.donor]])
    return synthesizer.moved(faces.meshes[place], move, face.gain)
