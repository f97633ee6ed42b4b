"""Fetch photographs from a list of addresses and boxes, and store their faces as a data set."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from fecemo.cli import say_done
from fecemo.data.dataset_files import FaceEntry
from fecemo.data.dataset_writer import DatasetWriter, in_the_making
from fecemo.data.durable import output_lock
from fecemo.data.reasons import FetchError, Reason
from fecemo.data.receipts import (
    Receipt,
    current_receipt,
    digest_file,
    digest_json,
    digest_place,
    refuse_folder_of_others,
)
from fecemo.errors import InputError
from fecemo.fetch.addresses import without_credentials
from fecemo.fetch.lists import FaceListing, ShardNumber, ShardOfList, first_fault, open_list
from fecemo.fetch.loopback_server import loopback_hosts, serving
from fecemo.fetch.placeholders import KNOWN_PICTURE, Placeholders, read_placeholders
from fecemo.fetch.politeness import HostBudget, HostSchedule
from fecemo.fetch.reach import advice, certificates_note, is_opened_by, proxy_note, reach_digest
from fecemo.fetch.settings import DECIDING, FetchSettings
from fecemo.imaging.crop import CropPolicy, DecodePolicy, FaceCutter
from fecemo.progress import progress
from fecemo.stages.fetch_report import REPEATED_NAME, SURVIVAL_NAME, write_report

STAGE = "fetch"


def run(settings: FetchSettings, out: Path) -> Receipt:
    """Fetch the photographs of a list and store their faces as a data set of 200×200 RGB crops.

    If interrupted, rerun it: it resumes and ends with the same data set. A list that has grown is added to what is
    stored. Proxies of the environment (http_proxy and the like) and its certificates (REQUESTS_CA_BUNDLE) are not used;
    ``ca_bundle`` names a company's own.

    Parameters
    ----------
    out : Path
        The data set's folder.

    Raises
    ------
    InputError
        If the list cannot be read or names no face.
    StoredStateError
        If ``out`` is in use, or holds a data set of something else.
    ResourceError
        If ``out`` cannot be written, or the port of ``serve`` is in use.
    """
    placeholders = read_placeholders(settings.placeholders)
    faces = open_list(settings.faces, settings.format, settings.limit)
    if settings.shard is not None:
        faces = ShardOfList(faces, ShardNumber.parse(settings.shard))
    config = {"format": faces.format, "limit": settings.limit, "margin": settings.margin, "square": settings.square,
              "apply_exif": settings.apply_exif,
              # These decide what is refused, and so which faces the data set holds.
              "max_megabytes": settings.max_megabytes, "max_megapixels": settings.max_megapixels,
              "honour_opt_out": settings.honour_opt_out}
    reach = reach_digest(settings)
    if settings.shard is not None:
        config["shard"] = settings.shard
    inputs = {"faces": digest_file(settings.faces)}
    if settings.placeholders is not None:
        inputs["placeholders"] = digest_json(sorted(placeholders.sha256) + sorted(placeholders.targets))
    refuse_folder_of_others(out)
    with output_lock(out):
        receipt = current_receipt(out, config, inputs)
        if (receipt is not None and not in_the_making(out)
                and not (settings.retry_failed and _passing(receipt))
                and not (receipt.summary["rejected"] and receipt.summary.get("reach") != reach)):
            say_done(STAGE, out, "already done, nothing to do")
            return receipt
        writer = DatasetWriter(
            out, _plan(faces, settings.shard), made_of={name: config[name] for name in DECIDING})
        try:
            _forget_passing(writer, settings, reach)
            writer.ledger.reject_stored(sorted(placeholders.sha256), Reason.PLACEHOLDER, KNOWN_PICTURE)
            _fill(writer, settings, placeholders)
            writer.flush()  # the tables ask the ledger what was stored
            tables = faces.write_tables(out, (entry.id for _, entry, _ in writer.ledger.stored()))
            report_files, report_counts = write_report(out, writer, tables.triplets)
            receipt = writer.finish(
                STAGE, config=config, inputs=inputs, extra_files=[*tables.files, *report_files],
                may_be_empty=settings.shard is not None, advice=_advice(writer),
                summary={**tables.summary, **report_counts, "reach": reach,
                         "place": digest_place(settings.faces)})
        finally:
            writer.close()
    say_done(STAGE, out, _closing_line(receipt))
    return receipt


def _plan(faces: FaceListing, shard: str | None) -> Iterator[FaceEntry]:
    face = None
    for face in faces.faces():
        yield FaceEntry(face.id, without_credentials(face.url), face.left, face.right, face.top, face.bottom)
    if face is None and shard is None:
        raise InputError(f"{faces.path} names no face that can be used; {first_fault(faces) or 'it has no rows'}")


def _passing(receipt: Receipt) -> list[str]:
    """Return the recorded reasons of rejects that may pass."""
    return [reason for reason in receipt.summary["rejected"] if reason in set(Reason) and Reason(reason).transient]


def _forget_passing(writer: DatasetWriter, settings: FetchSettings, reach: str) -> None:
    """Make rejected faces missing again that may be reached now.

    With ``retry_failed`` these are those that failed for a reason that may pass. Where the settings that decide what
    can be reached (``allow_hosts``, ``serve``, ``port``) have changed, these are missing again without being asked for,
    and so is whatever was refused as no public address or is at a host that the settings open.
    """
    passing = [reason for reason in Reason if reason.transient]
    reach_before = writer.ledger.note("reach")
    if reach_before not in (None, reach):
        writer.ledger.forget_rejected([*passing, Reason.FORBIDDEN_ADDRESS])
        writer.ledger.forget_rejected_at(is_opened_by(settings))
    elif settings.retry_failed:
        writer.ledger.forget_rejected(passing)
    writer.ledger.set_note("reach", reach)


def _advice(writer: DatasetWriter) -> str:
    _, rejected = writer.ledger.counts()
    return advice(rejected, (entry.address for entry, reason, _ in writer.ledger.rejected()
                             if reason == Reason.FORBIDDEN_ADDRESS))


def _fill(writer: DatasetWriter, settings: FetchSettings, placeholders: Placeholders) -> None:
    """Fetch every missing face."""
    import cv2

    from fecemo.fetch.deadline import DeadlineWatch
    from fecemo.fetch.download import Downloader, DownloadLimits
    from fecemo.stages.fetch_crew import FetchCrew, limit_malloc_arenas

    allowed = settings.allow_hosts
    n_missing = len(writer.missing())
    if not n_missing:
        return
    for note in filter(None, (proxy_note(), "" if settings.ca_bundle else certificates_note())):
        print(f"{STAGE}: note: {note}", file=sys.stderr)
    cv2.setNumThreads(1)  # the workers are the parallelism
    limit_malloc_arenas()
    with ExitStack() as stack:
        if settings.serve is not None:
            port = stack.enter_context(serving(settings.serve, settings.port))
            allowed = (*allowed, *loopback_hosts(port))
        watch = stack.enter_context(DeadlineWatch())
        downloader = Downloader(
            DownloadLimits(deadline=settings.deadline, max_bytes=int(settings.max_megabytes * 2**20),
                           honour_opt_out=settings.honour_opt_out),
            watch, connections=settings.workers, allow_hosts=allowed, contact=settings.contact,
            placeholders=placeholders, ca_bundle=settings.ca_bundle)
        stack.callback(downloader.close)
        cutter = FaceCutter(DecodePolicy(CropPolicy(settings.margin, settings.square), apply_exif=settings.apply_exif,
                                         max_pixels=int(settings.max_megapixels * 1e6)))
        schedule: HostSchedule[int] = HostSchedule(
            HostBudget(settings.per_host, settings.per_host_rate, settings.backoff,
                       failures=settings.host_failures, outage=settings.host_outage),
            limited=lambda host: not downloader.opened(host))
        bar = stack.enter_context(progress(len(writer.ledger), STAGE, "face", initial=len(writer.ledger) - n_missing))
        rejected = 0
        for slot, url in writer.ledger.missing_photos():
            try:
                schedule.add(downloader.host_of(url), slot)
            except FetchError as failure:
                rejected += writer.reject_photo(slot, failure.reason, failure.detail)
        bar.update(rejected)
        FetchCrew(schedule, downloader, cutter, writer, settings.attempts).run(settings.workers, bar.update, watch.stop)


def _closing_line(receipt: Receipt) -> str:
    summary = receipt.summary
    rejected: dict[str, int] = summary["rejected"]
    line = f"{summary['faces']} faces"
    if rejected:
        line += f" ({summary['faces'] / (summary['faces'] + sum(rejected.values())):.1%})"
        counts = sorted(rejected.items(), key=lambda item: -item[1])
        listed = ", ".join(f"{count} {reason}" for reason, count in counts)
        line += f", {sum(rejected.values())} rejected ({listed})"
    if passing := _passing(receipt):
        line += f"; {sum(rejected[reason] for reason in passing)} may pass: try them again with --retry-failed True"
    if summary["repeated_photographs"]:
        line += f"; {summary['repeated_photographs']} photographs came from many addresses, see {REPEATED_NAME}"
    for name in ("rejected_rows", "ratings", "triplets"):
        if summary.get(name):
            line += f", {summary[name]} {name.replace('_', ' ')}"
    if summary.get("triplets"):
        whole = summary["triplets_whole"]
        line += f", {whole} of them whole ({whole / summary['triplets']:.1%}), see {SURVIVAL_NAME}"
    return f"{line} in {receipt.seconds:.1f} s"
