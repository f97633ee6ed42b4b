"""What the fetch stage tells of its faces beside storing them."""

import csv
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from fecemo.packs.durable import atomic_file, atomic_write
from fecemo.packs.face_pack_writer import FacePackWriter
from fecemo.packs.ledger import Ledger

HOSTS_NAME = "hosts.csv"
REPEATED_NAME = "repeated_photographs.csv"
SHEET_NAME = "contact_sheet.jpg"
SHEET_FACES = 200
SUSPICIOUS_REPEATS = 20
"""Addresses that send the same bytes before these are reported: likely a site's "photo unavailable"."""


def write_report(folder: Path, writer: FacePackWriter) -> tuple[list[str], dict[str, int]]:
    """Write ``hosts.csv``, ``repeated_photographs.csv`` and, where there are faces, ``contact_sheet.jpg``.

    Returns
    -------
    list of str
        The tables, for the receipt. The sheet is only to look at.
    dict of str to int
        Counts for the receipt.
    """
    _write_hosts(folder / HOSTS_NAME, writer.plan)
    repeated = writer.plan.urls_by_detail(SUSPICIOUS_REPEATS)
    with atomic_file(folder / REPEATED_NAME, "w") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("sha256", "addresses", "example"))
        table.writerows(repeated)
    _write_sheet(folder / SHEET_NAME, writer)
    return [HOSTS_NAME, REPEATED_NAME], {"repeated_photographs": len(repeated)}


def _write_hosts(path: Path, plan: Ledger) -> None:
    """Count faces by host and outcome, the busiest host first."""
    counts: Counter[tuple[str, str]] = Counter()
    for _, entry, _ in plan.stored():
        counts[_host(entry.url), "stored"] += 1
    for entry, reason, _ in plan.rejected():
        counts[_host(entry.url), reason] += 1
    totals: Counter[str] = Counter()
    for (host, _), count in counts.items():
        totals[host] += count
    with atomic_file(path, "w") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("host", "outcome", "faces"))
        lines = [(host, outcome, count) for (host, outcome), count in counts.items()]
        lines.sort(key=lambda line: (-totals[line[0]], line[0], -line[2], line[1]))
        table.writerows(lines)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _write_sheet(path: Path, writer: FacePackWriter) -> None:
    from fecemo.imaging.contact_sheet import contact_sheet

    stored, _ = writer.plan.counts()
    if not stored:
        return
    step = max(1, stored // SHEET_FACES)
    slots = [slot for row, (slot, _, _) in enumerate(writer.plan.stored()) if row % step == 0][:SHEET_FACES]
    atomic_write(path, contact_sheet(writer.stored_face(slot) for slot in slots))
