"""Pictures that photo sites send instead of a photograph that is gone."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fecemo.data.durable import refuse_endless
from fecemo.data.reasons import FetchError, Reason
from fecemo.errors import InputError

KNOWN_PICTURE = "a known placeholder picture"

KNOWN_TARGETS = (
    "photo_unavailable",   # Flickr, at several addresses over the years
    "i.imgur.com/removed.",
    "photobucket.com/bandwidth",
)
"""Parts of an address, host and path, that a deleted photograph is redirected to."""


@dataclass(frozen=True)
class Placeholders:
    """What is known of placeholders."""

    targets: tuple[str, ...] = KNOWN_TARGETS  #: Parts of a redirect's target (host and path).
    #: Digests of placeholder files, however they were come by.
    sha256: frozenset[str] = field(default_factory=frozenset)

    def check_redirect(self, target: str) -> None:
        """Raise `FetchError` if a redirect leads to a placeholder."""
        parts = urlsplit(target)
        address = f"{parts.hostname or ''}{parts.path}".lower()
        if any(known in address for known in self.targets):
            raise FetchError(Reason.PLACEHOLDER, "redirected to a known placeholder")

    def check_body(self, body: bytes) -> None:
        """Raise `FetchError` if the bytes are a known placeholder's."""
        if self.sha256 and hashlib.sha256(body).hexdigest() in self.sha256:
            raise FetchError(Reason.PLACEHOLDER, KNOWN_PICTURE)


def read_placeholders(path: Path | None) -> Placeholders:
    """Return the known placeholders with a user's own.

    Parameters
    ----------
    path : Path, optional
        Text, one a line: a sha256 of a file, or part of a redirect's target (host and path). ``#`` begins a comment.

    Raises
    ------
    InputError
        If the file cannot be read or an entry is too short to mean one thing.
    """
    if path is None:
        return Placeholders()
    try:
        refuse_endless(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a list of placeholders ({error})") from error
    targets, digests = list(KNOWN_TARGETS), set()
    for number, line in enumerate(lines, start=1):
        entry = line.partition("#")[0].strip().lower()
        if re.fullmatch("[0-9a-f]{64}", entry):
            digests.add(entry)
        elif entry and len(entry) < 6:
            raise InputError(f"{path} line {number}: {entry!r} is too short to be part of one address")
        elif entry:
            targets.append(entry.removeprefix("https://").removeprefix("http://"))
    return Placeholders(tuple(targets), frozenset(digests))
