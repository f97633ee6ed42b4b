"""Connections that go where they were checked to go, and that a deadline can cut."""

import ipaddress
import os
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.addresses import is_allowed, is_public
from fecemo.fetch.deadline import Deadline, bounded_call

NOT_PUBLIC_HOST = "the host resolves to no address of the public internet"

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

    The handle is a duplicate of the descriptor: TLS takes the socket object itself away.
    """

    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        # A name may have many addresses, each tried for the whole timeout, and a resolver that hangs cannot be cut.
        connect = super()._new_conn  # type: ignore[misc]  # a mixin before urllib3's connections
        connected: socket.socket = bounded_call(connect, _deadline(), None, "no connection in time",
                                                dispose=socket.socket.close)
        self._handle = socket.socket(fileno=os.dup(connected.fileno()))
        self._watch()
        return connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._watch()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def close(self) -> None:
        handle, self._handle = self._handle, None
        super().close()  # type: ignore[misc]
        if handle is not None:
            if (deadline := _deadline()) is not None:
                deadline.watch(None)
            handle.close()

    def _watch(self) -> None:
        if (deadline := _deadline()) is not None:
            deadline.watch(None if self._handle is None else partial(_shut, self._handle))


class _CuttableHTTP(_Cuttable, HTTPConnection):
    pass


class _CuttableHTTPS(_Cuttable, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _CuttableHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CuttableHTTPS


class PublicAdapter(IPFilterAdapter):
    """Pooled connections to the public internet, and to hosts that were opened by name.

    A name is resolved once for each request, the answer checked, and the connection made to that very address: a name
    that resolves differently a moment later changes nothing.

    Parameters
    ----------
    scheme : {"http", "https"}
    connections : int
        Idle connections kept for each host.
    allow_hosts : frozenset of str
        See `fecemo.fetch.addresses.checked_url`.
    lookup_timeout : float
        Seconds that a name may take to be resolved.
    """

    def __init__(self, scheme: str, connections: int, allow_hosts: frozenset[str], lookup_timeout: float) -> None:
        super().__init__(is_https_proto=scheme == "https", allow_loopback=False)
        self._allow_hosts = allow_hosts
        self._lookup_timeout = lookup_timeout
        self.init_poolmanager(connections=max(16, connections), maxsize=connections)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: str | tuple[str, str] | None = None,
    ) -> Any:
        """Return what a connection is pooled under: the checked address. Raises `FetchError` for a forbidden one."""
        host_params, pool_options = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
        host, port = host_params["host"], host_params["port"]
        if is_allowed(host, port or (443 if host_params["scheme"] == "https" else 80), self._allow_hosts):
            return host_params, pool_options
        host_params, pool_options = bounded_call(
            partial(super().build_connection_pool_key_attributes, request, verify, cert), _deadline(),
            self._lookup_timeout, "the name was not resolved in time")
        if not is_public(ipaddress.ip_address(host_params["host"].strip("[]"))):
            raise FetchError(Reason.FORBIDDEN_ADDRESS, NOT_PUBLIC_HOST)
        return host_params, pool_options
