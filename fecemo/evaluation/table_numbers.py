"""Numbers as they are printed, each with the record and field that it comes from."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from fecemo.evaluation.score import Score

DASH = "—"
"""What stands where there is no number."""


def share(value: float, places: int = 3) -> str:
    """Return a share in the manner of the study: ``.1226``, and ``1.000`` where it is all."""
    text = f"{value:.{places}f}"
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
        Such as ``"conv_autoencoder/rgb"`` and ``"accuracy_interval.low"``.
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


def cite(score: Score, field: str, places: int = 3) -> Cited:
    """Return one number of a score record, to be printed.

    Parameters
    ----------
    score : Score
    field : str
        Path of the field, such as ``"chance.majority"`` or ``"recall.happy"``.
    places : int
        Decimals of a share. Counts and seconds have their own manner.
    """
    value: Any = reduce(_step, field.split("."), score)
    if field.startswith("seconds"):
        text = duration(value)
    elif isinstance(value, int):
        text = str(value) if field == "seed" else count(value)
    else:
        text = share(value, places)
    return Cited(text, value, f"{score.approach}/{score.variant}", field)


def _step(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, dict) else getattr(value, name)
