"""Numbers as they are printed, each with the line of the results on which it is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

DASH = "—"
"""What is printed where there is no figure."""


def share(value: float, places: int = 3) -> str:
    """Return a share in the manner of the study: ``.1226``, and ``1.000`` where it is all."""
    text = f"{value:.{places}f}"
    if not float(text):
        text = text.removeprefix("-")
    return text.removeprefix("0") if text.startswith("0.") else text.replace("-0.", "-.")


def count(value: float) -> str:
    """Return a count with separated thousands."""
    return f"{round(value):,}"


def duration(seconds: float) -> str:
    """Return seconds in the two largest units that fit: ``"41 s"``, ``"3 min 5 s"``, ``"2 h 10 min"``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"


PRINTED: dict[str, Callable[[float, int], str]] = {
    "share": share, "count": lambda value, _: count(value), "seconds": lambda value, _: duration(value),
    "plain": lambda value, _: f"{value:g}"}
"""How a figure is printed, by its kind."""


@dataclass(frozen=True)
class Number:
    """A printed number that says on which line of which file it is found.

    Parameters
    ----------
    text : str
    value : float or int
    line : int
        Of the file, the first after its heading being 0.
    column : str
    file : str
        ``"results.csv"`` or ``"differences.csv"``.
    """

    text: str
    value: float
    line: int
    column: str = "value"
    file: str = "results.csv"

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        from markupsafe import Markup

        return Markup('<data value="{}" data-file="{}" data-line="{}" data-column="{}">{}</data>').format(
            repr(self.value), self.file, self.line, self.column, self.text)


Part = str | Number
"""What a cell or a sentence is made of."""


def known(value: object) -> bool:
    """Return whether a value of the results is there."""
    import pandas

    return value is not None and not pandas.isna(value)  # type: ignore[call-overload]


def number(row: "dict[str, Any] | pandas.Series", column: str = "value", *, kind: str = "share", places: int = 3,
           file: str = "results.csv") -> Part:
    """Return one number of a row of the results, to be printed; a dash where it is not known."""
    value = row[column]
    if not known(value):
        return DASH
    value = int(value) if kind == "count" else float(value)
    return Number(PRINTED[kind](value, places), value, int(row["line"]), column, file)


def field_of(record: Any, path: str) -> Any:
    """Return a field of a record by its path, such as ``"intervals.accuracy.low"``; None where a part is absent."""
    return reduce(_step, path.split("."), record)


def _step(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, tuple):
        return value[int(name)]
    return None if value is None else getattr(value, name)
