"""What a server asks for in the headers of its answer."""

import email.utils
import math
import re
import time
from collections.abc import Mapping

MAX_RETRY_AFTER = 600.0
"""Seconds. A server that asks for more gets these, and the photograph waits for another day."""

_OPT_OUTS = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})


def retry_after_seconds(value: str | None, now: float | None = None) -> float | None:
    """Return how long a ``Retry-After`` asks to wait, or None if it says nothing that can be understood.

    Parameters
    ----------
    value : str or None
        Seconds, or an HTTP date.
    now : float, optional
        Seconds since the epoch.

    Returns
    -------
    float or None
        Between 0 and `MAX_RETRY_AFTER` seconds, however absurd the header is.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"\d+(\.\d*)?", text, re.ASCII):
        seconds = float(text)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
        except (ValueError, TypeError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def opted_out(headers: Mapping[str, str]) -> bool:
    """Tell whether ``X-Robots-Tag`` asks that the picture is not collected.

    A directive may be for one robot by name (``otherbot: noindex``); only those for all robots or for us count.
    """
    for part in headers.get("X-Robots-Tag", "").lower().split(","):
        robot, _, directive = part.rpartition(":")
        if directive.strip() in _OPT_OUTS and robot.strip() in ("", "*", "fecemo"):
            return True
    return False
