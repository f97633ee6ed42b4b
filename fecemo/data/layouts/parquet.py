"""Parquet files with images inside, as Hugging Face's datasets are stored."""

import json
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from fecemo.data.image_files import LabelledImage, LeftOut
from fecemo.data.labelled_rows import Row, annotation_columns, read_labelled_rows
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions
from fecemo.data.splits import split_of
from fecemo.errors import InputError, ResourceError, nearest
from fecemo.machine import install_command
from fecemo.progress import progress

IMAGE, LABEL = "image", "label"
LABELS = (LABEL, "labels", "emotion", "expression")
"""Columns that hold the label; the first that there is."""


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read the ``.parquet`` files of a folder and of those in it: the columns ``image``, ``label``, perhaps ``split``.

    ``image`` holds bytes, or a struct of ``bytes`` and ``path``. Labels that are numbers have the names that the file's
    own schema gives them (Hugging Face's ``ClassLabel``), else those of ``options.numbering``. Without a column
    ``split``, the split is the word before the first hyphen of the file's name, as in ``train-00000-of-00012.parquet``.
    Further columns are those of ``options.annotations`` and ``options.text_annotations``. Images are read group by
    group, where they lie.

    Raises
    ------
    InputError
        If there is no such file, a column is missing, or as `read_labelled_rows` does.
    ResourceError
        If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ResourceError(f"Parquet files need pyarrow: {install_command('export')}") from error
    paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    if not paths:
        raise InputError(f"{folder} holds no .parquet; expected files with the columns {IMAGE} and {LABEL}")
    rows: list[tuple[str, Row | LeftOut]] = []
    images: dict[str, LabelledImage] = {}
    with progress(None, "read tables", "row") as bar:
        for path in paths:
            try:
                table = pq.ParquetFile(path)
            except (OSError, ValueError) as error:
                raise InputError(f"{path} cannot be read as Parquet ({error})") from error
            name, groups = path.relative_to(folder).as_posix(), _Groups(path)
            columns = _columns(path, table.schema_arrow.names, options)
            names = _class_names(table.schema_arrow.metadata, columns[LABEL])
            number = 0
            for group in range(table.num_row_groups):
                cells = table.read_row_group(group, columns=list(dict.fromkeys(columns.values()))).to_pylist()
                for at, cell in enumerate(cells):
                    place = f"{name}:{number:06d}"
                    rows.append((place, _row(place, path, cell, columns, names)))
                    images[place] = LabelledImage(place, read=partial(groups.image, group, at))
                    number += 1
                bar.update(len(cells))
    return read_labelled_rows(folder, folder, rows, options, lambda where, row: images[where],
                              f"columns {IMAGE} and {LABEL} in .parquet files")[0]


def _columns(path: Path, there: list[str], options: ReadOptions) -> dict[str, str]:
    """Return the column of the file for each that is read."""
    label = next((name for name in LABELS if name in there), None)
    wanted = {LABEL: label or LABEL, **{name: name for name in annotation_columns(options)},
              **({"split": "split"} if "split" in there else {})}
    for name in (IMAGE, *wanted.values()):
        if name not in there:
            raise InputError(f"{path}: the column {name!r} is missing: {nearest(name, there)}")
    return wanted


def _class_names(metadata: Mapping[bytes, bytes] | None, column: str) -> list[str]:
    """Return the names of the numbers of a label, of a schema in the words of the package datasets; [] without."""
    try:
        names = json.loads((metadata or {})[b"huggingface"])["info"]["features"][column]["names"]
    except (KeyError, TypeError, ValueError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _row(place: str, path: Path, cell: dict[str, Any], columns: dict[str, str], names: list[str]) -> Row | LeftOut:
    row = {name: "" if cell[column] is None else str(cell[column]).strip() for name, column in columns.items()}
    if names:
        value = cell[columns[LABEL]]
        if not isinstance(value, int) or not 0 <= value < len(names):
            return LeftOut(place, "unknown_label", f"{value!r}, expected a number of 0 to {len(names) - 1}")
        row[LABEL] = names[value]
    part = path.name.partition("-")[0]
    return {"split": part if split_of(part) is not None else "", **row, "path": place}


class _Groups:
    """The images of a file's row groups, of which the last that was read is kept."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._read: Callable[[int], list[bytes]] = lru_cache(maxsize=1)(self._images)

    def _images(self, group: int) -> list[bytes]:
        import pyarrow.parquet as pq

        cells = pq.ParquetFile(self._path).read_row_group(group, columns=[IMAGE]).column(0).to_pylist()
        return [(cell.get("bytes") if isinstance(cell, dict) else cell) or b"" for cell in cells]

    def image(self, group: int, at: int) -> bytes:
        """Return the bytes of one image; b"" where there is none."""
        with self._lock:
            return self._read(group)[at]


LAYOUT = Layout(name="parquet", about="Parquet files with images inside, as Hugging Face stores data sets", read=read,
                tell="its .parquet files",
                fits=lambda place: next(place.rglob("*.parquet"), None) is not None)
