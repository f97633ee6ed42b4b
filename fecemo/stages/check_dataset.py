"""Check that a data set still holds what was stored: every face and every table, by its checksum."""

from pathlib import Path

from fecemo.cli import say_done
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import RECEIPT_NAME, digest_file
from fecemo.data.stored_faces import FACES_NAME, SHARDS_NAME
from fecemo.errors import StoredStateError

STAGE = "check"
NAMED_ROWS = 10


def run(dataset: Path) -> None:
    """Read a data set whole and name every row and table that is not what was stored.

    Each damaged row is printed with its face's id and address, tabs between them.

    Parameters
    ----------
    dataset : Path
        Its folder.

    Raises
    ------
    StoredStateError
        If it is missing, unfinished or damaged.
    """
    opened = Dataset(dataset)
    tables = [name for name, digest in opened.receipt.outputs.items()
              if name not in (FACES_NAME, SHARDS_NAME) and not _holds(dataset / name, digest)]
    rows = opened.damaged_rows()
    for row in rows:
        print(row, opened.ids[row], opened.addresses[row], sep="\t")
    if not rows and not tables:
        tables_read = len(opened.receipt.outputs) - 1
        say_done(STAGE, dataset, f"{len(opened)} faces and {tables_read} tables are what was stored")
        return
    damages = []
    if rows:
        listed = ", ".join(map(str, rows[:NAMED_ROWS])) + (", …" if len(rows) > NAMED_ROWS else "")
        damages.append(f"{len(rows)} of {len(opened)} faces (rows {listed})")
    if tables:
        damages.append(f"the tables {', '.join(tables)}")
    if (dataset / SHARDS_NAME).exists():
        remedy = "check the data sets that it was joined of, then join them again"
    else:
        remedy = f"remove {dataset / RECEIPT_NAME} and run the command that made it again: that makes only these anew"
    raise StoredStateError(f"{dataset} is damaged: {' and '.join(damages)} are not what was stored; {remedy}")


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and digest_file(path) == digest
