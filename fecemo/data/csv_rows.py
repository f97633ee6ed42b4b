"""Read a CSV of strangers' rows one line at a time, so that a broken line costs that line alone."""

import codecs
import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fecemo.data.durable import refuse_endless
from fecemo.errors import InputError

MAX_LINE_BYTES = 1 << 16
"""Longer lines are refused unread: a list has none such, and a file without line ends must not fill memory."""
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""Neither an address nor a name holds one, and a carriage return would break the rows of the tables written from it."""


_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def strict_number(text: str) -> float:
    """Return the number that a cell holds: decimal digits, a point, an exponent.

    Raises `ValueError` for anything else, also for what `float` takes besides: ``1_000``, ``nan``, ``inf``, digits of
    other scripts.
    """
    if _NUMBER.fullmatch(text) is None or not math.isfinite(number := float(text)):
        raise ValueError(f"expected a number, found {text[:40]!r}")
    return number


def other_separator(header: str) -> str:
    """Return what to say of a header whose cells are not separated by commas; ``""`` where nothing tells."""
    signs = {";": "semicolons", "\t": "tabs", "|": "bars"}
    used = next((name for sign, name in signs.items() if sign in header), "")
    return f"its cells are separated by {used}: save it with commas" if used else ""


@dataclass(frozen=True)
class RejectedRow:
    """A row that cannot be used: its line of the file, counted from 1, and what was expected and what was found."""

    line: int
    reason: str


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]] | RejectedRow]:
    """Yield the cells of each line that is not blank, with the line's number from 1.

    Each line is parsed by itself: a stray quote spoils its own line, never the rest of the file. Raises `InputError` as
    `text_lines` does.
    """
    for line in text_lines(path):
        if isinstance(line, RejectedRow):
            yield line
            continue
        number, text = line
        try:
            yield number, next(csv.reader((text,), strict=True, skipinitialspace=True))
        except csv.Error as error:
            yield RejectedRow(number, f"not a CSV row: {error}")


def text_lines(path: Path) -> Iterator[tuple[int, str] | RejectedRow]:
    """Yield each line that is not blank, without its end, and its number from 1.

    Raises `InputError` if the file cannot be opened, is a pipe or a device, or is UTF-16.
    """
    try:
        refuse_endless(path)
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise InputError(f"{path} is UTF-16 text; save it as UTF-8")
                if len(line) > MAX_LINE_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE_BYTES)
                    yield RejectedRow(number, f"longer than {MAX_LINE_BYTES} bytes")
                    continue
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if line.strip():
                    yield _text(number, line)
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, expected a CSV file") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _text(number: int, line: bytes) -> tuple[int, str] | RejectedRow:
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        return RejectedRow(number, f"not UTF-8 text (byte {error.start + 1} of the line)")
    return RejectedRow(number, "holds a control character") if _CONTROL.search(text) else (number, text)
