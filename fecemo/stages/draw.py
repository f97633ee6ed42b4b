"""Draw faces with known parameters: photographs to be fetched, with triplets and raters, or labelled faces."""

import csv
import io
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fecemo.data.draw_settings import (
    FACES_NAME,
    LABELLED_FOLDER,
    PARAMETERS_NAME,
    PHOTOGRAPHS_FOLDER,
    TRIPLETS_NAME,
    DrawSettings,
    labelled_path,
)
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_file, digest_json, plain
from fecemo.drawn import EMOTIONS, FaceBox, Photograph, PlacedFace, face_boxes, rate_triplet, sample_triplets
from fecemo.errors import StoredStateError
from fecemo.stages.draw_pictures import (
    draw_missing,
    labelled_face_of,
    photograph_of,
    planned_emotions,
    write_damaged,
)
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.version import __version__

STAGE = "draw"
MARKER_NAME = "drawing.json"
"""Says, from the start, what the folder's pictures are drawn for: those of other settings must not be taken over."""
FOLDERS = (PHOTOGRAPHS_FOLDER, LABELLED_FOLDER)


def run(settings: DrawSettings, out: Path) -> Receipt:
    """Draw faces, with their true parameters in ``parameters.csv``.

    Of unlabelled faces it writes ``photographs/*.jpg``, ``faces.csv`` (``url,left,right,top,bottom``) and, where
    triplets are asked for, ``triplets.csv`` in FEC's own format with simulated raters; of labelled ones
    ``labelled/EMOTION/*.jpg``. Run again after an interruption, the same command draws only what is missing.

    Parameters
    ----------
    out : Path
        Output folder.

    Raises
    ------
    StoredStateError
        If ``out`` is in use, or holds pictures that were not drawn here.
    ResourceError
        If ``out`` cannot be written.
    """
    config = {name: value for name, value in plain(settings).items() if name != "workers"}
    return run_stage(STAGE, out, config=config, inputs={}, seed=settings.seed,
                     work=lambda folder: _draw_all(folder, settings, config))


def _draw_all(folder: Path, settings: DrawSettings, config: dict[str, Any]) -> StageResult:
    _claim(folder, config)
    files, summary = (_draw_labelled if settings.faces_per_class else _draw_photographs)(folder, settings)
    pictures = [str(path.relative_to(folder)) for name in FOLDERS for path in sorted((folder / name).rglob("*.jpg"))]
    digests = [[path, digest_file(folder / path)] for path in pictures]
    return StageResult(
        files=files,
        digests={name: digest_json([entry for entry in digests if entry[0].startswith(f"{name}/")])
                 for name in FOLDERS if (folder / name).exists()},
        message=", ".join(f"{count} {name.replace('_', ' ')}" for name, count in summary.items()), summary=summary)


def _draw_labelled(folder: Path, settings: DrawSettings) -> tuple[list[str], dict[str, int]]:
    numbered = [(emotion, number) for emotion in EMOTIONS for number in range(settings.faces_per_class)]
    draw_missing(folder, settings, [("labelled", *face) for face in numbered])
    _write_table(folder / PARAMETERS_NAME, [
        {"path": labelled_path(*face), **labelled_face_of(settings, *face).as_row()} for face in numbered])
    return [PARAMETERS_NAME], {"labelled_faces": len(numbered)}


def _draw_photographs(folder: Path, settings: DrawSettings) -> tuple[list[str], dict[str, int]]:
    planned = list(planned_emotions(settings))
    draw_missing(folder, settings, [("photograph", number, emotions) for number, emotions in enumerate(planned)])
    damaged = settings.photograph_url(len(planned)) if settings.dead_links else None
    if damaged:
        write_damaged(folder, settings, len(planned))
    faces = [(settings.photograph_url(number), box, face) for number, emotions in enumerate(planned)
             for box, face in _boxed(photograph_of(settings, number, emotions))]
    middle = {"left": 0.25, "right": 0.75, "top": 0.2, "bottom": 0.8}
    listed = [{"url": url, **asdict(box)} for url, box, _ in faces]
    listed += [{"url": f"{settings.url_prefix.rstrip('/')}/{PHOTOGRAPHS_FOLDER}/gone_{number:03d}.jpg", **middle}
               for number in range(settings.dead_links)]
    listed += [{"url": damaged, **middle}] if damaged else []
    _write_table(folder / FACES_NAME, listed, ("url", "left", "right", "top", "bottom"))
    _write_table(folder / PARAMETERS_NAME, [{"url": url, **asdict(box), **face.as_row()} for url, box, face in faces])
    files = [FACES_NAME, PARAMETERS_NAME]
    if settings.triplets:
        _write_triplets(folder / TRIPLETS_NAME, faces, settings.triplets, np.random.default_rng([settings.seed, 3]))
        files.append(TRIPLETS_NAME)
    return files, {"photographs": len(planned), "faces": len(faces), "listed_faces": len(listed)}


def _claim(folder: Path, config: dict[str, Any]) -> None:
    """Make the folder ready: only pictures of these settings, nothing half-written."""
    marker = folder / MARKER_NAME
    claim = digest_json({"config": config, "fecemo": __version__, "opencv": cv2.__version__})
    holds = marker.read_text(encoding="utf-8").strip() if marker.exists() else None
    present = [name for name in FOLDERS if (folder / name).exists()]
    if present and holds is None:
        raise StoredStateError(
            f"{folder / present[0]} was not drawn here (there is no {MARKER_NAME}); choose another folder"
        )
    if holds != claim:
        for name in present:
            shutil.rmtree(folder / name)
        atomic_write(marker, claim + "\n")
    for leftover in [path for name in FOLDERS for path in (folder / name).rglob(".*.tmp")]:
        leftover.unlink(missing_ok=True)


def _boxed(photograph: Photograph) -> Iterable[tuple[FaceBox, PlacedFace]]:
    return zip(face_boxes(photograph), photograph.faces, strict=True)


def _write_table(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] | None = None) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or tuple(rows[0] if rows else ()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(path, text.getvalue())


def _write_triplets(path: Path, source: list[tuple[str, FaceBox, PlacedFace]], count: int,
                    rng: np.random.Generator) -> None:
    """Write triplets of faces in FEC's format: no header, rows of as many cells as there were raters."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for places, kind in sample_triplets(
        rng, [face.parameters.emotion or "" for _, _, face in source], count
    ):
        cells = [cell for url, box, _ in (source[place] for place in places) for cell in (url, *asdict(box).values())]
        raters = rng.choice(60, size=int(rng.integers(6, 9)), replace=False)
        answers = rate_triplet(rng, [source[place][2].parameters.expression for place in places], len(raters))
        ratings = [
            cell for rater, answer in zip(raters, answers, strict=True) for cell in (f"annotator_{int(rater)}", answer)
        ]
        writer.writerow([*cells, kind, *ratings])
    atomic_write(path, text.getvalue())
