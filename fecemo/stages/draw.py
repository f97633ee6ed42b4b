"""Draw faces with known parameters: photographs to be fetched, labelled faces to be imported, triplets with raters."""

import csv
import io
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.data.draw_settings import DrawSettings, target_path
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_file, digest_json, plain
from fecemo.errors import StoredStateError
from fecemo.stages.draw_pictures import (
    Job,
    draw_missing,
    photograph_of,
    planned_emotions,
    target_face_of,
    write_damaged,
)
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.version import __version__

if TYPE_CHECKING:
    from fecemo.drawn import FaceBox, Photograph, PlacedFace

STAGE = "draw"
MARKER_NAME = "drawing.json"
"""Says, from the start, what the folder's pictures are drawn for: those of other settings must not be taken over."""
FOLDERS = ("photographs", "target")
TESTED = 4
"""Stream of random numbers that plans the photographs of ``triplet_test.csv``."""


def run(settings: DrawSettings, out: Path) -> Receipt:
    """Draw the embedded default data: an unlabelled source and a labelled target, with their true parameters.

    Writes ``photographs/*.jpg`` and ``faces.csv`` (``url,left,right,top,bottom``), ``target/<emotion>/*.jpg``,
    ``source_parameters.csv`` and ``target_parameters.csv``, and ``triplets.csv`` in FEC's own format with simulated
    raters; of ``test_faces``, which are in no other list, ``triplet_test.csv`` of the same kind. Run again after an
    interruption, the same command draws only what is missing.

    Parameters
    ----------
    settings : DrawSettings
        What to draw.
    out : Path
        Output folder.

    Returns
    -------
    Receipt

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
    from fecemo.drawn import EMOTIONS

    _claim(folder, config)
    photographs = list(planned_emotions(settings, settings.source_faces))
    # One number is left out between them: that of the damaged photograph.
    tested = dict(enumerate(planned_emotions(settings, settings.test_faces, TESTED), start=len(photographs) + 1))
    numbered = {**dict(enumerate(photographs)), **tested}
    jobs: list[Job] = [("photograph", number, emotions) for number, emotions in numbered.items()]
    jobs += [("target", emotion, number) for emotion in EMOTIONS for number in range(settings.target_faces_per_class)]
    draw_missing(folder, settings, jobs)
    damaged = settings.photograph_url(len(photographs)) if settings.dead_links else None
    if damaged:
        write_damaged(folder, settings, len(photographs))

    faces_of = {number: [(settings.photograph_url(number), box, face)
                         for box, face in _boxed(photograph_of(settings, number, emotions))]
                for number, emotions in numbered.items()}
    source = [face for number in range(len(photographs)) for face in faces_of[number]]
    middle = {"left": 0.25, "right": 0.75, "top": 0.2, "bottom": 0.8}
    listed = [{"url": url, **asdict(box)} for url, box, _ in source]
    listed += [{"url": f"{settings.url_prefix.rstrip('/')}/photographs/gone_{number:03d}.jpg", **middle}
               for number in range(settings.dead_links)]
    listed += [{"url": damaged, **middle}] if damaged else []
    _write_table(folder / "faces.csv", listed, ("url", "left", "right", "top", "bottom"))
    _write_table(
        folder / "source_parameters.csv", [{"url": url, **asdict(box), **face.as_row()} for url, box, face in source]
    )
    _write_table(folder / "target_parameters.csv", [
        {"path": target_path(emotion, number), **target_face_of(settings, emotion, number).as_row()}
        for emotion in EMOTIONS for number in range(settings.target_faces_per_class)])
    _write_triplets(folder / "triplets.csv", source, settings.triplets, np.random.default_rng([settings.seed, 3]))
    files = ["faces.csv", "source_parameters.csv", "target_parameters.csv", "triplets.csv"]
    if tested:
        files.append("triplet_test.csv")
        _write_triplets(folder / "triplet_test.csv", [face for number in tested for face in faces_of[number]],
                        settings.test_triplets, np.random.default_rng([settings.seed, TESTED, 3]))

    pictures = [str(path.relative_to(folder)) for name in FOLDERS for path in sorted((folder / name).rglob("*.jpg"))]
    digests = [[path, digest_file(folder / path)] for path in pictures]
    return StageResult(
        files=files,
        digests={
            name: digest_json([entry for entry in digests if entry[0].startswith(f"{name}/")]) for name in FOLDERS
        },
        message=f"{len(numbered)} photographs of {sum(map(len, faces_of.values()))} faces, "
        f"{len(EMOTIONS) * settings.target_faces_per_class} labelled faces",
        summary={
            "photographs": len(numbered),
            "source_faces": len(source),
            "test_faces": sum(len(faces_of[number]) for number in tested),
            "listed_faces": len(listed),
            "target_faces": len(EMOTIONS) * settings.target_faces_per_class,
        },
    )


def _claim(folder: Path, config: dict[str, Any]) -> None:
    """Make the folder ready: only pictures of these settings, nothing half-written."""
    import cv2

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


def _boxed(photograph: "Photograph") -> Iterable[tuple["FaceBox", "PlacedFace"]]:
    from fecemo.drawn import face_boxes

    return zip(face_boxes(photograph), photograph.faces, strict=True)


def _write_table(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] | None = None) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or tuple(rows[0] if rows else ()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(path, text.getvalue())


def _write_triplets(path: Path, source: list[tuple[str, "FaceBox", "PlacedFace"]], count: int,
                    rng: np.random.Generator) -> None:
    """Write triplets of faces in FEC's format: no header, rows of as many cells as there were raters."""
    from fecemo.drawn import rate_triplet, sample_triplets

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
