"""Connections that go only where they may, and that a deadline can cut."""

import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import urllib3.util.connection
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress, filter_host
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.addresses import is_public
from fecemo.fetch.deadline import Deadline, bounded_call

NOT_PUBLIC_HOST = "the host resolves to no address of the public internet"
MAX_ADDRESSES = 8
"""Addresses of one name that are tried."""
MIN_TIMEOUT = 1.0
"""Seconds for one address, where a name has so many that they must share the timeout."""

_of_this_thread = threading.local()


def obey(deadline: Deadline | None) -> None:
    """Let connections that this thread uses from now on be cut by ``deadline``."""
    _of_this_thread.deadline = deadline


def _deadline() -> Deadline | None:
    deadline: Deadline | None = getattr(_of_this_thread, "deadline", None)
    return deadline


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # already closed by the other side
        connected.shutdown(socket.SHUT_RDWR)


class _Cuttable:
    """A connection whose socket the deadline can shut down, also in the middle of a TLS handshake.

    The handle is a duplicate of the descriptor: TLS takes the socket object itself away. A connection is closed as soon
    as the headers say that it will not be kept, and its body is read after that, so that the handle lives as long as
    the deadline.
    """

    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        # A name may have many addresses, each tried for the whole timeout, and a resolver that hangs cannot be cut.
        connected: socket.socket = bounded_call(self._connect, _deadline(), None, "no connection in time",
                                                dispose=socket.socket.close)
        self._handle = socket.socket(fileno=os.dup(connected.fileno()))
        self._watch()
        return connected

    def _connect(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]  # a mixin before urllib3's connections
        return connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._watch()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        handle, self._handle = self._handle, None
        super().close()  # type: ignore[misc]
        if handle is not None:
            if (deadline := _deadline()) is None:
                handle.close()
            else:
                deadline.at_end(handle.close)

    def _watch(self) -> None:
        if (deadline := _deadline()) is not None:
            deadline.watch(None if self._handle is None else partial(_shut, self._handle))


class _CuttableHTTP(_Cuttable, HTTPConnection):
    pass


class _CuttableHTTPS(_Cuttable, HTTPSConnection):
    pass


class _Public(_Cuttable):
    """A connection to the public internet: a name is resolved once, and only addresses that were checked are tried.

    So a name that resolves differently a moment later changes nothing. An address that cannot be reached, such as an
    IPv6 one on a machine without a route, costs its share of the timeout, and the next is tried.
    """

    _addresses: Sequence[str] = ()

    def _new_conn(self) -> socket.socket:
        connection: Any = self  # a mixin before urllib3's connections
        self._addresses = bounded_call(partial(_public_addresses, connection), _deadline(), connection.timeout,
                                       "the name was not resolved in time")
        return super()._new_conn()

    def _connect(self) -> socket.socket:
        connection: Any = self
        timeout = connection.timeout
        if timeout is not None and len(self._addresses) > 1:
            timeout = max(MIN_TIMEOUT, timeout / len(self._addresses))
        for address in self._addresses:
            try:
                connected = urllib3.util.connection.create_connection(
                    (address, connection.port), timeout, source_address=connection.source_address,
                    socket_options=connection.socket_options)
            except OSError as error:
                failure = error
                continue
            connected.settimeout(connection.timeout)
            sys.audit("http.client.connect", connection, connection.host, connection.port)
            return connected
        if isinstance(failure, TimeoutError):
            raise FetchError(Reason.TIMEOUT, "no connection in time") from failure
        raise NewConnectionError(connection, "no address could be connected to") from failure


def _public_addresses(connection: HTTPConnection) -> list[str]:
    """Return the addresses of a connection's host that may be asked, in the order in which the resolver gives them."""
    try:
        answers = socket.getaddrinfo(connection.host, connection.port, urllib3.util.connection.allowed_gai_family(),
                                     socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
    public = [address for address in addresses if _may_be_asked(address, connection.port)][:MAX_ADDRESSES]
    if not public:
        raise FetchError(Reason.FORBIDDEN_ADDRESS, NOT_PUBLIC_HOST)
    return public


def _may_be_asked(address: str, port: int) -> bool:
    """Tell whether an address is public by two lists that do not know of each other."""
    try:
        if not is_public(ipaddress.ip_address(address)):
            return False
        filter_host(address, port, allow_loopback=False)
    except (ValueError, InvalidIPAddress):
        return False
    return True


class _PublicHTTP(_Public, HTTPConnection):
    pass


class _PublicHTTPS(_Public, HTTPSConnection):
    pass


class _OpenedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _CuttableHTTP


class _OpenedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CuttableHTTPS


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTP


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPS


class CheckedAdapter(HTTPAdapter):
    """Pooled connections, either to the public internet alone or to hosts that were opened by name.

    The two share no connection: one to an opened host is never used for a request that may only reach public ones.

    Parameters
    ----------
    connections : int
        Idle connections kept for each host.
    """

    def __init__(self, *, public: bool, connections: int) -> None:
        super().__init__(pool_connections=max(16, connections), pool_maxsize=connections)
        self.poolmanager.pool_classes_by_scheme = (
            {"http": _PublicHTTPPool, "https": _PublicHTTPSPool} if public
            else {"http": _OpenedHTTPPool, "https": _OpenedHTTPSPool})
