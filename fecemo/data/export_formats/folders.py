"""An image file a face, in folders by split and label, as torchvision, Keras and most other tools read them."""

import os
from pathlib import Path
from typing import Any

from fecemo.data.dataset_files import ENTRY_COLUMNS
from fecemo.data.durable import csv_file, explained
from fecemo.data.export_formats import ExportedFaces, ExportFormat, file_part
from fecemo.data.receipts import digest_bytes

TABLE_NAME = "faces.csv"


def write(folder: Path, faces: ExportedFaces) -> list[str]:
    """Write ``train/happy/<id>.png`` for labelled faces, ``images/<first two digits>/<id>.png`` for others.

    ``faces.csv`` names every file, with its face's id, address, box and annotations and the sha256 of its bytes.
    """
    made: set[Path] = set()
    with csv_file(folder / TABLE_NAME, (*ENTRY_COLUMNS, *faces.dataset.columns, "file", "sha256")) as table:
        for record, image in faces.faces(faces.rows):
            path = folder / _folder_of(record) / f"{file_part(record['id'])}{faces.suffix}"
            with explained(path):
                if path.parent not in made:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    made.add(path.parent)
                path.write_bytes(image)
            table.writerow((*record.values(), path.relative_to(folder).as_posix(), digest_bytes(image)))
        # Once for all images, before the table that speaks for them: to wait for each would take hours for millions.
        os.sync()
    return [TABLE_NAME]


def _folder_of(record: dict[str, Any]) -> Path:
    parts = [file_part(record[name]) for name in ("split", "label") if record.get(name)]
    # A folder of a million files is slow in every tool that opens it.
    return Path(*parts) if parts else Path("images", file_part(record["id"])[:2])


EXPORT_FORMAT = ExportFormat(name="folders", about="an image file a face, in folders by split and label", write=write)
