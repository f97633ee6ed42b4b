"""Download one photograph: redirects by hand, each checked; a deadline, a cap, and a reason for every failure."""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.addresses import STANDARD_PORTS, asked_host, checked_url, is_allowed, normal_host, port_of
from fecemo.fetch.answer import REDIRECTS, drain, photograph_in, redirect_target
from fecemo.fetch.connections import CheckedAdapter, obey
from fecemo.fetch.deadline import Deadline, DeadlineWatch
from fecemo.fetch.placeholders import Placeholders
from fecemo.fetch.reach import trusted_authorities
from fecemo.version import __version__

DEADLINE_PASSED = "the deadline passed"


@dataclass(frozen=True)
class DownloadLimits:
    """What one photograph may cost."""

    #: Seconds for everything by the clock on the wall, redirects included; waiting for a host's turn is not counted.
    deadline: float = 60.0
    #: `connect_timeout`, `read_timeout`: Seconds for a name and for a connection, and between two arrivals of bytes.
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    max_bytes: int = 32 << 20  #: Bytes of a photograph, before and after transfer decompression.
    max_redirects: int = 5
    honour_opt_out: bool = True  #: Whether an X-Robots-Tag that forbids the use is obeyed.


@dataclass(frozen=True)
class PhotoRequest:
    """One try at a photograph: what is to be asked for now, and what the way so far has cost."""

    url: str
    hops: int = 0  #: Redirects that led here.
    seconds: float | None = None  #: What is left of the deadline; all of it by default.
    #: Whether a host that nobody opened by name led here: such a request never reaches an opened one.
    public: bool = False


class Downloader:
    """Downloads photographs, from any number of threads.

    Parameters
    ----------
    watch : DeadlineWatch
        Cuts what is late.
    connections : int
        Connections kept open for each host.
    allow_hosts : tuple of str
        Hosts, or ``host:port``, that are asked whatever they resolve to.
    placeholders : Placeholders
        Pictures that mean "photo unavailable".
    contact : str
        An address or page for the user agent, so that a site's owner can ask.
    accept : str
        Kinds of content that are asked for.
    ca_bundle : Path, optional
        Certificates of the authorities that are trusted, in the place of the public ones.

    Raises
    ------
    InputError
        If there are no certificates in ``ca_bundle``.
    """

    def __init__(self, limits: DownloadLimits, watch: DeadlineWatch, *, connections: int,
                 allow_hosts: tuple[str, ...] = (), placeholders: Placeholders | None = None,
                 contact: str = "", accept: str = "image/*", ca_bundle: Path | None = None) -> None:
        self._limits = limits
        self._watch = watch
        self._allow_hosts = frozenset(map(normal_host, allow_hosts))
        self._placeholders = placeholders or Placeholders()
        self._trusted = True if ca_bundle is None else trusted_authorities(ca_bundle)
        self._adapters = {public: CheckedAdapter(public=public, connections=connections) for public in (True, False)}
        self._headers = {
            "User-Agent": f"fecemo/{__version__} (research on facial expressions{'; ' if contact else ''}{contact})",
            "Accept": accept,
            "Accept-Encoding": "identity",
        }

    def host_of(self, url: str) -> str:
        """Return what bears the requests for an address; see `asked_host`.

        Raises `FetchError` for an address that would never be asked.
        """
        return asked_host(checked_url(url, self._allow_hosts))

    def opened(self, host: str) -> bool:
        """Tell whether a host, as `host_of` gives it, was opened by name."""
        parts = urlsplit(f"//{host}")
        ports = STANDARD_PORTS if parts.port is None else (parts.port,)
        return any(is_allowed(parts.hostname or "", port, self._allow_hosts) for port in ports)

    def get(self, url: str) -> bytes:
        """Return the bytes of a photograph, wherever its address leads; `ask` leaves each redirect to the caller.

        Raises
        ------
        FetchError
            With the reason that is recorded.
        """
        answer: bytes | PhotoRequest = PhotoRequest(url)
        while isinstance(answer, PhotoRequest):
            answer = self.ask(answer)
        return answer

    def ask(self, request: PhotoRequest) -> bytes | PhotoRequest:
        """Send one request; return the bytes of the photograph, or the request that a redirect makes of it.

        Raises
        ------
        FetchError
            With the reason that is recorded.
        """
        seconds = self._limits.deadline if request.seconds is None else request.seconds
        with self._watch.within(seconds) as deadline:
            obey(deadline)
            try:
                answer, public = self._answer(request, deadline)
            except FetchError:
                if deadline.passed:  # a connection that was cut looks like one that failed
                    raise FetchError(Reason.TIMEOUT, DEADLINE_PASSED) from None
                raise
            finally:
                obey(None)
            if deadline.passed:
                raise FetchError(Reason.TIMEOUT, DEADLINE_PASSED)
            left = deadline.remaining
        if isinstance(answer, bytes):
            self._placeholders.check_body(answer)
            return answer
        self._placeholders.check_redirect(answer)
        if request.hops == self._limits.max_redirects:
            raise FetchError(Reason.TOO_MANY_REDIRECTS, f"more than {self._limits.max_redirects}")
        return PhotoRequest(answer, request.hops + 1, left, public)

    def close(self) -> None:
        """Close every idle connection."""
        for adapter in self._adapters.values():
            adapter.close()

    def _answer(self, request: PhotoRequest, deadline: Deadline) -> tuple[bytes | str, bool]:
        """Return the photograph or the address that it is redirected to, and whether its host is a public one."""
        url = request.url
        parts = checked_url(url, self._allow_hosts)
        opened = is_allowed(parts.hostname or "", port_of(parts), self._allow_hosts)
        if opened and request.public:
            raise FetchError(Reason.FORBIDDEN_ADDRESS, "redirected from the public internet to a host that was opened")
        with self._ask(url, deadline, public=not opened) as response:
            if response.status_code not in REDIRECTS:
                return photograph_in(response, max_bytes=self._limits.max_bytes,
                                     honour_opt_out=self._limits.honour_opt_out), not opened
            target = redirect_target(url, response)
            drain(response)
        return target, not opened

    def _ask(self, url: str, deadline: Deadline, *, public: bool) -> requests.Response:
        """Send one request. The adapter is used without a session: no cookies, no proxies, no netrc, no redirects."""
        timeout = (min(self._limits.connect_timeout, deadline.remaining + 0.01), self._limits.read_timeout)
        try:
            request = requests.Request("GET", url, headers=self._headers).prepare()
            return self._adapters[public].send(request, stream=True, timeout=timeout, verify=self._trusted)
        except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError) as error:
            raise FetchError(Reason.BAD_URL, "cannot be asked for") from error
        except requests.Timeout as error:
            raise FetchError(Reason.TIMEOUT, "no answer in time") from error
        except requests.exceptions.SSLError as error:
            detail = "TLS: the certificate is not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else "TLS"
            raise FetchError(Reason.CONNECTION_FAILED, detail) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if _is_resolution(error):
                raise FetchError(Reason.NO_SUCH_HOST) from error
            raise FetchError(Reason.CONNECTION_FAILED) from error


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
