"""What a server answers: a photograph, a redirect or the reason that there is neither; and what its headers ask for."""

import email.utils
import io
import math
import re
import time
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import requests
import urllib3

from fecemo.data.reasons import FetchError, Reason

REDIRECTS = (301, 302, 303, 307, 308)
PIECE = 1 << 16
LENGTH_DIGITS = 15
"""Digits of the longest length that is worked out: a petabyte is too much for anyone."""

_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")
_GZIP_START = b"\x1f\x8b"
_INFLATED = frozenset({"gzip", "x-gzip", "deflate"})
_ANY_ZLIB, _RAW_DEFLATE = 47, -15
"""Sizes of window as zlib names them: zlib's or gzip's header is recognised, or there is none."""


def photograph_in(response: requests.Response, *, max_bytes: int, honour_opt_out: bool) -> bytes:
    """Return the bytes of the photograph that an answer holds.

    Parameters
    ----------
    response : Response
        Its body not yet read.
    max_bytes : int
        Cap, before and after transfer decompression.
    honour_opt_out : bool
        Whether an X-Robots-Tag that forbids the use is obeyed.

    Raises
    ------
    FetchError
        If it holds none.
    """
    _raise_for_status(response)
    if honour_opt_out and opted_out(response.headers):
        drain(response)
        raise FetchError(Reason.OPTED_OUT)
    announced = _announced_bytes(response)
    if announced is not None and announced > max_bytes:
        raise FetchError(Reason.TOO_LARGE, f"more than {max_bytes} bytes announced")
    body = _body(response.raw, max_bytes)
    # Servers put all kinds of words there; what begins as a picture is one.
    if (encoding := response.headers.get("Content-Encoding", "").strip().lower()) and not begins_as_picture(body):
        body = _decompressed(body, encoding, max_bytes)
    if not body:
        raise FetchError(Reason.EMPTY)
    return body


def _announced_bytes(response: requests.Response) -> int | None:
    """Return how long a body is said to be, if that is a number; one of thousands of digits is not worked out."""
    announced = response.headers.get("Content-Length", "").strip()
    if not re.fullmatch("[0-9]+", announced):
        return None
    digits = announced.lstrip("0") or "0"
    return int(digits) if len(digits) <= LENGTH_DIGITS else 10**LENGTH_DIGITS


def begins_as_picture(body: bytes) -> bool:
    """Tell whether bytes begin as one of the picture formats that are read."""
    return body.startswith(_PICTURE_STARTS) or (body[:4] == b"RIFF" and body[8:12] == b"WEBP")


def _body(raw: Any, max_bytes: int) -> bytes:
    body = io.BytesIO()  # gives its bytes without a copy
    try:
        # One arrival at a time, so that neither the cap nor a cut waits for a server that trickles. A body shorter
        # than announced is an error of urllib3's.
        while piece := raw.read1(PIECE, decode_content=False):
            body.write(piece)
            if body.tell() > max_bytes:
                raise FetchError(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    except urllib3.exceptions.ReadTimeoutError as error:
        raise FetchError(Reason.TIMEOUT, "no bytes in time") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FetchError(Reason.CUT_SHORT) from error
    return body.getvalue()


def _decompressed(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Undo a compression that was not asked for, up to the cap."""
    words = {word.strip() for word in encoding.split(",")} - {"", "identity"}
    if not words:
        return body
    if not words <= _INFLATED and not body.startswith(_GZIP_START):
        raise FetchError(Reason.NOT_AN_IMAGE, "sent in a content encoding that was not asked for")
    try:
        inflater, plain = _inflated(body, max_bytes, _RAW_DEFLATE if _is_raw_deflate(words, body) else _ANY_ZLIB)
    except zlib.error as error:
        raise FetchError(Reason.NOT_AN_IMAGE, f"not the {encoding[:40]} that it was said to be") from error
    if len(plain) > max_bytes:
        raise FetchError(Reason.TOO_LARGE, f"more than {max_bytes} bytes when decompressed")
    if not inflater.eof:
        raise FetchError(Reason.CUT_SHORT, f"the {encoding} does not end")
    return plain


def _is_raw_deflate(words: set[str], body: bytes) -> bool:
    """Tell whether a body is deflate without zlib's header, as some servers send it."""
    return words == {"deflate"} and (len(body) < 2 or body[0] & 15 != 8 or (body[0] << 8 | body[1]) % 31 != 0)


def _inflated(body: bytes, max_bytes: int, wbits: int) -> tuple[Any, bytes]:
    inflater = zlib.decompressobj(wbits=wbits)
    return inflater, inflater.decompress(body, max_bytes + 1)


def _raise_for_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    wait = retry_after_seconds(response.headers.get("Retry-After"))
    drain(response)
    if status == 429 or (status == 503 and wait is not None):
        raise FetchError(Reason.THROTTLED, f"HTTP {status}", wait)
    if status in (404, 410):
        raise FetchError(Reason.GONE, f"HTTP {status}")
    if status == 408:
        raise FetchError(Reason.TIMEOUT, "HTTP 408", wait)
    if status >= 500:
        raise FetchError(Reason.SERVER_ERROR, f"HTTP {status}", wait)
    raise FetchError(Reason.REFUSED, f"HTTP {status}")


def redirect_target(url: str, response: requests.Response) -> str:
    """Return the address that a redirect leads to; raise `FetchError` if it leads nowhere."""
    location = response.headers.get("Location", "")
    if not location:
        raise FetchError(Reason.REFUSED, f"HTTP {response.status_code} that leads nowhere")
    try:
        # Headers arrive as Latin-1 whatever their bytes; addresses are UTF-8.
        return urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        raise FetchError(Reason.BAD_URL, "redirected to an address that cannot be parsed") from None


def drain(response: requests.Response) -> None:
    """Read a short body that nobody wants, so that the connection can be used again."""
    try:
        announced = _announced_bytes(response)
        if announced is not None and announced <= PIECE:
            while response.raw.read1(PIECE, decode_content=False):
                pass
    except (urllib3.exceptions.HTTPError, OSError):
        pass  # the connection is closed instead


MAX_RETRY_AFTER = 600.0
"""Seconds. A server that asks for more gets these, and the photograph waits for another day."""

_OPT_OUTS = frozenset({"noai", "noimageai", "noml", "noimageml", "noindex", "noimageindex", "none"})


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
    """Tell whether ``X-Robots-Tag`` or ``TDM-Reservation`` asks that the picture is not collected.

    A directive may be for one robot by name (``otherbot: noindex``); only those for all robots or for us count.
    ``TDM-Reservation: 1`` is the W3C's protocol by which rights in text and data mining are reserved.
    """
    if headers.get("TDM-Reservation", "").strip() == "1":
        return True
    for part in headers.get("X-Robots-Tag", "").lower().split(","):
        robot, _, directive = part.rpartition(":")
        if directive.strip() in _OPT_OUTS and robot.strip() in ("", "*", "fecemo"):
            return True
    return False
