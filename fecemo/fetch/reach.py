"""What a fetch can reach: hosts that its settings open, what of the environment is not used, and what to advise."""

import os
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from fecemo.data.reasons import Reason
from fecemo.data.receipts import digest_file, digest_json
from fecemo.errors import InputError
from fecemo.fetch.addresses import asked_host, is_allowed, normal_host, port_of
from fecemo.fetch.loopback_server import loopback_hosts
from fecemo.fetch.settings import FetchSettings

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_BUNDLE = "--ca-bundle FILE"
_CONNECTING = frozenset({Reason.NO_SUCH_HOST, Reason.CONNECTION_FAILED, Reason.TIMEOUT, Reason.HOST_SET_ASIDE})


def reach_digest(settings: FetchSettings) -> str:
    """Return a digest of the settings that decide what can be reached: where it changes, more may be reached."""
    served = None if settings.serve is None else [str(settings.serve.resolve()), settings.port]
    trusted = [] if settings.ca_bundle is None else [digest_file(Path(trusted_authorities(settings.ca_bundle)))]
    return digest_json([sorted(map(normal_host, settings.allow_hosts)), served, *trusted])


def trusted_authorities(path: Path) -> str:
    """Return the path of a file of certificates.

    Raises `InputError` where it holds none.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=str(path))
        if not context.cert_store_stats()["x509"]:
            raise ValueError("it holds none")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise InputError(f"ca_bundle: {path}: expected certificates as PEM, between BEGIN CERTIFICATE and END "
                         f"CERTIFICATE ({error})") from error
    return str(path)


def is_opened_by(settings: FetchSettings) -> Callable[[str], bool]:
    """Return what tells whether an address is at a host that the settings open, the served folder included."""
    served = () if settings.serve is None else loopback_hosts(settings.port)
    opened = frozenset(map(normal_host, (*settings.allow_hosts, *served)))

    def is_opened(address: str) -> bool:
        try:
            parts = urlsplit(address)
            return is_allowed(parts.hostname or "", port_of(parts), opened)
        except ValueError:
            return False

    return is_opened


def advice(rejected: Mapping[str, int], forbidden: Iterable[str]) -> str:
    """Return what to do where no face could be stored.

    Parameters
    ----------
    rejected : mapping of str to int
        Faces by reason.
    forbidden : iterable of str
        The addresses that were refused as ``forbidden_address``.
    """
    sentences = []
    hosts = Counter(asked_host(urlsplit(address)) for address in forbidden)
    if hosts:
        sentences.append(
            "Hosts outside of the public internet are asked only where they are opened: "
            f"--allow-hosts {hosts.most_common(1)[0][0]}, or, for photographs on this disk, --serve FOLDER with --port "
            "as the list names it; what was refused is then asked for again")
    passing = [reason for reason in rejected if reason in set(Reason) and Reason(reason).transient]
    if passing:
        sentences.append(f"What failed for a reason that may pass ({', '.join(passing)}) is asked for again with "
                         "--retry-failed True")
    if _CONNECTING & set(rejected):
        sentences += [note for note in (proxy_note(), certificates_note()) if note]
    if Reason.CONNECTION_FAILED in rejected and not certificates_note():
        sentences.append(f"Where a gateway signs certificates itself, name its authority: {_BUNDLE}")
    return ". ".join(sentences) or "Mend the list and fetch it into another folder"


def proxy_note(environment: Mapping[str, str] = os.environ) -> str:
    """Return a sentence on proxies that the environment names, or an empty text. Their addresses may hold passwords."""
    if proxies := [name for name in _PROXIES if environment.get(name)]:
        return (f"{' and '.join(proxies)} {'is' if len(proxies) == 1 else 'are'} set and not used: photographs are "
                "asked for directly, for behind a proxy it could not be checked which address is asked")
    return ""


def certificates_note(environment: Mapping[str, str] = os.environ) -> str:
    """Return a sentence on certificates that the environment names, or an empty text."""
    if bundles := [name for name in _CERTIFICATES if environment.get(name)]:
        return (f"{' and '.join(bundles)} {'is' if len(bundles) == 1 else 'are'} set and not used: certificates are "
                f"checked against the public authorities that the package certifi lists, or those of {_BUNDLE}")
    return ""
