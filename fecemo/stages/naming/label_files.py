"""The files of names of a run: whose they are, which one the pipeline uses, which labels their people saw."""

import re
from pathlib import Path

from fecemo.data.cluster_names import read_cluster_names
from fecemo.data.durable import atomic_write
from fecemo.errors import StoredStateError
from fecemo.study.layout import RunLayout


def file_of(layout: RunLayout, approach: str, variant: str, by: str) -> Path:
    """Return a person's file of names of a cell: the one in use if it is theirs or nobody's, else one beside it."""
    used = layout.hand_names(approach, variant)
    if not used.exists() or read_cluster_names(used).by in ("", by.strip()):
        return used
    return layout.further_hand_names(approach, variant, _file_word(by))


def files_of_others(used: Path, by: str) -> dict[str, Path]:
    """Return the other people's files of names of a cell, by whose they are."""
    found = {}
    for path in (used, *sorted(used.parent.glob(f"{used.stem}.*{used.suffix}"))):
        if path.is_file() and (whose := read_cluster_names(path).by) not in ("", by.strip()):
            found[whose] = path
    return found


def use_file_of(layout: RunLayout, approach: str, variant: str, by: str) -> None:
    """Make a further person's names the ones that the pipeline uses; those used so far become a further file.

    At every moment some names are in use: those used so far are copied aside before the others take their place, and
    the same call goes on where it was killed in between.

    Raises
    ------
    StoredStateError
        If the person has named nothing, or other names would be overwritten.
    ResourceError
        If the folder cannot be written.
    """
    used, own = layout.hand_names(approach, variant), file_of(layout, approach, variant, by)
    if own == used:
        return
    if not own.is_file():
        raise StoredStateError(f"{own}: there is no such file; {by.strip()!r} has named no clusters of {approach} "
                               f"{variant} yet")
    aside = layout.further_hand_names(approach, variant, _file_word(read_cluster_names(used).by))
    names = used.read_bytes()
    if not aside.exists():
        atomic_write(aside, names)
    elif aside.read_bytes() != names:
        raise StoredStateError(f"{aside} exists already, and {used} cannot take its place; move one of them away")
    own.replace(used)


def _file_word(by: str) -> str:
    return re.sub(r"[^\w-]+", "_", by.strip().lower()).strip("_") or "someone"
