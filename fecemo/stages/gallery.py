"""Gallery: tagged faces → a folder that shows them by expression, from a disk or any web server, with no network."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from fecemo.archive import gallery
from fecemo.archive.photographs import NO_FACE, PHOTOS_NAME, read_photographs
from fecemo.archive.tags import STAGE as TAGGED
from fecemo.archive.tags import Tags, read_tags
from fecemo.data.cluster_names import read_hand_names, shown_by
from fecemo.data.dataset import Dataset
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, require_receipt
from fecemo.errors import InputError, StoredStateError
from fecemo.imaging.decode import ImageFileError, read_image
from fecemo.imaging.encode import encode_image
from fecemo.imaging.resize import resize
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult, run_stage
from fecemo.study.layout import RunLayout

STAGE = "gallery"
SHOWN_BY_BROWSERS = (".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp", ".avif", ".bmp")
"""Endings of photographs that the page shows as they are; of others it has smaller copies."""
QUALITY = 82
"""Of the JPEGs of sheets and copies."""


@dataclass(frozen=True)
class GallerySettings:
    """What to show."""

    tags: Path  #: What the tag stage wrote, such as ``archive/tags``.
    dataset: Path  #: The data set whose faces were tagged.
    #: The folder of photographs. The page shows them where they are; it needs the same way from the gallery to them.
    photos: Path
    title: str = ""  #: Heading of the page; the name of the folder of photographs without it.
    #: Put a smaller JPEG of every photograph into the gallery, so that it can be moved without them.
    copies: bool = False
    side: int = 1024  #: Longer side of these copies in pixels.

    def __post_init__(self) -> None:
        if not self.photos.is_dir():
            raise InputError(f"photos: {self.photos} is no folder; name the one in which the faces were found")
        if self.side < gallery.TILE:
            raise InputError(f"side must be at least {gallery.TILE} pixels, not {self.side}")


def run(settings: GallerySettings, out: Path) -> Receipt:
    """Write a gallery; open its ``index.html`` in any browser.

    Writes ``index.html`` with its style and script, ``faces.js`` (what every face shows), ``vectors.js`` ("more like
    this"), ``words.js`` (words to emotions), ``sheets/`` (400 faces each), and ``copies/`` of photographs that browsers
    do not show, or of all. Photographs are only read. Prints what the archive holds: photographs, faces, names so far,
    and what to do next.

    Parameters
    ----------
    out : Path
        A folder for the gallery.

    Raises
    ------
    InputError
        If there is no folder of photographs.
    StoredStateError
        If the tags or the data set are missing or damaged, or do not belong together.
    ResourceError
        If ``out`` cannot be written.
    """
    tags, dataset = read_tags(settings.tags), Dataset(settings.dataset)
    if tags.row.max(initial=-1) >= len(dataset) or not np.array_equal(tags.id, dataset.ids[tags.row]) or (
            len(tags) + tags.description.set_aside != len(dataset)):
        raise StoredStateError(f"{settings.tags} holds tags of {len(tags)} faces that are not those of "
                               f"{settings.dataset} ({len(dataset)}); run the tag stage again")
    title = settings.title or settings.photos.resolve().name
    folder = os.path.relpath(settings.photos, out)
    config = {"title": title, "folder": folder, "copies": settings.copies, "side": settings.side,
              "grid": gallery.GRID, "tile": gallery.TILE}

    def work(made: Path) -> StageResult:
        photos, photo_of = np.unique(tags.photo, return_inverse=True)
        for stale in [*made.glob("sheets/*.jpg"), *made.glob("copies/*.jpg")]:
            stale.unlink()
        files = []
        for number, sheet in _sheets(dataset, tags.row):
            files.append(f"sheets/{number:04d}.jpg")
            atomic_write(made / files[-1], sheet)
        links, missing = _copies(settings, made, photos.tolist())
        shown = gallery.ShownFaces(tags.description.classes, tags.description.vocabulary, tags.row,
                                   np.asarray(tags.shares), tags.description.calibrated, photos.tolist(), photo_of,
                                   tags.box, links)
        scripts = {"faces.js": gallery.faces_script(title, quote(folder) + "/", shown, tags.description.named_by),
                   "vectors.js": gallery.vectors_script(np.asarray(tags.vectors)),
                   "words.js": gallery.words_script(tags.description.classes, tags.description.vocabulary)}
        for name, text in {**scripts, **gallery.page_files()}.items():
            files.append(name)
            atomic_write(made / name, text)
        files += links.values()
        gone = f", {missing} of which cannot be read any more and show the stored face alone" if missing else ""
        return StageResult(files=files, message=f"{len(tags)} faces of {len(photos)} photographs{gone}; open "
                           f"{made / gallery.INDEX_NAME}", summary={"faces": len(tags), "photographs": len(photos),
                                                                    "unreadable": missing})

    inputs = {"tags": require_receipt(settings.tags, TAGGED).digest, "dataset": dataset.receipt.digest}
    receipt = run_stage(STAGE, out, config=config, inputs=inputs, seed=None, work=work)
    print("\n".join(closing_lines(settings.dataset, tags, out)))
    return receipt


def closing_lines(dataset: Path, tags: Tags, out: Path) -> list[str]:
    """Return what an archive holds, for people; ``out`` is the gallery's folder."""
    description, photographs = tags.description, read_photographs(dataset).values()
    lines = [f"{len(tags)} faces of {len(np.unique(tags.photo))} photographs"]
    if photographs:
        with_faces = sum(photograph.n_faces > 0 for photograph in photographs)
        unread = Counter(photograph.reason for photograph in photographs if photograph.reason not in ("", NO_FACE))
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(unread.items()))
        copies = sum(photograph.copy_of != "" for photograph in photographs)
        lines = [f"{len(photographs)} photographs: {with_faces} with {sum(of.n_faces for of in photographs)} faces, "
                 f"{len(photographs) - with_faces - unread.total()} without a face, {unread.total()} not read"
                 f"{f' ({reasons})' if unread else ''}{f'; copies of others: {copies}' if copies else ''}; each of "
                 f"them is in {dataset / PHOTOS_NAME}"]
    shown = Counter(tags.shows.tolist())
    lines.append("shown: " + ", ".join(f"{count} {name or 'without a name'}" for name, count in shown.most_common()))
    if description.names:
        lines.append(_names_so_far(tags))
    lines.append(f"look at it: {out / gallery.INDEX_NAME}")
    if description.named_by in gallery.SUGGESTED_BY:
        lines.append("next: name the groups, .venv/bin/jupyter lab notebooks/label_clusters.ipynb, and run the same "
                     "command again")
    else:
        lines.append("next: make find WORDS=furious searches, make tags PHOTOS=FOLDER writes XMP sidecars beside the "
                     "photographs")
    return lines


def _names_so_far(tags: Tags) -> str:
    """Say who named the groups, and how many."""
    description = tags.description
    groups, apart = f"{len(description.names)} groups of faces", [
        f"faces {what}: {count}" for count, what in ((description.moved, "moved by hand"),
                                                    (description.set_aside, "set aside as no faces")) if count]
    if (suggested := gallery.SUGGESTED_BY.get(description.named_by)) is not None:
        path = RunLayout(Path(description.folder)).hand_names(description.row, description.variant)
        named = len(read_hand_names(path).names) if path.exists() else 0
        so_far = (f"a person has named {named} of them so far, and all are needed before these names count"
                  if named else "nobody has looked yet")
        return f"{groups}, their names suggested by {suggested}; {so_far}"
    show = sum(bool(shown_by(name)) for name in description.names.values())
    return "; ".join([f"{groups}, {show} named by what they show, {len(description.names) - show} mixed or left out",
                      *apart])


def _sheets(dataset: Dataset, rows_shown: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """Yield the number and JPEG of every sheet of these faces, in rows, the last one filled up with black."""
    grid, tile = gallery.GRID, gallery.TILE
    with progress(len(rows_shown), f"{STAGE}: sheets", "face") as bar:
        for number, start in enumerate(range(0, len(rows_shown), grid * grid)):
            faces = np.asarray(dataset.faces[rows_shown[start : start + grid * grid]])
            rows = -(-len(faces) // grid)
            sheet = np.zeros((rows * tile, grid * tile, 3), np.uint8)
            for place, face in enumerate(faces):
                top, left = tile * (place // grid), tile * (place % grid)
                sheet[top : top + tile, left : left + tile] = resize(face, tile, tile)
            yield number, encode_image(sheet, "jpeg", QUALITY)
            bar.update(len(faces))


def _copies(settings: GallerySettings, made: Path, photos: list[str]) -> tuple[dict[int, str], int]:
    """Write smaller copies of those photographs that need one; return their addresses by place, and how many failed."""
    wanted = [place for place, photo in enumerate(photos)
              if settings.copies or not photo.lower().endswith(SHOWN_BY_BROWSERS)]
    links: dict[int, str] = {}
    missing = 0
    with progress(len(wanted), f"{STAGE}: copies", "photograph") as bar:
        for place in wanted:
            bar.update()
            try:
                picture = read_image(settings.photos / photos[place], settings.side)
            except (ImageFileError, OSError):
                missing += 1
                continue
            height, width = picture.shape[:2]
            scale = min(1.0, settings.side / max(height, width))
            small = resize(picture, max(1, round(height * scale)), max(1, round(width * scale)))
            links[place] = f"copies/{place:06d}.jpg"
            atomic_write(made / links[place], encode_image(small, "jpeg", QUALITY))
    return links, missing
