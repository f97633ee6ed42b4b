"""Export: the faces of a data set, in any variant, as files for other tools."""

import importlib.util
import json
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.data.durable import HALF_WRITTEN, LOCK_NAME, atomic_write
from fecemo.data.export_formats import ExportedFaces, ExportFormat, export_formats
from fecemo.data.ranges import Ranged, ranged
from fecemo.data.receipts import Receipt
from fecemo.data.variants import Variant, find_dataset_variant
from fecemo.errors import InputError, ResourceError, StoredStateError, nearest
from fecemo.imaging.encode import SUFFIXES, encode_image
from fecemo.machine import install_command
from fecemo.progress import progress
from fecemo.stages.run_stage import StageResult, run_stage

if TYPE_CHECKING:
    import numpy as np

STAGE = "export"
MARK_NAME = "export.json"
"""Written first: it says of what an export is made, and that the folder is one."""
CHUNK = 64
"""Faces viewed and encoded at a time."""


@dataclass(frozen=True)
class ExportSettings(Ranged):
    """What to export, and how."""

    dataset: Path  #: A data set.
    #: ``folders`` (an image file a face, in folders by split and label), ``webdataset`` (tar files) or ``parquet``
    #: (Parquet files with the images inside; needs pyarrow).
    format: str = "folders"
    variant: str = "rgb"  #: ``rgb``, ``gray`` or ``tight``.
    image: Literal["png", "jpeg"] = "png"  #: PNG loses nothing.
    quality: int = ranged(95, min=1, max=100)  #: Of JPEGs, 1 to 100.
    splits: tuple[str, ...] = ()  #: Only faces of these splits, such as ``train valid``; all without it.
    labelled: bool = False  #: Only faces that have a label.
    limit: int | None = ranged(None, min=1)  #: Only the first so many of them.
    per_file: int = ranged(10_000, min=1)  #: Most faces in a tar or Parquet file.
    threads: int = ranged(4, min=1)  #: Faces that are encoded at once. The export does not depend on it.


def run(settings: ExportSettings, out: Path) -> Receipt:
    """Write the faces of a data set as files for other tools.

    If interrupted, rerun: it ends with the same files. A folder that holds anything else is refused.

    Parameters
    ----------
    out : Path
        A new folder.

    Raises
    ------
    InputError
        If there is no such format, variant or split, or no face to export.
    StoredStateError
        If the data set is not finished, or ``out`` is in use or holds something else.
    ResourceError
        If ``out`` cannot be written, or a package is missing.
    """
    format, variant = export_formats.find(settings.format), find_dataset_variant(settings.variant)
    for package in format.needs:
        if importlib.util.find_spec(package) is None:
            raise ResourceError(f"the format {format.name!r} needs {package}: {install_command('export')}")
    dataset = Dataset(settings.dataset)
    rows = _chosen(dataset, settings)
    config = {"format": format.name, "variant": variant.name, "image": settings.image,
              "quality": settings.quality if settings.image == "jpeg" else None, "splits": sorted(settings.splits),
              "labelled": settings.labelled, "limit": settings.limit, "per_file": settings.per_file}
    inputs = {"dataset": dataset.receipt.digest}
    mark = json.dumps({"format": "fecemo.export/1", **config, "dataset": dataset.receipt.digest}, indent=1) + "\n"
    _refuse_other(out, mark)
    return run_stage(STAGE, out, config=config, inputs=inputs, seed=None,
                     work=lambda folder: _export(dataset, rows, format, variant, settings, mark, folder))


def _chosen(dataset: Dataset, settings: ExportSettings) -> "np.ndarray":
    known = set(dataset.splits.tolist()) - {""}
    for split in settings.splits:
        if split not in known:
            hint = nearest(split, known) if known else "it has no splits"
            raise InputError(f"{dataset.folder} has no split {split!r}: {hint}")
    rows = dataset.rows_in(*settings.splits) if settings.splits else np.arange(len(dataset))
    if settings.labelled:
        rows = rows[dataset.labels[rows] != ""]
    if not len(rows):
        raise InputError(f"{dataset.folder} has no {'labelled ' if settings.labelled else ''}face to export")
    return rows[: settings.limit]


def _refuse_other(out: Path, mark: str) -> None:
    """Refuse a folder that holds anything but this export, whole or interrupted."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ResourceError(f"cannot write {out}: there is a file where a folder is needed")
    names = {path.name for path in out.iterdir()} - {LOCK_NAME, *(path.name for path in out.glob(HALF_WRITTEN))}
    if names and MARK_NAME not in names:
        raise StoredStateError(f"{out} holds what no export wrote ({min(names)}); nothing is written among it, choose "
                               "another folder")
    if names and (out / MARK_NAME).read_text(encoding="utf-8") != mark:
        raise StoredStateError(f"{out} holds an export of other faces, or one with other settings ({MARK_NAME} says "
                               f"which); choose another folder, or remove that one: rm -r {shlex.quote(str(out))}")


def _export(dataset: Dataset, rows: "np.ndarray", format: ExportFormat, variant: Variant, settings: ExportSettings,
            mark: str, folder: Path) -> StageResult:
    for left in [*folder.glob(HALF_WRITTEN), *folder.glob(f"*/{HALF_WRITTEN}")]:
        left.unlink()
    atomic_write(folder / MARK_NAME, mark)
    quality = settings.quality if settings.image == "jpeg" else None
    with progress(len(rows), f"{STAGE} {variant.name}", "face") as bar, ThreadPoolExecutor(settings.threads) as pool:

        def encode(picture: "np.ndarray") -> bytes:
            return encode_image(picture, settings.image, quality)

        def encoded(some: "np.ndarray") -> Iterator[bytes]:
            for start in range(0, len(some), CHUNK):
                for image in pool.map(encode, variant.view(dataset.faces[some[start : start + CHUNK]])):
                    yield image
                    bar.update()

        files = format.write(folder, ExportedFaces(
            rows=rows, dataset=dataset, suffix=SUFFIXES[settings.image], per_file=settings.per_file,
            encoded=encoded, passed=bar.update))
    listed = f"{len(files)} files" if len(files) > 1 else files[0]
    return StageResult(files=[*files, MARK_NAME],
                       message=f"{len(rows)} of {len(dataset)} faces as {format.name} ({listed}), {variant.name} "
                            f"{variant.side}×{variant.side} {settings.image}",
                       summary={"faces": len(rows), "labels": _counted(dataset.labels[rows]),
                                "splits": _counted(dataset.splits[rows])})


def _counted(values: "np.ndarray") -> dict[str, int]:
    names, counts = np.unique(values, return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True) if name}
