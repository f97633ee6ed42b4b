"""What the fetch stage fetches, and how."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fecemo.data.ranges import Ranged, ranged
from fecemo.fetch.lists import ShardNumber

DECIDING = ("margin", "square", "apply_exif", "max_megabytes", "max_megapixels", "honour_opt_out")
"""Settings that decide which faces a data set holds, and how they are cut: it is never filled up with others."""


@dataclass(frozen=True)
class FetchSettings(Ranged):
    """What to fetch, and how."""

    #: The list: FEC's own CSV, or a CSV with the header ``url,left,right,top,bottom`` (fractions of width and height).
    faces: Path
    format: Literal["auto", "fec", "boxes"] = "auto"  #: Which of the two; ``auto`` reads the first line.
    limit: int | None = ranged(None, min=1)  #: Take only the first so many faces.
    #: Fetch only the third of sixteen parts of the list, ``3/16``, for several processes or machines to share the work;
    #: 01_join.py makes one data set of them. A host is in one part with all of its photographs, so that what is asked
    #: of it stays within its budget.
    shard: str | None = None
    #: Serve this folder at ``http://127.0.0.1:port/`` while fetching, for photographs that are on this disk.
    serve: Path | None = None
    port: int = ranged(18765, min=0, max=65535)  #: Port of ``serve``; the list's addresses name it.
    #: Private hosts (``name`` or ``name:port``) that may be asked. Everything else must be on the public internet.
    allow_hosts: tuple[str, ...] = ()
    #: Certificates of the authorities that are trusted, as a file of PEM, in the place of the public ones: where a
    #: company's gateway signs certificates itself. REQUESTS_CA_BUNDLE and SSL_CERT_FILE are not used.
    ca_bundle: Path | None = None
    workers: int = ranged(32, min=1)  #: Photographs under way at a time.
    margin: float = ranged(0.0, min=0)  #: Grow each box about its centre by this fraction of its size.
    #: Grow the shorter side of each box to the longer, so that faces keep their proportions; otherwise a box is
    #: stretched to a square, as in the study.
    square: bool = False
    #: Whether boxes refer to photographs as they are shown, turned as EXIF says, or as they are stored.
    apply_exif: bool = True
    per_host: int = ranged(8, min=1)  #: Requests to one host at a time.
    #: Requests to one host a second; 0 for no limit. A host in ``allow_hosts`` has no limit until it asks for one.
    per_host_rate: float = ranged(20.0, min=0)
    attempts: int = ranged(4, min=1)  #: Tries for a photograph whose failure may pass.
    backoff: float = ranged(1.0, min=0)  #: Seconds before the second try, doubled for each later one.
    #: Tries in a row after which a host that does nothing but fail is set aside: what is left of it is recorded as
    #: ``host_set_aside``, and asked for again with ``retry_failed``.
    host_failures: int = ranged(20, min=1)
    host_outage: float = ranged(30.0, min=0)  #: Seconds that these failures must span at least.
    deadline: float = ranged(60.0, above=0)  #: Seconds that one try may take by the clock on the wall.
    max_megabytes: float = ranged(32.0, above=0)  #: Largest photograph that is received.
    max_megapixels: float = ranged(100.0, above=0)  #: Largest photograph that is decoded.
    honour_opt_out: bool = True  #: Leave out what a site asks not to be collected (X-Robots-Tag).
    #: More pictures that mean "photo unavailable": a sha256, or part of a redirect's target, a line.
    placeholders: Path | None = None
    contact: str = ""  #: An address for the user agent, so that a site's owner can ask who is fetching.
    retry_failed: bool = False  #: Try again what failed in an earlier run for a reason that may pass.

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shard is not None:
            ShardNumber.parse(self.shard)
