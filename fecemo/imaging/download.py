"""Download one photograph: redirects by hand, each checked; a deadline, a cap, and a reason for every failure."""

import socket
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests_hardened.ip_filter import InvalidIPAddress

from fecemo import __version__
from fecemo.imaging.addresses import checked_url, is_allowed, normal_host, port_of
from fecemo.imaging.connections import NOT_PUBLIC_HOST, PublicAdapter, obey
from fecemo.imaging.deadline import Deadline, DeadlineWatch
from fecemo.imaging.placeholders import Placeholders
from fecemo.imaging.reasons import FetchError, Reason
from fecemo.imaging.response_headers import opted_out, retry_after_seconds

REDIRECTS = (301, 302, 303, 307, 308)
PIECE = 1 << 16


@dataclass(frozen=True)
class DownloadLimits:
    """What one photograph may cost.

    Parameters
    ----------
    deadline : float
        Seconds for everything by the clock on the wall, redirects included.
    connect_timeout, read_timeout : float
        Seconds for a connection, and between two arrivals of bytes.
    max_bytes : int
        Bytes of a photograph, before and after transfer decompression.
    max_redirects : int
    honour_opt_out : bool
        Whether an X-Robots-Tag that forbids the use is obeyed.
    """

    deadline: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    max_bytes: int = 32 << 20
    max_redirects: int = 5
    honour_opt_out: bool = True


class Downloader:
    """Downloads photographs, from any number of threads.

    Parameters
    ----------
    limits : DownloadLimits
    watch : DeadlineWatch
        Cuts what is late.
    connections : int
        Connections kept open for each host.
    allow_hosts : tuple of str
        Hosts, or ``host:port``, that are asked whatever they resolve to.
    placeholders : Placeholders
        Pictures that stand for "photo unavailable".
    contact : str
        An address or page for the user agent, so that a site's owner can ask.
    """

    def __init__(self, limits: DownloadLimits, watch: DeadlineWatch, *, connections: int,
                 allow_hosts: tuple[str, ...] = (), placeholders: Placeholders | None = None,
                 contact: str = "") -> None:
        self._limits = limits
        self._watch = watch
        self._allow_hosts = frozenset(map(normal_host, allow_hosts))
        self._placeholders = placeholders or Placeholders()
        self._adapters = {scheme: PublicAdapter(scheme, connections, self._allow_hosts) for scheme in ("http", "https")}
        self._headers = {
            "User-Agent": f"fecemo/{__version__} (research on facial expressions{'; ' if contact else ''}{contact})",
            "Accept": "image/*",
            "Accept-Encoding": "identity",
        }

    def host_of(self, url: str) -> str:
        """Return ``host:port`` of an address. Raises `FetchError` for one that would never be asked."""
        parts = checked_url(url, self._allow_hosts)
        return f"{normal_host(parts.hostname or '')}:{port_of(parts)}"

    def opened(self, host: str) -> bool:
        """Tell whether a ``host:port`` was opened by name."""
        name, _, port = host.rpartition(":")
        return is_allowed(name, int(port), self._allow_hosts)

    def get(self, url: str) -> bytes:
        """Return the bytes of a photograph.

        Raises
        ------
        FetchError
            With the reason that is recorded.
        """
        with self._watch.within(self._limits.deadline) as deadline:
            obey(deadline)
            try:
                body = self._follow(url, deadline)
            except FetchError:
                if deadline.passed:  # a connection that was cut looks like one that failed
                    raise FetchError(Reason.TIMEOUT, "the deadline passed") from None
                raise
            finally:
                obey(None)
            if deadline.passed:
                raise FetchError(Reason.TIMEOUT, "the deadline passed")
        self._placeholders.check_body(body)
        return body

    def close(self) -> None:
        """Close every idle connection."""
        for adapter in self._adapters.values():
            adapter.close()

    def _follow(self, url: str, deadline: Deadline) -> bytes:
        for _ in range(self._limits.max_redirects + 1):
            checked_url(url, self._allow_hosts)
            with self._ask(url, deadline) as response:
                if response.status_code not in REDIRECTS:
                    return self._photograph(response)
                url = _redirect_target(url, response)
                _drain(response)
            self._placeholders.check_redirect(url)
        raise FetchError(Reason.TOO_MANY_REDIRECTS, f"more than {self._limits.max_redirects}")

    def _ask(self, url: str, deadline: Deadline) -> requests.Response:
        """Send one request. The adapter is used without a session: no cookies, no proxies, no netrc, no redirects."""
        scheme = urlsplit(url).scheme.lower()
        timeout = (min(self._limits.connect_timeout, deadline.remaining + 0.01), self._limits.read_timeout)
        try:
            request = requests.Request("GET", url, headers=self._headers).prepare()
            return self._adapters[scheme].send(request, stream=True, timeout=timeout)
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError) as error:
            raise FetchError(Reason.BAD_URL, "cannot be asked for") from error
        except InvalidIPAddress as error:
            raise FetchError(Reason.FORBIDDEN_ADDRESS, NOT_PUBLIC_HOST) from error
        except requests.Timeout as error:
            raise FetchError(Reason.TIMEOUT, "no answer in time") from error
        except requests.exceptions.SSLError as error:
            raise FetchError(Reason.CONNECTION_FAILED, "TLS") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if _is_resolution(error):
                raise FetchError(Reason.NO_SUCH_HOST) from error
            raise FetchError(Reason.CONNECTION_FAILED) from error

    def _photograph(self, response: requests.Response) -> bytes:
        _raise_for_status(response)
        if self._limits.honour_opt_out and opted_out(response.headers):
            _drain(response)
            raise FetchError(Reason.OPTED_OUT)
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self._limits.max_bytes:
            raise FetchError(Reason.TOO_LARGE, f"more than {self._limits.max_bytes} bytes announced")
        body = self._body(response.raw)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            body = self._decompressed(body, encoding)
        if not body:
            raise FetchError(Reason.EMPTY)
        return body

    def _body(self, raw: Any) -> bytes:
        body = bytearray()
        try:
            # One arrival at a time, so that neither the cap nor a cut waits for a server that trickles. A body shorter
            # than announced is an error of urllib3's.
            while piece := raw.read1(PIECE, decode_content=False):
                body += piece
                if len(body) > self._limits.max_bytes:
                    raise FetchError(Reason.TOO_LARGE, f"more than {self._limits.max_bytes} bytes")
        except urllib3.exceptions.ReadTimeoutError as error:
            raise FetchError(Reason.TIMEOUT, "no bytes in time") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise FetchError(Reason.CUT_SHORT) from error
        return bytes(body)

    def _decompressed(self, body: bytes, encoding: str) -> bytes:
        """Undo a compression that was not asked for, up to the cap."""
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise FetchError(Reason.NOT_AN_IMAGE, "sent in a content encoding that was not asked for")
        try:
            inflater = zlib.decompressobj(wbits=15 if encoding == "deflate" else 47)
            plain = inflater.decompress(body, self._limits.max_bytes + 1)
        except zlib.error as error:
            raise FetchError(Reason.NOT_AN_IMAGE, f"not the {encoding} that it was said to be") from error
        if len(plain) > self._limits.max_bytes:
            raise FetchError(Reason.TOO_LARGE, f"more than {self._limits.max_bytes} bytes when decompressed")
        return plain


def _raise_for_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    wait = retry_after_seconds(response.headers.get("Retry-After"))
    _drain(response)
    if status == 429 or (status == 503 and wait is not None):
        raise FetchError(Reason.THROTTLED, f"HTTP {status}", wait)
    if status in (404, 410):
        raise FetchError(Reason.GONE, f"HTTP {status}")
    if status == 408:
        raise FetchError(Reason.TIMEOUT, "HTTP 408", wait)
    if status >= 500:
        raise FetchError(Reason.SERVER_ERROR, f"HTTP {status}", wait)
    raise FetchError(Reason.REFUSED, f"HTTP {status}")


def _redirect_target(url: str, response: requests.Response) -> str:
    location = response.headers.get("Location", "")
    if not location:
        raise FetchError(Reason.REFUSED, f"HTTP {response.status_code} that leads nowhere")
    try:
        # Headers arrive as Latin-1 whatever their bytes; addresses are UTF-8.
        return urljoin(url, location.encode("latin-1").decode("utf-8", "replace"))
    except ValueError:
        raise FetchError(Reason.BAD_URL, "redirected to an address that cannot be parsed") from None


def _drain(response: requests.Response) -> None:
    """Read a short body that nobody wants, so that the connection can be used again."""
    try:
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) <= PIECE:
            while response.raw.read1(PIECE, decode_content=False):
                pass
    except (urllib3.exceptions.HTTPError, OSError):
        pass  # the connection is closed instead


def _is_resolution(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, socket.gaierror | urllib3.exceptions.NameResolutionError):
            return True
        reason = getattr(error, "reason", None)
        if isinstance(reason, urllib3.exceptions.NameResolutionError):
            return True
        inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
        error = error.__cause__ or inner
    return False
