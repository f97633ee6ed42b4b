"""The file of a house's vocabulary: YAML, or a table; see `fecemo.data.vocabulary.Vocabulary`."""

from dataclasses import fields
from pathlib import Path

from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.documents import build, read_yaml
from fecemo.data.vocabulary import Name, Vocabulary
from fecemo.errors import InputError

FILE_NAMES = ("vocabulary.yaml", "vocabulary.csv")
"""Of a house's vocabulary, in a run's folder ``labels``."""


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a vocabulary, YAML or CSV by its ending. Raises `InputError` for a file that is none; the key is named."""
    if path.suffix.lower() != ".csv":
        document = read_yaml(path)
        if isinstance(names := document.get("names"), dict):  # ``upset:`` with nothing behind it
            document = {**document, "names": {name: entry or {} for name, entry in names.items()}}
        return build(Vocabulary, document, str(path))
    rows = []
    for row in csv_rows(path):
        if isinstance(row, RejectedRow):
            raise InputError(f"{path}, line {row.line}: {row.reason}")
        rows.append(row)
    known = ("name", *(column.name for column in fields(Name)))
    heading = [cell.strip() for cell in rows[0][1]] if rows else []
    if "name" not in heading or not set(heading) <= set(known) or len(set(heading)) < len(heading):
        raise InputError(f"{path}: the heading is {','.join(heading)!r}, expected name and any of "
                         f"{','.join(known[1:])}")
    listed: dict[str, Name] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(heading):
            raise InputError(f"{path}, line {line}: {len(cells)} cells, expected {len(heading)}")
        entry = {column: cell.strip() for column, cell in zip(heading, cells, strict=True)}
        if (name := entry.pop("name")) in listed:
            raise InputError(f"{path}, line {line}: the name {name!r} is in the table already")
        words = tuple(word.strip() for word in entry.pop("words", "").split(";") if word.strip())
        listed[name] = Name(words=words, **entry)
    try:
        return Vocabulary(names=listed)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def vocabulary_files(labels: Path) -> tuple[Path, ...]:
    """Return the file of a house's vocabulary in a run's folder ``labels``, if there is one.

    Raises `InputError` if there are two: nobody could tell which holds.
    """
    there = tuple(path for name in FILE_NAMES if (path := labels / name).exists())
    if len(there) > 1:
        raise InputError(f"{labels} holds {' and '.join(path.name for path in there)}; keep one of them")
    return there


def house_vocabulary(labels: Path) -> Vocabulary:
    """Return the vocabulary in a run's folder ``labels``; an empty one where there is none."""
    return next((read_vocabulary(path) for path in vocabulary_files(labels)), Vocabulary())
