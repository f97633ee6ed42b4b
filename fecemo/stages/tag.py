"""Tag: a data set of faces and a finished row of a run → what every face shows, as tables, vectors and sidecars."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.archive.photographs import PHOTOS_NAME, Photograph, read_photographs
from fecemo.archive.sidecar import Form
from fecemo.archive.tags import (
    DESCRIPTION_NAME,
    EXIFTOOL_NAME,
    SHARES,
    STAGE,
    TAGS_NAME,
    VECTORS,
    TagsDescription,
    best_two,
    open_tag_table,
    read_tags,
    unlisted,
    write_exiftool_table,
)
from fecemo.archive.vectors import DIGEST, VectorStore
from fecemo.archive.vocabulary import Vocabulary, read_vocabulary
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_file, atomic_write
from fecemo.data.receipts import Receipt, digest_json, plain
from fecemo.errors import InputError, nearest
from fecemo.progress import progress
from fecemo.run import Run
from fecemo.stages.photo_sidecars import remove_sidecars, write_sidecars
from fecemo.stages.row_columns import block_of_rows, row_columns
from fecemo.stages.run_readout import Answers, RunReadout
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import ALIGNED, LANDMARK_FEATURES, RunFaces

BLOCK = 256
"""Faces that are embedded and stored at a time: no more than these are lost by a kill."""
COMPUTED = "computed"
"""Folder of the vectors that were computed once, by the digests of faces."""


@dataclass(frozen=True)
class TagSettings:
    """What to tag, and by what.

    Parameters
    ----------
    dataset : Path
        A data set of faces, such as the detect stage makes. Where the row takes landmarks or aligned faces, one at
        ``FOLDER/datasets/NAME``, with what the landmarks and align stages made of it at
        ``FOLDER/columns/NAME/landmark_features`` and ``…/aligned``.
    run : Path
        A finished run, such as ``runs/demo``.
    row : str
        One of its rows, such as ``conv_autoencoder``: with named clusters, or a classifier.
    variant : str
        Of the row.
    photos : Path, optional
        The folder of photographs in which the faces were found, for sidecars.
    sidecars : bool
        Whether to write XMP sidecars beside the photographs. The photographs themselves are never written.
    sidecar_form : {"photo.jpg.xmp", "photo.xmp"}
        What a new sidecar is called; one that is there already is used, whichever its form.
    threshold : float
        Keywords are written of faces that show something at least so confidently, in [0, 1].
    vocabulary : Path, optional
        A YAML file from the run's names to a house's own keywords; see `fecemo.archive.vocabulary.Vocabulary`.
    remove : bool
        Instead of tagging, take all that fecemo ever wrote out of the sidecars in the folder of photographs.
    """

    dataset: Path
    run: Path
    row: str
    variant: str
    photos: Path | None = None
    sidecars: bool = False
    sidecar_form: Form = "photo.jpg.xmp"
    threshold: float = 0.5
    vocabulary: Path | None = None
    remove: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold must be in [0, 1], not {self.threshold:g}")
        if (self.sidecars or self.remove) and (self.photos is None or not self.photos.is_dir()):
            raise InputError(f"photos: {self.photos} is no folder; sidecars are beside the photographs, so name the "
                             "folder in which the faces were found")


def run(settings: TagSettings, out: Path) -> Receipt | None:
    """Say of every face what it shows, and write it for people, for other programs, and for search and gallery.

    Writes, each with a row a face in the data set's order: ``tags.csv`` (``row,id,photo,left,right,top,bottom`` as
    fractions of the upright photograph, ``taken``, ``shows``, its ``confidence``, ``second`` best and its confidence,
    ``cluster``, and the digest of the ``run``), ``vectors.npy`` (n, d) float32, ``shares.npy`` (n, c) float32: of each
    class, summing to 1, or 0 throughout where a face shows none. ``tags.json`` names the classes and says whether
    shares are calibrated; `fecemo.archive.confidence` has the formula. ``exiftool.csv`` has a row a photograph, for
    ``cd PHOTOS && exiftool -csv=exiftool.csv -sep "; " .``; ``sidecars.csv`` says what became of each sidecar.

    If interrupted, rerun: it resumes. When photographs join, only their faces are computed.

    Parameters
    ----------
    settings : TagSettings
        What to tag, and by what.
    out : Path
        A folder for the tags, such as ``archive/tags``.

    Raises
    ------
    InputError
        If the run has no such row, the vocabulary is not sound, or there is no folder of photographs.
    StoredStateError
        If data set or run are not finished, a column is missing, or the run's names changed and its label stage did
        not run since.
    ResourceError
        If the disk is full.
    """
    if settings.remove and settings.photos is not None:
        remove_sidecars(settings.photos)
        return None
    vocabulary = Vocabulary() if settings.vocabulary is None else read_vocabulary(settings.vocabulary)
    dataset, photographs = Dataset(settings.dataset), read_photographs(settings.dataset)
    if settings.sidecars and not photographs:
        raise InputError(f"{settings.dataset} has no {PHOTOS_NAME}: its faces were not found in photographs by the "
                         "detect stage, so that there is nothing beside which a sidecar could be")
    readout = RunReadout(Run(settings.run), settings.row, settings.variant)
    if strange := unlisted((*readout.classes, *(readout.names.names.values() if readout.names else ())), vocabulary):
        raise InputError(f"{settings.vocabulary}: terms: {strange[0]!r} is no name of this run: "
                         f"{nearest(strange[0], readout.classes)}")
    for name in readout.classes:
        vocabulary.term(name)
    faces = row_columns(settings.dataset, dataset, readout)
    config = {"row": settings.row, "variant": settings.variant,
              "dataset": str(settings.dataset), "folder": str(settings.run),
              "threshold": settings.threshold, "vocabulary": plain(vocabulary)}
    receipt = run_stage(STAGE, out, config=config, inputs={**readout.inputs, **faces.digests("dataset")}, seed=None,
                        work=lambda folder: _tag(folder, settings, photographs, faces, readout, vocabulary))
    if settings.sidecars and settings.photos is not None:
        write_sidecars(read_tags(out), settings.photos, photographs, out, vocabulary, settings.threshold,
                       settings.sidecar_form)
    return receipt


def _tag(folder: Path, settings: TagSettings, photographs: dict[str, Photograph], faces: RunFaces, readout: RunReadout,
         vocabulary: Vocabulary) -> StageResult:
    dataset = faces.dataset
    derived = {name: [column.receipt.config, column.receipt.inputs.get("landmark_model")]
               for name, column in ((LANDMARK_FEATURES, faces.landmark_features), (ALIGNED, faces.aligned)) if column}
    mark = digest_json({"model": readout.vector_inputs, "derived": derived})[:16]
    digests = np.array(dataset.sha256, DIGEST)
    (folder / COMPUTED).mkdir(exist_ok=True)
    store = VectorStore(folder / COMPUTED, mark)
    missing = store.missing(digests)
    with progress(len(missing), f"{STAGE} {readout.title}", "face") as bar:
        for start in range(0, len(missing), BLOCK):
            rows = missing[start : start + BLOCK]
            store.add(digests[rows], readout.vectors(block_of_rows(faces, readout, rows)))
            bar.update(len(rows))
    store = store.reload()
    store.forget_others()
    shown: dict[str, int] = {}
    by_photo: dict[str, list[tuple[str, float]]] = {}
    with ExitStack() as opened:
        arrays = {name: opened.enter_context(atomic_file(folder / f"{name}.npy")) for name in (VECTORS, SHARES)}
        table = open_tag_table(opened.enter_context(atomic_file(folder / TAGS_NAME, "w")))
        length = 0
        for start, vectors in _blocks(store, digests):
            answers = readout.answers(vectors)
            if not start:
                length = vectors.shape[1]
                for name, width in ((VECTORS, length), (SHARES, len(readout.classes))):
                    _write_header(arrays[name], (len(dataset), width))
            arrays[VECTORS].write(np.ascontiguousarray(vectors).data)
            arrays[SHARES].write(np.ascontiguousarray(answers.shares).data)
            for line in _lines(dataset, photographs, start, answers, readout):
                table.writerow(line)
                shows, confidence = line[8], float(line[9])
                shown[shows] = shown.get(shows, 0) + 1
                by_photo.setdefault(line[2], []).append((shows, confidence))
        if not len(dataset):
            for name in (VECTORS, SHARES):
                _write_header(arrays[name], (0, len(readout.classes)))
    n_photos = write_exiftool_table(folder / EXIFTOOL_NAME, by_photo, vocabulary, settings.threshold)
    calibration = readout.calibration
    description = TagsDescription(
        str(settings.dataset), str(settings.run), settings.row, settings.variant, readout.digest, readout.classes,
        readout.names.method if readout.names else "classifier",
        readout.names.names if readout.names else {}, calibration.n_labelled > 0, calibration.temperature,
        calibration.n_labelled, calibration.error)
    atomic_write(folder / DESCRIPTION_NAME, description.as_json())
    calibrated = f"calibrated on {calibration.n_labelled} labels" if description.calibrated else "not calibrated"
    return StageResult(
        files=[TAGS_NAME, f"{VECTORS}.npy", f"{SHARES}.npy", DESCRIPTION_NAME, EXIFTOOL_NAME],
        message=f"{len(dataset)} faces of {len(by_photo)} photographs, {len(missing)} of them new; keywords for "
                f"{n_photos} photographs; confidences {calibrated}",
        summary={"faces": len(dataset), "photographs": len(by_photo), "with_keywords": n_photos, "length": length,
                 "shows": dict(sorted(shown.items())), "calibration": plain(calibration)})


def _blocks(store: VectorStore, digests: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    start = 0
    for vectors in store.gather(digests):
        yield start, vectors
        start += len(vectors)


def _write_header(file: Any, shape: tuple[int, int]) -> None:
    np.lib.format.write_array_header_2_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _lines(dataset: Dataset, photographs: dict[str, Photograph], start: int, answers: Answers,
           readout: RunReadout) -> Iterator[tuple[Any, ...]]:
    for at, order in enumerate(best_two(answers.shares)):
        row, photo = start + at, str(dataset.addresses[start + at])
        taken = photographs[photo].taken if photo in photographs else ""
        shows = str(answers.shows[at])
        second = order[0] if readout.classes[order[0]] != shows else order[-1]
        sides = (f"{side:.6f}" for side in dataset.boxes[row])
        # The class of the face's own cluster, which its margin makes the largest share.
        confidence = float(answers.shares[at, readout.classes.index(shows)]) if shows else 0.0
        yield (row, str(dataset.ids[row]), photo, *sides, taken, shows, f"{confidence:.4f}",
               readout.classes[second] if shows else "",
               f"{answers.shares[at, second] if shows else 0:.4f}", str(answers.groups[at]), readout.digest)
