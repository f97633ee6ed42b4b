"""Tag: a data set of faces and a finished row of a run → what every face shows, as tables, vectors and sidecars."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.archive.photographs import PHOTOS_NAME, Photograph, read_photographs
from fecemo.archive.sidecar import Form
from fecemo.archive.tags import (
    COLUMNS,
    DESCRIPTION_NAME,
    EXIFTOOL_NAME,
    SHARES,
    STAGE,
    TAGS_NAME,
    VECTORS,
    ShownNames,
    TagsDescription,
    best_two,
    read_tags,
    write_exiftool_table,
)
from fecemo.archive.vectors import DIGEST, VectorStore
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_file, atomic_write, csv_file
from fecemo.data.receipts import Receipt, digest_json, plain
from fecemo.data.vocabulary import Vocabulary
from fecemo.data.vocabulary_file import read_vocabulary
from fecemo.errors import InputError
from fecemo.progress import progress
from fecemo.run import Run
from fecemo.stages.photo_sidecars import remove_sidecars, write_sidecars
from fecemo.stages.row_columns import block_of_rows, row_columns
from fecemo.stages.run_readout import BY_HAND, Answers, RunReadout
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.faces.columns import LANDMARK_FEATURES, RunFaces

BLOCK = 256
"""Faces that are embedded and stored at a time: no more than these are lost by a kill."""
COMPUTED = "computed"
"""Folder of the vectors that were computed once, by the digests of faces."""
ASIDE_NAME = "set_aside.csv"
"""Faces that are in no other table, because they are none: row of the data set, id, photograph."""


@dataclass(frozen=True)
class TagSettings:
    """What to tag, and by what."""

    #: A data set of faces, such as the detect stage makes. Where the row takes landmarks or aligned faces, one at
    #: ``FOLDER/datasets/NAME``, with what the landmarks and align stages made of it at
    #: ``FOLDER/columns/NAME/landmark_features`` and ``…/aligned``.
    dataset: Path
    run: Path  #: A finished run, such as ``runs/demo``.
    row: str  #: One of its rows, such as ``conv_autoencoder``: with named clusters, or a classifier.
    variant: str  #: Of the row.
    photos: Path | None = None  #: The folder of photographs in which the faces were found, for sidecars.
    #: Whether to write XMP sidecars beside the photographs. The photographs themselves are never written.
    sidecars: bool = False
    #: What a new sidecar is called; one that is there already is used, whichever its form.
    sidecar_form: Form = "photo.jpg.xmp"
    threshold: float = 0.5  #: Keywords are written of faces that show something at least so confidently, in [0, 1].
    #: A house's, YAML or CSV: keywords, what is above names, further words; see `fecemo.data.vocabulary.Vocabulary`. It
    #: holds before that by which the clusters were named.
    vocabulary: Path | None = None
    #: Instead of tagging, take all that fecemo ever wrote out of the sidecars in the folder of photographs.
    remove: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold must be in [0, 1], not {self.threshold:g}")
        if (self.sidecars or self.remove) and (self.photos is None or not self.photos.is_dir()):
            raise InputError(f"photos: {self.photos} is no folder; sidecars are beside the photographs, so name the "
                             "folder in which the faces were found")


def run(settings: TagSettings, out: Path) -> Receipt | None:
    """Say of every face what it shows, and write it for people, for other programs, and for search and gallery.

    Writes, each with a row a face in the data set's order: ``tags.csv`` (``row`` of the data set, ``id``, ``photo``,
    ``left,right,top,bottom`` as fractions of the upright photograph, ``taken``, the label that it ``shows``, the
    ``confidence`` of the label's first name, ``second`` best and its confidence, ``cluster``, or ``hand`` where a
    person moved it out of its cluster, and the digest of the ``run``), ``vectors.npy`` (n, d) float32, ``shares.npy``
    (n, c) float32: of each label, summing to 1, or 0 throughout where a face shows none. ``tags.json`` names the labels
    and says whether shares are calibrated; `fecemo.evaluation.metrics.calibration` has the formula. ``exiftool.csv``
    has a row a photograph, for ``cd PHOTOS && exiftool -csv=exiftool.csv -sep "; " .``; ``sidecars.csv`` says what
    became of each sidecar. Clusters and single faces that are named "not a face" are in ``set_aside.csv`` alone.

    If interrupted, rerun: it resumes. When photographs join, only their faces are computed.

    Parameters
    ----------
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
    dataset, photographs = Dataset(settings.dataset), read_photographs(settings.dataset)
    if settings.sidecars and not photographs:
        raise InputError(f"{settings.dataset} has no {PHOTOS_NAME}: its faces were not found in photographs by the "
                         "detect stage, so that there is nothing beside which a sidecar could be")
    readout = RunReadout(Run(settings.run), settings.row, settings.variant)
    vocabulary = readout.vocabulary
    if settings.vocabulary is not None:
        vocabulary = (house := read_vocabulary(settings.vocabulary)).over(vocabulary)
        held = {name for label in readout.classes for name in vocabulary.held_by(label)}
        if unused := [name for name in house.names if name not in held]:
            print(f"note: {settings.vocabulary}: no face of this run bears {', '.join(unused)}; its names are "
                  f"{', '.join(readout.classes)}", file=sys.stderr)
    for label in readout.classes:
        for name in vocabulary.held_by(label):
            vocabulary.term(name)
    faces = row_columns(settings.dataset, dataset, readout)
    config = {"row": settings.row, "variant": settings.variant,
              "dataset": str(settings.dataset), "folder": str(settings.run),
              "threshold": settings.threshold, "vocabulary": plain(vocabulary)}
    receipt = run_stage(STAGE, out, config=config, inputs={**readout.inputs, **faces.digests("dataset")}, seed=None,
                        work=lambda folder: _tag(folder, settings, photographs, faces, readout, vocabulary))
    if settings.sidecars and settings.photos is not None:
        write_sidecars(read_tags(out), settings.photos, photographs, out, settings.threshold, settings.sidecar_form)
    return receipt


def _tag(folder: Path, settings: TagSettings, photographs: dict[str, Photograph], faces: RunFaces, readout: RunReadout,
         vocabulary: Vocabulary) -> StageResult:
    dataset = faces.dataset
    derived = {name: [column.receipt.config, column.receipt.inputs.get("landmark_model")]
               for name, column in ((LANDMARK_FEATURES, faces.landmark_features), (faces.seen, faces.made)) if column}
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
    kept = _kept(store, dataset, readout)
    shown: dict[str, int] = {}
    by_photo: dict[str, list[tuple[str, float]]] = {}
    names, moved, length = ShownNames(vocabulary, readout.classes), 0, 0
    with ExitStack() as opened:
        arrays = {name: opened.enter_context(atomic_file(folder / f"{name}.npy")) for name in (VECTORS, SHARES)}
        table = opened.enter_context(csv_file(folder / TAGS_NAME, COLUMNS))
        for start, vectors in _blocks(store, digests):
            if not start:
                length = vectors.shape[1]
                for name, width in ((VECTORS, length), (SHARES, len(readout.classes))):
                    _write_header(arrays[name], (int(kept.sum()), width))
            rows = start + np.flatnonzero(kept[start : start + len(vectors)])
            if not len(rows):
                continue
            vectors = np.ascontiguousarray(vectors[rows - start])
            answers = readout.answers(vectors, dataset.ids[rows])
            arrays[VECTORS].write(vectors.data)
            arrays[SHARES].write(np.ascontiguousarray(answers.shares).data)
            moved += int((answers.groups == BY_HAND).sum())
            for at, line in enumerate(_lines(dataset, photographs, rows, answers, readout, names)):
                table.writerow(line)
                shows = line[8]
                shown[shows] = shown.get(shows, 0) + 1
                by_photo.setdefault(line[2], []).extend(names.of(shows, answers.shares[at]))
        if not len(dataset):
            for name in (VECTORS, SHARES):
                _write_header(arrays[name], (0, len(readout.classes)))
    n_photos = write_exiftool_table(folder / EXIFTOOL_NAME, by_photo, vocabulary, settings.threshold)
    aside = np.flatnonzero(~kept)
    with csv_file(folder / ASIDE_NAME, ("row", "id", "photo")) as listed:
        listed.writerows((row, dataset.ids[row], dataset.addresses[row]) for row in aside.tolist())
    calibration = readout.calibration
    description = TagsDescription(
        str(settings.dataset), str(settings.run), settings.row, settings.variant, readout.digest, readout.classes,
        vocabulary, readout.names.method if readout.names else "classifier",
        readout.names.names if readout.names else {}, moved, len(aside), calibration.n_labelled > 0,
        calibration.temperature, calibration.n_labelled, calibration.error)
    atomic_write(folder / DESCRIPTION_NAME, description.as_json())
    calibrated = f"calibrated on {calibration.n_labelled} labels" if description.calibrated else "not calibrated"
    by_hand = "".join(f", {count} {kind}" for count, kind in (
        (moved, "moved out of their clusters by hand"), (len(aside), "set aside as no faces")) if count)
    return StageResult(
        files=[TAGS_NAME, f"{VECTORS}.npy", f"{SHARES}.npy", DESCRIPTION_NAME, EXIFTOOL_NAME, ASIDE_NAME],
        message=f"{len(dataset) - len(aside)} faces of {len(by_photo)} photographs, {len(missing)} of them new"
                f"{by_hand}; keywords for {n_photos} photographs; confidences {calibrated}",
        summary={"faces": len(dataset) - len(aside), "photographs": len(by_photo), "with_keywords": n_photos,
                 "length": length, "moved": moved, "set_aside": len(aside), "shows": dict(sorted(shown.items())),
                 "calibration": plain(calibration)})


def _kept(store: VectorStore, dataset: Dataset, readout: RunReadout) -> np.ndarray:
    """Return which faces are tagged, shape (n,), bool: all but those that a person called no faces."""
    kept = np.ones(len(dataset), bool)
    if readout.sets_aside:
        for start, vectors in _blocks(store, np.array(dataset.sha256, DIGEST)):
            part = slice(start, start + len(vectors))
            kept[part] = ~readout.answers(vectors, dataset.ids[part]).aside
    return kept


def _blocks(store: VectorStore, digests: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    start = 0
    for vectors in store.gather(digests):
        yield start, vectors
        start += len(vectors)


def _write_header(file: Any, shape: tuple[int, int]) -> None:
    np.lib.format.write_array_header_2_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _lines(dataset: Dataset, photographs: dict[str, Photograph], rows: np.ndarray, answers: Answers,
           readout: RunReadout, names: ShownNames) -> Iterator[tuple[Any, ...]]:
    for at, (row, order) in enumerate(zip(rows.tolist(), best_two(answers.shares), strict=True)):
        photo = str(dataset.addresses[row])
        taken = photographs[photo].taken if photo in photographs else ""
        shows = str(answers.shows[at])
        second = order[0] if readout.classes[order[0]] != shows else order[-1]
        sides = (f"{side:.6f}" for side in dataset.boxes[row])
        # Of the label of the face's own cluster, which its margin makes the largest share.
        confidence = names.confidence(shows, answers.shares[at])
        yield (row, str(dataset.ids[row]), photo, *sides, taken, shows, f"{confidence:.4f}",
               readout.classes[second] if shows else "",
               f"{answers.shares[at, second] if shows else 0:.4f}", str(answers.groups[at]), readout.digest)
