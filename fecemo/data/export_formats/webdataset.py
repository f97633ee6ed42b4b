"""Tar files of images beside their descriptions, as the package webdataset streams them."""

import io
import json
import tarfile
from pathlib import Path

from fecemo.data.durable import atomic_file
from fecemo.data.export_formats import ExportedFaces, ExportFormat, file_part


def write(folder: Path, faces: ExportedFaces) -> list[str]:
    """Write ``train-00000-of-00012.tar``, …: of every face ``<id>.png`` and ``<id>.json``, its row of the index.

    Equal faces give equal files, to the byte. A file that an interrupted run completed is kept.
    """
    names = []
    for stem, rows in faces.files():
        names.append(f"{stem}.tar")
        if (folder / names[-1]).exists():
            faces.passed(len(rows))
            continue
        with atomic_file(folder / names[-1]) as file, \
                tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for record, image in faces.faces(rows):
                _add(tar, f"{file_part(record['id'])}{faces.suffix}", image)
                _add(tar, f"{record['id']}.json", json.dumps(record, ensure_ascii=False).encode())
    return names


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of no owner and no date
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


EXPORT_FORMAT = ExportFormat(name="webdataset", about="tar files that webdataset streams, image and JSON a face",
                             write=write)
