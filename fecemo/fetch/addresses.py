"""Which addresses may be asked: http and https on the public internet, and hosts that were opened by name."""

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

from fecemo.data.reasons import FetchError, Reason

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 8192

# `is_global` alone lets these through, or did on some Python that is supported.
NOT_PUBLIC = tuple(ipaddress.ip_network(block) for block in (
    "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    "::/8",               # unspecified, loopback, IPv4-compatible and IPv4-mapped
    "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64: an IPv4 address in disguise
    "100::/64", "2001::/23", "2001:db8::/32",  # discard, Teredo and other protocol assignments, documentation
    "2002::/16",          # 6to4: an IPv4 address in disguise
    "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
    "fec0::/10",          # site-local, deprecated and still routed in places
    "ff00::/8",
))
PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")

STANDARD_PORTS = (80, 443)


def is_public(address: Address) -> bool:
    """Tell whether an address is an ordinary one of the public internet.

    Stricter than ``address.is_global``: IPv6 must lie in 2000::/3, and whatever carries an IPv4 address inside
    (mapped, compatible, NAT64, 6to4, Teredo) is refused, whatever it carries.
    """
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in PUBLIC_IPV6:
        return False
    return not any(address.version == block.version and address in block for block in NOT_PUBLIC)


def normal_host(host: str) -> str:
    """Return a host's name as it is compared: lower case, no final dot, no brackets; with a port, what it came with."""
    name = host.strip().lower().rstrip(".")
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def with_port(name: str, port: int) -> str:
    """Return ``name:port``, with an IPv6 address in brackets."""
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def checked_url(url: str, allow_hosts: frozenset[str] = frozenset()) -> SplitResult:
    """Return the parts of an address that may be asked for.

    Parameters
    ----------
    url : str
        From a list, or from a redirect, which is held to the same rules.
    allow_hosts : frozenset of str
        Hosts, or ``host:port``, that are asked whatever they resolve to.

    Raises
    ------
    FetchError
        ``bad_url``, ``credentials_in_url``, or ``forbidden_address`` for a literal that is not public. The message
        never repeats the address.
    """
    if len(url) > MAX_URL:
        raise FetchError(Reason.BAD_URL, f"longer than {MAX_URL} characters")
    if any(unicodedata.category(character) == "Cc" for character in url):
        raise FetchError(Reason.BAD_URL, "holds a control character")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, port_of(parts)
    except ValueError:
        raise FetchError(Reason.BAD_URL, "cannot be parsed") from None
    if parts.scheme not in ("http", "https"):
        scheme = f"scheme {parts.scheme[:20]!r}" if parts.scheme else "no scheme"
        raise FetchError(Reason.BAD_URL, f"{scheme}, expected http or https")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise FetchError(Reason.CREDENTIALS_IN_URL)
    if not host or "\\" in parts.netloc or "%" in host:
        raise FetchError(Reason.BAD_URL, "no host, or one that cannot be one")
    if not is_allowed(host, port, allow_hosts):
        _refuse_literal(host)
    return parts


def without_credentials(url: str) -> str:
    """Return an address whose user name and password, if it holds any, are replaced by asterisks."""
    return re.sub(r"^([^:/?#]*:)?(//)[^/?#]*@", r"\1\2***@", url)


def is_allowed(host: str, port: int, allow_hosts: frozenset[str]) -> bool:
    """Tell whether a host was opened by name, on all ports or on this one."""
    name = normal_host(host)
    return name in allow_hosts or with_port(name, port) in allow_hosts


def port_of(parts: SplitResult) -> int:
    """Return the port that an address means."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _refuse_literal(host: str) -> None:
    """Refuse an IP literal that is not public, in any spelling that a resolver might understand."""
    name = normal_host(host)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # inet_aton also reads 2130706433, 0x7f.1 and 0177.0.0.1; no real name ends in a number.
        last = name.rsplit(".", 1)[-1]
        if last.isdecimal() or last.startswith("0x"):
            raise FetchError(Reason.FORBIDDEN_ADDRESS, "a number that is no plain IP address") from None
        return
    if not is_public(address):
        raise FetchError(Reason.FORBIDDEN_ADDRESS, "not an address of the public internet")


def asked_host(parts: SplitResult) -> str:
    """Return what bears the requests for an address: its host, with the port where that is not the scheme's own.

    The http and the https addresses of a name are one host.
    """
    name, port = normal_host(parts.hostname or ""), port_of(parts)
    whole = with_port(name, port)
    return whole.removesuffix(f":{port}") if port in STANDARD_PORTS else whole
