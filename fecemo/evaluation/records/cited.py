"""Numbers as they are printed, each with the record and field that it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from fecemo.evaluation.records.score import Score

DASH = "—"
"""What stands where there is no number."""


def share(value: float, places: int = 3) -> str:
    """Return a share in the manner of the study: ``.1226``, and ``1.000`` where it is all."""
    text = f"{value:.{places}f}"
    if not float(text):
        text = text.removeprefix("-")
    return text.removeprefix("0") if text.startswith("0.") else text.replace("-0.", "-.")


def count(value: int) -> str:
    """Return a count with separated thousands."""
    return f"{value:,}"


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


@dataclass(frozen=True)
class Cited:
    """A printed number that says where it stands in the records.

    In a page it is a ``<data>`` element with the full value, the record and the field, so that a reader, or a test,
    can follow every number back; as plain text it is what is printed.

    Parameters
    ----------
    text : str
        As printed.
    value : float or int
        In full.
    record, field : str
        Such as ``"conv_autoencoder/rgb"`` and ``"intervals.accuracy.low"``.
    """

    text: str
    value: float
    record: str
    field: str

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        from markupsafe import Markup

        return Markup('<data value="{}" data-record="{}" data-field="{}">{}</data>').format(
            repr(self.value), self.record, self.field, self.text)


def cite(score: Score, field: str, places: int = 3) -> "Cited | str":
    """Return one number of a score record, to be printed.

    Parameters
    ----------
    score : Score
    field : str
        Path of the field, such as ``"chance.majority"`` or ``"classes.happy.recall"``.
    places : int
        Decimals of a share. Counts and seconds have their own manner.

    Returns
    -------
    Cited or str
        A dash where the figure is not defined.
    """
    return _cite(score, f"{score.approach}/{score.variant}", field, places)


def cite_record(score: Score, name: str, record: Any, field: str, places: int = 3) -> "Cited | str":
    """Return one number of a record that stands beside a score, as `cite` does; ``name`` is its measurement's."""
    return _cite(record, f"{score.approach}/{score.variant}/{name}", field, places)


def _cite(record: Any, origin: str, field: str, places: int) -> "Cited | str":
    value = field_of(record, field)
    if value is None:
        return DASH
    if field.startswith("seconds"):
        text = duration(value)
    elif isinstance(value, int):
        text = str(value) if field == "seed" else count(value)
    else:
        text = share(value, places)
    return Cited(text, value, origin, field)


def field_of(record: Any, path: str) -> Any:
    """Return a field of a record by its path, such as ``"intervals.accuracy.low"``; None where a part is absent."""
    return reduce(_step, path.split("."), record)


def _step(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, tuple):
        return value[int(name)]
    return None if value is None else getattr(value, name)
