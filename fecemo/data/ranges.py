"""Ranges of settings: stated beside a field, and checked whenever settings are made."""

import math
import operator
from dataclasses import MISSING, field, fields
from typing import Any

_HOLDS = {"at least": operator.ge, "above": operator.gt, "at most": operator.le, "below": operator.lt}


def ranged(default: Any = MISSING, *, min: float | None = None, above: float | None = None, max: float | None = None,
           below: float | None = None, advice: str = "") -> Any:
    """Return a field for a finite number, or None, that must lie in a range; of a dataclass derived from `Ranged`.

    Whoever sets it beyond is told the range, and the advice.
    """
    limits = {"at least": min, "above": above, "at most": max, "below": below}
    return field(default=default, metadata={
        "limits": {words: limit for words, limit in limits.items() if limit is not None}, "advice": advice})


class Ranged:
    """Base of dataclasses with fields that are `ranged`."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for the first field that is out of its range."""
        for setting in fields(self):  # type: ignore[arg-type]
            value, limits = getattr(self, setting.name), setting.metadata.get("limits", {})
            if value is not None and limits and not (
                    math.isfinite(value) and all(_HOLDS[words](value, limit) for words, limit in limits.items())):
                expected = " and ".join(f"{words} {limit:g}" for words, limit in limits.items())
                if set(limits) == {"at least", "at most"}:
                    expected = "from {at least:g} to {at most:g}".format(**limits)
                raise ValueError(f"{setting.name} must be {expected}, not {value}"
                                 + (f"; {setting.metadata['advice']}" if setting.metadata["advice"] else ""))
