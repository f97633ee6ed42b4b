"""Import: a labelled set, or a folder of photographs, → a data set with labels and stored splits."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.cli import say_done
from fecemo.data.arrays import write_arrays
from fecemo.data.copies import COPIES_NAME, FINGERPRINTS_NAME, Fingerprints, copies_across_splits
from fecemo.data.dataset_files import ColumnType, FaceEntry, digest_face
from fecemo.data.dataset_writer import DatasetWriter, in_the_making
from fecemo.data.durable import csv_file, output_lock
from fecemo.data.face_lists import face_id
from fecemo.data.image_files import LabelledImage
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import LabelledSet, ReadOptions, layouts
from fecemo.data.reasons import Reason
from fecemo.data.receipts import (
    Receipt,
    current_receipt,
    digest_bytes,
    digest_file,
    digest_json,
    digest_place,
    plain,
    refuse_folder_of_others,
)
from fecemo.data.variants import FACE_SIDE
from fecemo.errors import InputError
from fecemo.imaging.decode import ImageFileError, decode_file, read_image
from fecemo.imaging.resize import square_face
from fecemo.progress import progress
from fecemo.stages.import_images import HELD_OUT, chosen_images, closing_line, divided_images, summary_of

STAGE = "import"
LEFT_OUT_NAME = "left_out.csv"
UNREADABLE = "unreadable"


def run(settings: ImportSettings, out: Path) -> Receipt:
    """Import a labelled set, or plain photographs, into a data set of 200×200 RGB faces.

    An image that cannot be decoded is a row of ``rejects.csv``; what the set lists and is no usable image is a row of
    ``left_out.csv``. If interrupted, rerun: it resumes.

    Parameters
    ----------
    out : Path
        The data set's folder.

    Raises
    ------
    InputError
        If the images do not lie as the layout says, or there are none.
    StoredStateError
        If ``out`` is in use or holds a data set of something else.
    ResourceError
        If ``out`` cannot be written.
    """
    options = ReadOptions(settings.classes, settings.numbering, settings.annotations, settings.text_annotations)
    labelled_set = layouts.find(settings.layout).read(settings.images, options)
    _refuse_unknown_columns(labelled_set, settings)
    chosen = chosen_images(labelled_set, settings)
    refuse_folder_of_others(out)
    with output_lock(out):
        digests = _digests(labelled_set.folder, chosen, settings.threads)
        # Neither the place of the images nor the number of threads shapes the data set.
        config = {key: value for key, value in plain(settings).items() if key not in ("images", "threads")
                  and (value is not None or key not in HELD_OUT.values())}
        inputs = {
            "images": digest_json([[image.address, _annotations(image), digest]
                                   for image, digest in zip(chosen, digests, strict=True)]),
            "left_out": digest_json([dataclasses.astuple(entry) for entry in labelled_set.left_out]),
        }
        if (receipt := current_receipt(out, config, inputs)) is not None and not in_the_making(out):
            say_done(STAGE, out, "already done, nothing to do")
            return receipt
        columns: dict[str, ColumnType] = {
            **({"label": "label", "split": "split"} if labelled_set.classes else {}), **labelled_set.columns}
        # A face is made of its own file alone: a set that grows, or of which files change, keeps the others.
        writer = DatasetWriter(out, _plan(chosen), classes=labelled_set.classes, columns=columns,
                               made_of={"shape": settings.shape})
        try:
            writer.ledger.keep_those_of(digests)
            prints = _fill(writer, labelled_set.folder, chosen, settings, digests)
            copies = prints.copies()
            stored = [slot for slot, _, _ in writer.ledger.stored()]
            _refuse_lost(settings.images, chosen, stored, writer)
            chosen, held_out = divided_images(chosen, settings, copies)
            writer.ledger.take_plan(_plan(chosen))
            _write_left_out(out, labelled_set)
            writer_files = _write_copies(out, prints, copies, stored)
            splits = np.array([chosen[slot].split for slot in stored], dtype=str)
            receipt = writer.finish(
                STAGE, config=config, inputs=inputs, seed=settings.seed, extra_files=[LEFT_OUT_NAME, *writer_files],
                summary={"place": digest_place(settings.images),
                         **summary_of(labelled_set, chosen, [chosen[slot] for slot in stored], settings),
                         "held_out": held_out,
                         "copies_of_another_label": sum(
                             chosen[slot].label != chosen[copies[slot]].label for slot in stored),
                         "copies": len(stored) - len(np.unique(copies[stored])),
                         "copies_across_splits": copies_across_splits(copies[stored], splits)},
            )
        finally:
            writer.close()
    say_done(STAGE, out, closing_line(receipt))
    return receipt


def _plan(images: Iterable[LabelledImage]) -> list[FaceEntry]:
    return [FaceEntry(face_id(image.address, 0, 1, 0, 1), image.address, annotations=_annotations(image))
            for image in images]


def _write_copies(out: Path, prints: Fingerprints, copies: np.ndarray, stored: Sequence[int]) -> list[str]:
    """Write what stored faces are recognised by, and which are copies of which, by their rows."""
    rows_of = {slot: row for row, slot in reversed(list(enumerate(stored)))}
    first: dict[int, int] = {}
    for slot in stored:
        first.setdefault(int(copies[slot]), rows_of[slot])
    return write_arrays(out, {COPIES_NAME: np.array([first[int(copies[slot])] for slot in stored], np.int64),
                              FINGERPRINTS_NAME: prints.packed[list(stored)]})


def _refuse_lost(place: Path, images: Sequence[LabelledImage], stored: Sequence[int], writer: DatasetWriter) -> None:
    """Raise `InputError` where no image of a whole class, or of a split that the set comes with, could be read."""
    for column in ("label", "split"):
        present = {getattr(images[slot], column) for slot in stored}
        lost = sorted({getattr(image, column) for image in images} - present) if stored else []
        if lost:
            paths = {image.address for image in images if getattr(image, column) == lost[0]}
            first = next(f"{entry.address}: {reason}" for entry, reason, _ in writer.ledger.rejected()
                         if entry.address in paths)
            raise InputError(f"{place}: none of the {len(paths)} images of the "
                             f"{'class' if column == 'label' else column} "
                             f"{lost[0]!r} can be read ({first}), so that it would be lost; mend them, or take them "
                             "out of the set")


def _refuse_unknown_columns(labelled_set: LabelledSet, settings: ImportSettings) -> None:
    """Raise `InputError` where a recipe's annotation is known of no image."""
    for name in (*settings.annotations, *settings.text_annotations):
        if not any(image.annotations.get(name) for image in labelled_set.images):
            raise InputError(f"{settings.images}: {name!r} is asked for, and it is known of none of the "
                             f"{len(labelled_set.images)} images; mend it, or ask for what there is")


def _annotations(image: LabelledImage) -> dict[str, str]:
    return {**({"label": image.label, "split": image.split} if image.label else {}), **image.annotations}


def _digests(folder: Path, images: Sequence[LabelledImage], threads: int) -> list[str]:
    """Return the sha256 of every image's file, or of its pixels; ``"unreadable"`` where it cannot be opened."""
    digests = [UNREADABLE] * len(images)

    def read(slots: Sequence[int]) -> None:
        image = images[slots[0]]
        with suppress(OSError):  # decoding will meet the same, and record it
            digest = (digest_bytes(image.pixels) if image.pixels else digest_bytes(image.read()) if image.read
                      else digest_file(folder / image.path))
            for slot in slots:
                digests[slot] = digest

    with progress(len(images), "import: read", "image") as bar:
        _in_threads(read, _by_file(images, range(len(images))), threads, bar.update)
    return digests


def _by_file(images: Sequence[LabelledImage], slots: Iterable[int]) -> list[list[int]]:
    """Return slots file by file: a photograph of several faces is read and decoded once. Slots are in path order."""
    return [list(group) for _, group in groupby(slots, key=lambda slot: images[slot].path)]


def _fill(writer: DatasetWriter, folder: Path, images: Sequence[LabelledImage], settings: ImportSettings,
          digests: Sequence[str]) -> Fingerprints:
    """Store the faces, and return what each slot is recognised by."""
    def put(slots: Sequence[int]) -> None:
        picture: np.ndarray | ImageFileError
        try:
            picture = _picture(folder, images[slots[0]])
        except ImageFileError as error:
            picture = error
        for slot in slots:
            try:
                face = square_face(_cut(picture, images[slot].box), settings.shape)
            except ImageFileError as error:
                writer.reject(slot, error.reason, error.detail)
            else:
                writer.put(slot, face, digests[slot])
                prints.add(slot, face, digest_face(face))

    missing, prints = writer.missing(), Fingerprints(len(images))
    with progress(len(images), "import: decode", "image", initial=len(images) - len(missing)) as bar:
        _in_threads(put, _by_file(images, missing), settings.threads, bar.update)
    writer.flush()
    for slot, _, sha256 in writer.ledger.stored():
        if not prints.known[slot]:  # by an earlier run
            prints.add(slot, writer.stored_face(slot), sha256)
    return prints


def _picture(folder: Path, image: LabelledImage) -> np.ndarray:
    """Return a decoded image, RGB, uint8 of shape (height, width, 3). Raises `ImageFileError`."""
    if image.pixels:
        side = math.isqrt(len(image.pixels))
        return np.repeat(np.frombuffer(image.pixels, np.uint8).reshape(side, side, 1), 3, axis=2)
    if image.read is not None:
        return decode_file(image.read(), at_least=FACE_SIDE)
    return read_image(folder / image.path, at_least=FACE_SIDE if image.box is None else None)


def _cut(photograph: "np.ndarray | ImageFileError", box: tuple[int, int, int, int] | None) -> np.ndarray:
    """Return the face in a box, or the whole photograph. Raises `ImageFileError` for why there is none."""
    if isinstance(photograph, ImageFileError):
        raise photograph
    if box is None:
        return photograph
    left, top, right, bottom = box
    face = photograph[max(0, top):max(0, bottom), max(0, left):max(0, right)]
    if not face.size:
        height, width = photograph.shape[:2]
        raise ImageFileError(Reason.BAD_BOX.value, f"columns {left} to {right} and rows {top} to {bottom} hold no "
                             f"pixel of {width}×{height}")
    return face


def _in_threads(do: Callable[[list[int]], None], groups: Iterable[list[int]], threads: int,
                done: Callable[[int], Any]) -> None:
    """Do something to every group in a few threads, and report its size; the first failure ends it."""
    pending: set[Future[int]] = set()

    def work(group: list[int]) -> int:
        do(group)
        return len(group)

    with ThreadPoolExecutor(threads) as pool:
        try:
            for group in groups:
                if len(pending) >= 4 * threads:
                    finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done(future.result())
                pending.add(pool.submit(work, group))
            for future in pending:
                done(future.result())
        finally:
            pool.shutdown(cancel_futures=True)


def _write_left_out(out: Path, labelled_set: LabelledSet) -> None:
    with csv_file(out / LEFT_OUT_NAME, ("where", "reason", "detail")) as table:
        table.writerows(dataclasses.astuple(entry) for entry in labelled_set.left_out)
