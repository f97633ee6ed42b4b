"""Check that a data set still holds what was stored: every face and every table, by its checksum."""

from pathlib import Path

from fecemo.cli import say_done
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import RECEIPT_NAME, digest_file
from fecemo.data.stored_faces import FACES_NAME, SHARDS_NAME
from fecemo.errors import StoredStateError

STAGE = "check"
NAMED_ROWS = 10


def run(pack: Path) -> None:
    """Read a data set whole and name every row and table that is not what was stored.

    Each damaged row is printed with its face's id and address, tabs between them.

    Parameters
    ----------
    pack : Path
        The pack's folder.

    Raises
    ------
    StoredStateError
        If the pack is missing, unfinished or damaged.
    """
    opened = Dataset(pack)
    tables = [name for name, digest in opened.receipt.outputs.items()
              if name not in (FACES_NAME, SHARDS_NAME) and not _holds(pack / name, digest)]
    rows = opened.damaged_rows()
    for row in rows:
        print(row, opened.ids[row], opened.addresses[row], sep="\t")
    if not rows and not tables:
        say_done(STAGE, pack, f"{len(opened)} faces and {len(opened.receipt.outputs) - 1} tables are what was stored")
        return
    found = []
    if rows:
        listed = ", ".join(map(str, rows[:NAMED_ROWS])) + (", …" if len(rows) > NAMED_ROWS else "")
        found.append(f"{len(rows)} of {len(opened)} faces (rows {listed})")
    if tables:
        found.append(f"the tables {', '.join(tables)}")
    if (pack / SHARDS_NAME).exists():
        remedy = "check the packs that it was joined of, then join them again"
    else:
        remedy = f"remove {pack / RECEIPT_NAME} and run the command that made it again: that makes only these anew"
    raise StoredStateError(f"{pack} is damaged: {' and '.join(found)} are not what was stored; {remedy}")


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and digest_file(path) == digest
