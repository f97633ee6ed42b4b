"""Parquet files with the images inside, as Hugging Face datasets and every table engine read them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fecemo.data.dataset_files import ENTRY_COLUMNS, ColumnType
from fecemo.data.durable import atomic_file
from fecemo.data.export_formats import ExportedFaces, ExportFormat, file_part

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 256
"""Faces that are in memory at a time, when written and when read."""
SIDES = ("left", "right", "top", "bottom")


def write(folder: Path, faces: ExportedFaces) -> list[str]:
    """Write ``data/train-00000-of-00012.parquet``, …: the columns of the index and ``image``, a row a face.

    ``image`` is a struct of ``bytes`` and ``path``, and the schema says so in the words of the package datasets, so
    that ``load_dataset(folder)`` returns pictures in their splits. A file that an interrupted run completed is kept.
    """
    import pyarrow.parquet as pq

    schema, names = _schema(faces.dataset.columns), []
    words = [name for name, kind in faces.dataset.columns.items() if kind in ("label", "split")]
    for stem, rows in faces.files():
        names.append(f"data/{stem}.parquet")
        if (folder / names[-1]).exists():
            faces.passed(len(rows))
            continue
        # The images are compressed already.
        with atomic_file(folder / names[-1]) as file, \
                pq.ParquetWriter(file, schema, compression="NONE", use_dictionary=words or False) as table:
            for start in range(0, len(rows), ROW_GROUP):
                records = list(_records(faces, rows[start : start + ROW_GROUP]))
                table.write_batch(_batch(records, schema), row_group_size=ROW_GROUP)
    return names


def _records(faces: ExportedFaces, rows: Any) -> Iterator[dict[str, Any]]:
    for record, image in faces.faces(rows):
        yield {**record, "image": {"bytes": image, "path": f"{file_part(record['id'])}{faces.suffix}"}}


def _batch(records: list[dict[str, Any]], schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.RecordBatch.from_pylist(records, schema=schema)


def _schema(columns: Mapping[str, ColumnType]) -> "pa.Schema":
    import pyarrow as pa

    numbers = {*SIDES, *(name for name, kind in columns.items() if kind == "number")}
    names = (*ENTRY_COLUMNS, *columns)
    types = {name: pa.float64() if name in numbers else pa.string() for name in names}
    features: dict[str, dict[str, str]] = {
        name: {"dtype": "float64" if name in numbers else "string", "_type": "Value"} for name in names}
    features["image"] = {"_type": "Image"}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.schema([*types.items(), ("image", image)],
                     metadata={"huggingface": json.dumps({"info": {"features": features}})})


EXPORT_FORMAT = ExportFormat(name="parquet", about="Parquet files with the images inside, for datasets and tables",
                             write=write, needs=("pyarrow",))
