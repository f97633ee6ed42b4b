"""Fetch photographs from a list of addresses and boxes, and store their faces as a pack."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fecemo.errors import InputError
from fecemo.progress import progress
from fecemo.stages.door import say_done

if TYPE_CHECKING:
    from fecemo.packs.face_pack_writer import FacePackWriter
    from fecemo.packs.receipts import Receipt

STAGE = "fetch"


@dataclass(frozen=True)
class FetchSettings:
    """What to fetch, and how.

    Parameters
    ----------
    faces : Path
        The list: FEC's own CSV, or a CSV with the header ``url,left,right,top,bottom`` (fractions of width and height).
    format : {"auto", "fec", "boxes"}
        Which of the two; ``auto`` looks at the first line.
    limit : int, optional
        Take only the first so many faces.
    serve : Path, optional
        Serve this folder at ``http://127.0.0.1:port/`` while fetching, for photographs that are on this disk.
    port : int
        Port of ``serve``; the list's addresses name it.
    allow_hosts : tuple of str
        Private hosts (``name`` or ``name:port``) that may be asked. Everything else must be on the public internet.
    workers : int
        Photographs under way at a time.
    margin : float
        Grow each box about its centre by this fraction of its size.
    square : bool
        Grow the shorter side of each box to the longer, so that faces keep their proportions; otherwise a box is
        stretched to a square, as in the study.
    apply_exif : bool
        Whether boxes refer to photographs as they are shown, turned as EXIF says, or as they are stored.
    per_host : int
        Requests to one host at a time.
    per_host_rate : float
        Requests to one host a second; 0 for no limit. A host in ``allow_hosts`` has no limit until it asks for one.
    attempts : int
        Tries for a photograph whose failure may pass.
    backoff : float
        Seconds before the second try, doubled for each later one.
    deadline : float
        Seconds that one try may take by the clock on the wall.
    max_megabytes : float
        Largest photograph that is received.
    max_megapixels : float
        Largest photograph that is decoded.
    honour_opt_out : bool
        Leave out what a site asks not to be collected (X-Robots-Tag).
    placeholders : Path, optional
        More pictures that mean "photo unavailable": a sha256, or part of a redirect's target, a line.
    contact : str
        An address for the user agent, so that a site's owner can ask who is fetching.
    retry_failed : bool
        Try again what failed in an earlier run for a reason that may pass.
    """

    faces: Path
    format: Literal["auto", "fec", "boxes"] = "auto"
    limit: int | None = None
    serve: Path | None = None
    port: int = 18765
    allow_hosts: tuple[str, ...] = ()
    workers: int = 32
    margin: float = 0.0
    square: bool = False
    apply_exif: bool = True
    per_host: int = 8
    per_host_rate: float = 20.0
    attempts: int = 4
    backoff: float = 1.0
    deadline: float = 60.0
    max_megabytes: float = 32.0
    max_megapixels: float = 100.0
    honour_opt_out: bool = True
    placeholders: Path | None = None
    contact: str = ""
    retry_failed: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name in ("workers", "per_host", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("deadline", "max_megabytes", "max_megapixels"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("margin", "per_host_rate", "backoff"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be below 0, got {getattr(self, name)}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, got {self.limit}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must be 0 to 65535, got {self.port}")


def run(settings: FetchSettings, out: Path) -> "Receipt":
    """Fetch the photographs of a list and store their faces as a pack of 200×200 RGB crops.

    Killed at any moment and run again, it goes on where it stopped and ends with the same pack.

    Parameters
    ----------
    settings : FetchSettings
        What to fetch, and how.
    out : Path
        The pack's folder.

    Returns
    -------
    Receipt

    Raises
    ------
    InputError
        If the list cannot be read or names no face.
    StoredStateError
        If ``out`` is in use, or holds a pack of something else.
    ResourceError
        If ``out`` cannot be written, or the port of ``serve`` is in use.
    """
    from fecemo.packs.durable import output_lock
    from fecemo.packs.face_pack_writer import FacePackWriter
    from fecemo.packs.receipts import digest_file, is_current, read_receipt
    from fecemo.stages.face_lists import FaceList, open_list

    listing = open_list(settings.faces, settings.format, settings.limit)
    config = {"format": listing.format, "limit": settings.limit, "margin": settings.margin, "square": settings.square,
              "apply_exif": settings.apply_exif}
    inputs = {"faces": digest_file(settings.faces)}
    with output_lock(out):
        if is_current(out, config, inputs) and not settings.retry_failed:
            say_done(STAGE, out, "already done, nothing to do")
            receipt = read_receipt(out)
            assert receipt is not None  # is_current has just read it, under the lock
            return receipt
        made_of = {name: config[name] for name in ("margin", "square", "apply_exif")}
        writer = FacePackWriter(out, _plan(listing), made_of=made_of)
        try:
            if not len(writer.plan):
                raise InputError(f"{settings.faces} names no face that can be used")
            _fill(writer, settings)
            tables = listing.write_tables(out, writer)
            receipt = writer.finish(STAGE, config=config, inputs=inputs, extra_files=tables.files, summary=tables.summary)
        finally:
            writer.close()
    say_done(STAGE, out, closing_line(receipt))
    return receipt
