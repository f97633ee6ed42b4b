"""A list, and the fetch stage over it."""

import csv
from pathlib import Path

from fecemo.stages.fetch import FetchSettings

ROOT = Path(__file__).parents[2]
WHOLE = (0.0, 1.0, 0.0, 1.0)


def write_list(path: Path, faces) -> Path:
    lines = ["url,left,right,top,bottom", *(f"{url},{','.join(map(str, box))}" for url, box in faces)]
    path.write_text("\n".join(lines) + "\n")
    return path


def settings_for(server, faces: Path, **changes) -> FetchSettings:
    return FetchSettings(**{"faces": faces, "allow_hosts": (server.host,), "workers": 4, "backoff": 0.01} | changes)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
