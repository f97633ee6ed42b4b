"""Synthesize: a labelled dataset and a landmark model → a dataset of its neutral people with other expressions."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.cli import say_done
from fecemo.data.dataset import Dataset
from fecemo.data.dataset_files import ColumnType
from fecemo.data.dataset_writer import STAGING_NAME, DatasetWriter, in_the_making
from fecemo.data.durable import atomic_write, output_lock
from fecemo.data.ledger import LEDGER_NAME
from fecemo.data.model_files import require_model
from fecemo.data.receipts import (
    RECEIPT_NAME,
    Receipt,
    current_receipt,
    digest_file,
    digest_json,
    read_receipt,
    refuse_folder_of_others,
)
from fecemo.data.stored_faces import FACES_NAME
from fecemo.data.synthesize_settings import SynthesizeSettings
from fecemo.errors import StoredStateError
from fecemo.imaging.landmarks.alignment import align
from fecemo.imaging.landmarks.expression_map import fit_expression_map
from fecemo.imaging.landmarks.expression_means import ExpressionChange
from fecemo.imaging.landmarks.features import SURE
from fecemo.imaging.landmarks.mesh import Landmarker
from fecemo.imaging.landmarks.synthesis import FaceSynthesizer
from fecemo.machine import available_cores
from fecemo.progress import progress
from fecemo.stages.synthesize_faces import STAGE, MeasuredFaces, changes_of, measure_faces, moved_face
from fecemo.stages.synthesize_plan import Parents, PlannedFace, carried, choose_parents, plan_faces

SHEET_NAME = "sheet.jpg"
MARKER_NAME = "synthesis.json"
"""Says, from the start, what the folder's faces are made for: those of other settings must not be taken over."""
SHEET_PEOPLE = 12
"""Whom the contact sheet shows, a column each, with every expression in a row."""
TURNED_OVER = "triangles_turn_over"
"""Why a face is left out: the expression folds its mesh, however weak it is made."""


def run(settings: SynthesizeSettings, out: Path) -> Receipt:
    """Give neutral faces of a data set expressions, and store them as a data set of synthetic faces.

    The mesh moves as the class's mean one differs from the neutral one, and a little as the donor differs from its
    class, by a ridge regression from blendshapes to aligned meshes; its pixels move with it, and its skin is darkened
    where the class's is creased. Every face has the columns ``label``, ``split`` (train), ``neutral`` and
    ``donor`` (ids in the data set that it is made of) and ``gain``, which is less than drawn where triangles would turn
    over. ``sheet.jpg`` shows twelve people with every expression, as large as they are stored: look at it before
    anything learns from them. If interrupted, rerun: it resumes.

    Parameters
    ----------
    out : Path
        The data set's folder.

    Raises
    ------
    InputError
        If the landmark model is missing, or the data set has no neutral face or no donor.
    StoredStateError
        If the data set is not finished, or ``out`` holds one that was not made here.
    ResourceError
        If ai-edge-litert is not installed, or ``out`` cannot be written.
    """
    from fecemo.imaging.landmarks.model import FaceLandmarker

    model = require_model(settings.landmark_model)
    FaceLandmarker(model)  # refuses what cannot work before the work begins
    return synthesize(replace(settings, landmark_model=model), out, lambda: FaceLandmarker(model))


def synthesize(settings: SynthesizeSettings, out: Path, make_landmarker: Callable[[], Landmarker]) -> Receipt:
    """Make the faces by any landmarker; see `run`. Each thread makes one of its own."""
    dataset = Dataset(settings.dataset)
    config = settings.shaping
    inputs = {"dataset": dataset.receipt.digest, "landmark_model": digest_file(settings.landmark_model)}
    refuse_folder_of_others(out)
    with output_lock(out):
        if (receipt := current_receipt(out, config, inputs)) is not None and not in_the_making(out):
            say_done(STAGE, out, "already done, nothing to do")
            return receipt
        parents = choose_parents(dataset, settings)
        mark = digest_json({"config": config, "inputs": inputs})[:16]
        _claim(out, mark)
        receipt = _make(dataset, parents, settings, out, make_landmarker, config=config, inputs=inputs, mark=mark)
    say_done(STAGE, out, _closing_line(receipt))
    return receipt


def _make(dataset: Dataset, parents: Parents, settings: SynthesizeSettings, out: Path,
          make_landmarker: Callable[[], Landmarker], *, config: dict[str, Any], inputs: dict[str, str],
          mark: str) -> Receipt:
    threads = settings.threads or available_cores()
    faces = measure_faces(dataset, parents.rows, out, mark, make_landmarker, threads)
    sure = faces.scores >= SURE
    if np.count_nonzero(sure) < 2:
        raise StoredStateError(f"{dataset.folder}: the landmark model is sure of {np.count_nonzero(sure)} of "
                               f"{len(sure)} faces; expected cut-out faces")
    expressions = fit_expression_map(faces.blendshapes[sure], align(faces.meshes[sure]))
    synthesizer = FaceSynthesizer(expressions.mean_mesh)
    usable = np.zeros(len(dataset), bool)
    usable[[row for row, place in faces.place.items() if sure[place]
            and synthesizer.is_frontal(faces.meshes[place])]] = True
    planned = plan_faces(parents, usable, settings)
    changes = changes_of(dataset, parents, usable, faces, expressions, synthesizer, threads)
    moved = [moved_face(face, faces, expressions, synthesizer, changes) for face in planned]
    columns: dict[str, ColumnType] = {"label": "label", "split": "split", "neutral": "text", "donor": "text",
                                      "gain": "number", **dict.fromkeys(carried(dataset), "number")}
    entries = [face.entry(dataset, face.gain if end is None else end[1])
               for face, end in zip(planned, moved, strict=True)]
    writer = DatasetWriter(out, entries, classes=dataset.classes, columns=columns, made_of={"synthesis": mark})
    try:
        _render(writer, dataset, faces, planned, moved, synthesizer, changes, threads)
        atomic_write(out / SHEET_NAME, _sheet(writer, dataset, planned, moved, settings.neutral))
        shrunk = sum(end is not None and end[1] < face.gain for face, end in zip(planned, moved, strict=True))
        summary = {
            "classes": dict(Counter(face.label for face, end in zip(planned, moved, strict=True) if end is not None)),
            "neutral": len({face.neutral for face in planned}),
            "donors": len({face.donor for face in planned} - {None}),
            "measured": len(sure), "unsure": int(np.count_nonzero(~sure)),
            "turned": int(np.count_nonzero(sure) - np.count_nonzero(usable)),
            "shrunk": shrunk}
        receipt = writer.finish(STAGE, config=config, inputs=inputs, seed=settings.seed, extra_files=[SHEET_NAME],
                                summary=summary)
    finally:
        writer.close()
    for block in out.glob("parents_*.npy"):
        block.unlink()
    return receipt


def _render(writer: DatasetWriter, dataset: Dataset, faces: MeasuredFaces, planned: list[PlannedFace],
            moved: list[tuple[np.ndarray, float] | None], synthesizer: FaceSynthesizer,
            changes: Mapping[str, ExpressionChange], threads: int) -> None:
    def put(slot: int) -> None:
        face, end = planned[slot], moved[slot]
        if end is None:
            writer.reject(slot, TURNED_OVER, f"however little of the donor's expression, {face.label}")
            return
        donor = None if face.donor is None else faces.photographed(dataset, face.donor)
        creases = None if face.donor is None else end[1] * changes[face.label].creases
        writer.put(slot, synthesizer.render(faces.photographed(dataset, face.neutral), end[0], donor, creases))

    missing = writer.missing()
    with progress(len(planned), STAGE, "face", initial=len(planned) - len(missing)) as bar, \
            ThreadPoolExecutor(threads, thread_name_prefix=STAGE) as pool:
        for _ in pool.map(put, missing):
            bar.update()
    writer.flush()


def _claim(out: Path, mark: str) -> None:
    """Make the folder ready: no face, finished or not, that was made with other settings or of other faces."""
    marker = out / MARKER_NAME
    holds = json.loads(marker.read_text(encoding="utf-8")) if marker.exists() else None
    if holds is None and (read_receipt(out) is not None or in_the_making(out)):
        raise StoredStateError(f"{out} holds a data set that was not synthesized here; choose another folder")
    if holds != mark:
        out.mkdir(parents=True, exist_ok=True)
        for name in (RECEIPT_NAME, *(path.name for path in out.glob(f"{LEDGER_NAME}*")), STAGING_NAME, FACES_NAME,
                     SHEET_NAME, *(path.name for path in out.glob("parents_*.npy"))):
            with suppress(FileNotFoundError):
                (out / name).unlink()
        atomic_write(marker, json.dumps(mark) + "\n")


def _sheet(writer: DatasetWriter, dataset: Dataset, planned: list[PlannedFace],
           moved: list[tuple[np.ndarray, float] | None], neutral: str) -> bytes:
    """Return people in columns, with the photograph's and every other expression in rows; black is left out."""
    from fecemo.imaging.encode import contact_sheet

    first = [face for face in planned if face.label == planned[0].label][:SHEET_PEOPLE]
    parts: dict[str, list[np.ndarray]] = {neutral: [np.asarray(dataset.faces[face.neutral]) for face in first]}
    for slot, (face, end) in enumerate(zip(planned, moved, strict=True)):
        if face.number < SHEET_PEOPLE:
            parts.setdefault(face.label, []).append(
                np.zeros_like(parts[neutral][0]) if end is None else writer.stored_face(slot))
    return contact_sheet(parts, columns=SHEET_PEOPLE, side=parts[neutral][0].shape[0])


def _closing_line(receipt: Receipt) -> str:
    summary = receipt.summary
    line = (f"{summary['faces']} synthetic faces of {len(summary['classes'])} classes from {summary['neutral']} "
            f"neutral faces and {summary['donors']} donors")
    if left_out := sum(summary["rejected"].values()):
        line += f", {left_out} left out because triangles turn over"
    if summary["shrunk"]:
        line += f", {summary['shrunk']} with a smaller gain"
    return (f"{line}; of the {summary['measured']} faces measured, {summary['unsure']} were unsure and "
            f"{summary['turned']} turned away, and not used, in {receipt.seconds:.1f} s")
