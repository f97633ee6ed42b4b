"""Detect: a folder of photographs → a data set of the faces in them."""

import heapq
import importlib.util
from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from fecemo.archive.photographs import NO_FACE, PHOTOS_NAME
from fecemo.cli import say_done
from fecemo.data.dataset_files import (
    FACES_NAME,
    Description,
    FaceEntry,
    Rejected,
    write_faces,
    write_rejects,
    write_tables,
)
from fecemo.data.detect_settings import DECIDING, DetectSettings
from fecemo.data.durable import csv_file, explained, output_lock, require_writable
from fecemo.data.face_lists import face_id
from fecemo.data.ledger import LEDGER_NAME
from fecemo.data.model_files import require_model
from fecemo.data.photo_journal import JOURNAL_NAME, PhotoJournal, PhotoRecord
from fecemo.data.photo_tree import CANNOT_OPEN, PhotoTree, read_photo_tree
from fecemo.data.receipts import (
    RECEIPT_NAME,
    Receipt,
    current_receipt,
    digest_file,
    digest_json,
    digest_json_list,
    digest_place,
    plain,
    read_receipt,
    refuse_folder_of_others,
    write_receipt,
)
from fecemo.errors import InputError, StoredStateError
from fecemo.stages.detect_crew import DetectCrew

if TYPE_CHECKING:
    from fecemo.imaging.detected_faces import Detector

STAGE = "detect"
CHANGES_NAME, OTHER_FILES_NAME = "changes.csv", "other_files.csv"
PHOTO_COLUMNS = ("photo", "n_bytes", "sha256", "width", "height", "orientation", "taken", "faces", "reason", "detail",
                 "copy_of")
NEEDS_PILLOW_HEIF, FAULT = "needs_pillow_heif", "fault"


def run(settings: DetectSettings, out: Path) -> Receipt:
    """Find the faces in a folder of photographs, and store them as a data set of 200×200 RGB crops.

    Beside the data set are ``photos.csv``, with a row a photograph (its size, date, number of faces, or the reason why
    it has none, and the first photograph of which it is a copy to the byte), and ``changes.csv``, with the photographs
    that are new, changed or gone since the last time. If interrupted, rerun it: it resumes and ends with the same data
    set. Rerun after photographs were added, it looks into these alone.

    Parameters
    ----------
    out : Path
        The data set's folder.

    Raises
    ------
    InputError
        If the folder of photographs, or one in it, cannot be opened or goes away, no photograph shows a face, or the
        detector is missing or another.
    StoredStateError
        If ``out`` is in use, or holds something else.
    ResourceError
        If ``out`` cannot be written.
    """
    from fecemo.imaging.detect import FaceDetector, load_yunet

    model = require_model(settings.detector)

    def make_detector() -> FaceDetector:
        return FaceDetector(load_yunet(model, settings.min_score), settings.min_size, settings.turns)

    make_detector()  # refuses what cannot work before the work begins
    return detect_faces(settings, out, make_detector, digest_file(model))


def detect_faces(settings: DetectSettings, out: Path, make_detector: Callable[[], "Detector"],
                 detector_digest: str) -> Receipt:
    """Find faces by any detector; see `run`. Each thread makes one of its own."""
    from fecemo.imaging.detected_faces import VALUES

    config = {name: plain(settings)[name] for name in DECIDING}
    tree = read_photo_tree(settings.photos, apart_from=out)  # before anything is written, were it among photographs
    refuse_folder_of_others(out)
    with output_lock(out):
        require_writable(out)
        if not (out / JOURNAL_NAME).exists() and (read_receipt(out) is not None or (out / LEDGER_NAME).exists()):
            raise StoredStateError(f"{out} holds the output of another stage; choose another folder")
        journal = PhotoJournal(out, {**config, "detector": detector_digest}, VALUES)
        try:
            receipt = _delivered(tree, journal, settings, out, make_detector)
        finally:
            journal.close()
    if closed := tree.closed_folders:
        name, reason = next(iter(closed.items()))
        raise InputError(f"{settings.photos}: {len(closed)} folders cannot be opened, the first {name} ({reason}); "
                         f"{out} holds the faces of all others. Open or move them, then run the same command again")
    return receipt


def _delivered(tree: PhotoTree, journal: PhotoJournal, settings: DetectSettings, out: Path,
               make_detector: Callable[[], "Detector"]) -> Receipt:
    """Look into what is new or has changed, and write the data set where anything is."""
    if journal and not tree.photographs and not tree.unreadable:
        raise InputError(f"{tree.folder} is empty, and {len(journal)} photographs were there before; bring "
                         f"them back, or remove {out}")
    gone = [photo for photo in journal if photo not in tree.photographs and not tree.is_closed(photo)]
    if 2 * len(gone) > len(journal) and not settings.accept_gone:
        raise InputError(f"{tree.folder}: {len(gone)} of the {len(journal)} photographs of the last time are "
                         f"gone, such as {min(gone)}. For another folder of photographs choose another output than "
                         f"{out} (make archive ARCHIVE=FOLDER); if they are gone for good: pipelines/01_detect.py "
                         "--accept-gone True")
    for photo in gone:
        journal.forget(photo)
    config = {name: plain(settings)[name] for name in DECIDING}
    _write_other_files(out, tree)

    def inputs() -> dict[str, str]:
        return {"detector": journal.made_of["detector"], "photographs": digest_json_list(
            [record.photo, record.sha256, record.reason, len(record.faces)] for record in journal.values()),
            "unreadable": digest_json(sorted(tree.unreadable.items()))}

    receipt = None if _missing(tree, journal) else current_receipt(out, config, inputs())
    if receipt is None:
        journal.restore()
        crew = DetectCrew(tree, journal, settings, make_detector)
        crew.run(_missing(tree, journal))
        receipt = current_receipt(out, config, inputs())
    if receipt is None:
        receipt = _write(tree, journal, out, config, inputs(), crew.seconds)
        say_done(STAGE, out, _closing_line(receipt, tree))
    else:
        say_done(STAGE, out, "already done, nothing to do" + _others(tree))
    if journal.is_news:
        journal.finish()
    return receipt


def _missing(tree: PhotoTree, journal: PhotoJournal) -> list[str]:
    """Return the photographs that were never looked into, have changed since, or may be reached now."""
    may_pass = {CANNOT_OPEN, FAULT}
    if importlib.util.find_spec("pillow_heif") is not None:
        may_pass.add(NEEDS_PILLOW_HEIF)

    def is_known(photo: str) -> bool:
        record, file = journal.get(photo), tree.photographs[photo]
        return record is not None and record.reason not in may_pass and (
            (record.n_bytes, record.mtime_ns) == (file.n_bytes, file.mtime_ns))

    return [photo for photo in tree.photographs if not is_known(photo)]


def _write(tree: PhotoTree, journal: PhotoJournal, out: Path, config: dict[str, object], inputs: dict[str, str],
           seconds: float) -> Receipt:
    """Write the data set and all of its tables, the receipt last."""
    from fecemo.imaging.detected_faces import VALUES

    rejected = [*((FaceEntry(face_id(record.photo, 0, 1, 0, 1), record.photo), record.reason, record.detail)
                  for record in journal.values() if record.reason),
                *((FaceEntry(face_id(name, 0, 1, 0, 1), name), CANNOT_OPEN, reason)
                  for name, reason in sorted(tree.unreadable.items()))]
    with_faces = [len(record.faces) for record in journal.values() if record.faces]
    # From here to the new receipt the folder holds no finished data set, whatever it held before.
    with explained(out):
        (out / RECEIPT_NAME).unlink(missing_ok=True)
    changes = _write_changes(out, journal)
    _write_photos(out, tree, journal)
    if not with_faces:
        write_rejects(out, VALUES, rejected)
        listed = ", ".join(f"{count} {reason}" for reason, count in _reasons(rejected).items())
        raise InputError(f"none of the {len(journal)} photographs in {tree.folder} shows a face"
                         f"{f' ({listed} left out)' if listed else ''}; {out / PHOTOS_NAME} has a row of each. A lower "
                         "--min-score or --min-size finds more")
    digest = write_faces(out, sum(with_faces), journal.pixels())
    tables = write_tables(out, Description((), dict.fromkeys(VALUES, "number")), journal.entries, rejected)
    return write_receipt(
        out, STAGE, config=config, inputs=inputs, files=tables, seconds=seconds,
        # Of what is known of the photographs that show faces: others come and go without making anything stale.
        outputs={FACES_NAME: digest, PHOTOS_NAME: digest_json_list(
            [record.photo, record.sha256, record.width, record.height, record.orientation, record.taken]
            for record in journal.values() if record.faces)},
        summary={"place": digest_place(tree.folder),
                 "faces": sum(with_faces), "rejected": _reasons(rejected), "photographs": len(journal),
                 "with_faces": len(with_faces), "changes": changes, "delivery": journal.delivery})


def _reasons(rejected: list[Rejected]) -> dict[str, int]:
    return dict(sorted(Counter(reason for _, reason, _ in rejected).items()))


def _write_photos(out: Path, tree: PhotoTree, journal: PhotoJournal) -> None:
    with csv_file(out / PHOTOS_NAME, PHOTO_COLUMNS) as table:
        unreadable = (PhotoRecord(name, 0, 0, reason=CANNOT_OPEN, detail=reason)
                      for name, reason in sorted(tree.unreadable.items()))
        first: dict[str, str] = {}
        for record in heapq.merge(journal.values(), unreadable, key=attrgetter("photo")):
            photo = record.photo
            original = first.setdefault(record.sha256, photo) if record.sha256 else photo
            cells = {**{name: getattr(record, name) for name in PHOTO_COLUMNS[:-1]}, "faces": len(record.faces),
                     "copy_of": "" if original == photo else original}
            if not record.faces and not record.reason:
                cells["reason"] = NO_FACE
            table.writerow(cells.values())


def _write_changes(out: Path, journal: PhotoJournal) -> dict[str, int]:
    """Write which photographs are new, changed or gone since the last delivery, and return how many are."""
    counts: Counter[str] = Counter()
    with csv_file(out / CHANGES_NAME, ("photo", "change")) as table:
        for photo, change in journal.changes():
            table.writerow((photo, change))
            counts[change] += 1
    return dict(sorted(counts.items()))


def _write_other_files(out: Path, tree: PhotoTree) -> None:
    with csv_file(out / OTHER_FILES_NAME, ("file",)) as table:
        table.writerows((name,) for name in tree.other_files)


def _closing_line(receipt: Receipt, tree: PhotoTree) -> str:
    summary = receipt.summary
    line = f"{summary['faces']} faces in {summary['with_faces']} of {summary['photographs']} photographs"
    if summary["rejected"]:
        listed = ", ".join(f"{count} {reason}" for reason, count in summary["rejected"].items())
        line += f", {sum(summary['rejected'].values())} left out ({listed})"
    if summary["delivery"] > 1:
        line += "; since the last time " + (", ".join(
            f"{count} {change}" for change, count in summary["changes"].items()) or "nothing changed")
        line += f", see {CHANGES_NAME}"
    return f"{line}{_others(tree)} in {receipt.seconds:.1f} s"


def _others(tree: PhotoTree) -> str:
    return f"; {len(tree.other_files)} files of other kinds, see {OTHER_FILES_NAME}" if tree.other_files else ""
