"""Tar files in the manner of WebDataset: the files of one sample share a name, and differ by what follows its dot."""

import json
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from fecemo.data.image_files import IMAGE_SUFFIXES, LabelledImage, LeftOut, opened_folder
from fecemo.data.labelled_rows import Row, annotation_columns, read_labelled_rows
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions
from fecemo.data.splits import split_of
from fecemo.errors import InputError
from fecemo.progress import progress

LABELS = (".cls", ".txt")
"""Suffixes of the files that hold a label alone; that of a ``.json`` is its key ``label``."""
MAX_TEXT = 2**16
"""Bytes of a label or a description; a larger one is none."""


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read every ``.tar`` of a folder: an image a sample, and its label as ``.cls`` or ``.txt``, or in a ``.json``.

    A ``.json`` also gives ``split`` and the columns that ``options.annotations`` and ``options.text_annotations`` name.
    Without it, the split is the word before the first hyphen of the tar's name, as in ``train-00000-of-00012.tar``.
    Images are read where they lie. Links within a tar are not followed. Raises `InputError` if there is no tar, one is
    damaged, or as `read_labelled_rows` does.
    """
    tars = sorted(entry.name for entry in opened_folder(folder) if entry.is_file() and entry.name.endswith(".tar"))
    if not tars:
        raise InputError(f"{folder} holds no .tar; expected tars of images beside .cls, .txt or .json")
    rows: list[tuple[str, Row | LeftOut]] = []
    images: dict[str, LabelledImage] = {}
    with progress(None, "read tars", "sample") as bar:
        for name in tars:
            for key, files in _samples(folder / name):
                bar.update()
                row, image = _sample(folder / name, key, files, options)
                rows.append((f"{name}/{key}", row))
                if image is not None:
                    images[image.path] = image
    return read_labelled_rows(folder, folder, rows, options, lambda where, row: images[row["path"]],
                              "images beside .cls, .txt or .json in .tar files")[0]


def _samples(path: Path) -> Iterator[tuple[str, dict[str, tarfile.TarInfo]]]:
    """Yield the samples of a tar: key, and its files by what follows the first dot of their names."""
    samples: dict[str, dict[str, tarfile.TarInfo]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                name = PurePosixPath(member.name)
                if member.isreg() and not name.name.startswith("."):
                    stem, _, suffix = name.name.partition(".")
                    samples.setdefault((name.parent / stem).as_posix(), {})[f".{suffix.lower()}"] = member
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read as a tar ({error})") from error
    yield from samples.items()


def _sample(path: Path, key: str, files: dict[str, tarfile.TarInfo],
            options: ReadOptions) -> tuple[Row | LeftOut, LabelledImage | None]:
    where = f"{path.name}/{key}"
    suffix = next((suffix for suffix in files if suffix in IMAGE_SUFFIXES), None)
    if suffix is None:
        return LeftOut(where, "not_an_image", f"it has {', '.join(files)}"), None
    row = {"path": f"{where}{suffix}", "label": "", "split": path.name.partition("-")[0],
           **dict.fromkeys(annotation_columns(options), "")}
    if split_of(row["split"]) is None:
        row["split"] = ""
    if (described := files.get(".json")) is not None:
        try:
            document = json.loads(_text(path, described))
        except ValueError as error:
            return LeftOut(where, "bad_row", f".json: {error}"), None
        if not isinstance(document, dict):
            return LeftOut(where, "bad_row", f".json holds a {type(document).__name__}, expected keys"), None
        row |= {name: "" if document[name] is None else str(document[name]).strip() for name in row
                if name in document and name != "path"}
    try:
        row["label"] = next((_text(path, files[name]).strip() for name in LABELS if name in files), row["label"])
    except ValueError as error:
        return LeftOut(where, "bad_row", str(error)), None
    member = files[suffix]
    return row, LabelledImage(row["path"], read=partial(_bytes, path, member.offset_data, member.size))


def _text(path: Path, member: tarfile.TarInfo) -> str:
    """Return a small file as text. Raises `ValueError` for one that is large or no UTF-8."""
    if member.size > MAX_TEXT:
        raise ValueError(f"{member.name} has {member.size} bytes, expected at most {MAX_TEXT}")
    return _bytes(path, member.offset_data, member.size).decode("utf-8")


def _bytes(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


LAYOUT = Layout(name="webdataset", about="tars of images beside their labels, as webdataset streams them", read=read,
                tell="its .tar files", fits=lambda place: any(place.glob("*.tar")))
