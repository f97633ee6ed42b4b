"""Sidecars of a folder of photographs: written from tags, or freed of them."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from fecemo.archive.gallery import SUGGESTED_BY
from fecemo.archive.merge import FaceTag, PhotoTags
from fecemo.archive.photographs import Photograph, require_unchanged
from fecemo.archive.sidecar import Form, SidecarNames, remove_tags, write_tags
from fecemo.archive.tags import Tags
from fecemo.data.durable import csv_file, sweep
from fecemo.data.photo_tree import photo_path
from fecemo.errors import FecemoError, InputError
from fecemo.progress import progress

SIDECARS_NAME = "sidecars.csv"
HALF_WRITTEN = ".*.xmp.*.tmp"
"""What a killed run leaves in a folder of photographs."""
REFUSED, ABSENT = "refused", "absent"


def write_sidecars(tags: Tags, photos: Path, photographs: Mapping[str, Photograph], out: Path, threshold: float,
                   form: Form, rows: Iterable[int] | None = None) -> dict[str, int]:
    """Write the sidecars of photographs, and what became of each into ``sidecars.csv``.

    Parameters
    ----------
    photos : Path
        The folder of photographs.
    photographs : mapping of str to Photograph
        All of the folder: those in which no face is left lose their tags.
    out : Path
        Where ``sidecars.csv`` goes.
    threshold : float
        What a face shows less confidently is no keyword.
    form : {"photo.jpg.xmp", "photo.xmp"}
        Of new sidecars.
    rows : iterable of int, optional
        Places in the tags of the faces whose photographs are meant; all without it.

    Returns
    -------
    dict of str to int
        Photographs by outcome: ``written``, ``unchanged``, ``deleted``, ``refused``, and ``absent`` where a photograph
        has no sidecar and needs none.

    Raises
    ------
    InputError
        If every sidecar was refused.
    """
    wanted = photographs.keys() if rows is None else {str(tags.photo[row]) for row in rows}
    by_photo: dict[str, list[int]] = {photo: [] for photo in wanted if photo in photographs}
    for row, photo in enumerate(tags.photo.tolist()):
        if photo in by_photo:
            by_photo[photo].append(row)
    if tags.description.named_by in SUGGESTED_BY:
        print(f"warning: the names are suggestions by {SUGGESTED_BY[tags.description.named_by]}: nobody has looked "
              "yet, and many are wrong", file=sys.stderr)
    names, counts, folder, first_refusal = SidecarNames(form), Counter[str](), None, ""
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with (csv_file(out / SIDECARS_NAME, ("photo", "sidecar", "outcome", "detail")) as table,
          progress(len(by_photo), "sidecars", "photo") as bar):
        for photo, faces in sorted(by_photo.items()):
            sidecar, detail = "", ""
            try:
                path = photo_path(photos, photo)
                if path.parent != folder:
                    folder = path.parent
                    sweep(folder, HALF_WRITTEN, locked=False)
                place = names.path_of(path) if folder.is_dir() else path
                outcome = _write(place, path, photographs[photo], tags, faces, threshold, date)
                if outcome == ABSENT:
                    detail = "no face has a name that is so likely" if faces else "no face"
                else:
                    sidecar = place.name
            except (FecemoError, OSError) as error:
                outcome, detail = REFUSED, str(error)
                first_refusal = first_refusal or detail
            counts[outcome] += 1
            table.writerow((photo, sidecar, outcome, detail))
            bar.update()
    if first_refusal:
        print(f"warning: {counts[REFUSED]} sidecars were refused, the first: {first_refusal}", file=sys.stderr)
    _say(counts, out / SIDECARS_NAME)
    if counts and set(counts) == {REFUSED}:
        raise InputError(f"none of {counts[REFUSED]} sidecars could be written; {out / SIDECARS_NAME} has the reasons")
    return dict(counts)


def _write(sidecar: Path, photo: Path, photograph: Photograph, tags: Tags, faces: list[int], threshold: float,
           date: str) -> str:
    """Write one photograph's sidecar. Raises `InputError` where the photograph is gone or another."""
    description = tags.description
    written = []
    for row in faces:
        left, right, top, bottom = tags.box[row].tolist()
        for name, confidence in tags.names.of(str(tags.shows[row]), tags.shares[row]):
            term = description.vocabulary.term(name) if confidence >= threshold else None
            if term is not None:
                written.append(FaceTag(str(tags.id[row]), (left, right, top, bottom), name, term.paths, term.subject,
                                       confidence if description.calibrated else None))
    if written:
        require_unchanged(photo, photograph)
    size = photograph.width, photograph.height, photograph.orientation
    return write_tags(sidecar, PhotoTags(tuple(written), *size, run=description.run,
                                         row=f"{description.row} {description.variant}", date=date))


def remove_sidecars(photos: Path) -> dict[str, int]:
    """Take all that fecemo wrote out of every sidecar in a folder of photographs and in the folders within it.

    Links are not followed. What cannot be read is named on stderr and left.

    Returns
    -------
    dict of str to int
        Sidecars by outcome.
    """
    counts: Counter[str] = Counter()
    for place, _, files in os.walk(photos):
        sweep(Path(place), HALF_WRITTEN, locked=False)
        for name in sorted(files):
            if name.lower().endswith(".xmp"):
                try:
                    counts[remove_tags(Path(place, name))] += 1
                except FecemoError as error:
                    counts[REFUSED] += 1
                    print(f"warning: {error}", file=sys.stderr)
    _say(counts, photos)
    return dict(counts)


def _say(counts: Mapping[str, int], where: Path) -> None:
    outcomes = ", ".join(f"{count} {'not needed' if outcome == ABSENT else outcome}"
                         for outcome, count in sorted(counts.items())) or "none"
    print(f"sidecars: {outcomes} → {where}", file=sys.stderr)
