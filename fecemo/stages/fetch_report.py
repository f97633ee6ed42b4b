"""What the fetch stage reports of its faces beside storing them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from fecemo.data.dataset_writer import DatasetWriter
from fecemo.data.durable import atomic_write, csv_file
from fecemo.data.ledger import Ledger
from fecemo.fetch.lists import ALL_HOSTS, host_in
from fecemo.imaging.encode import contact_sheet

HOSTS_NAME = "hosts.csv"
SURVIVAL_NAME = "survival.csv"
STORED = "stored"
REPEATED_NAME = "repeated_photographs.csv"
SHEET_NAME = "contact_sheet.jpg"
SHEET_FACES = 200
SUSPICIOUS_REPEATS = 20
"""Addresses that send the same bytes before these are reported: likely a site's "photo unavailable"."""


def write_report(folder: Path, writer: DatasetWriter,
                 triplets: Mapping[str, tuple[int, int]]) -> tuple[list[str], dict[str, int]]:
    """Write ``hosts.csv``, ``survival.csv``, ``repeated_photographs.csv`` and, for faces, ``contact_sheet.jpg``.

    Parameters
    ----------
    writer : DatasetWriter
        Every face of it stored or rejected.
    triplets : mapping of str to (int, int)
        See `Tables.triplets`.

    Returns
    -------
    list of str
        The tables, for the receipt. The sheet is only to look at.
    dict of str to int
        Counts for the receipt.
    """
    hosts = _count_hosts(writer.ledger)
    write_hosts(folder / HOSTS_NAME, hosts)
    write_survival(folder / SURVIVAL_NAME, hosts, triplets)
    repeated = writer.ledger.addresses_by_detail(SUSPICIOUS_REPEATS)
    write_repeated(folder / REPEATED_NAME, repeated)
    _write_sheet(folder / SHEET_NAME, writer)
    return [HOSTS_NAME, SURVIVAL_NAME, REPEATED_NAME], {"repeated_photographs": len(repeated)}


def _count_hosts(plan: Ledger) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for _, entry, _ in plan.stored():
        counts[host_in(entry.address), STORED] += 1
    for entry, reason, _ in plan.rejected():
        counts[host_in(entry.address), reason] += 1
    return counts


def write_hosts(path: Path, counts: Counter[tuple[str, str]]) -> None:
    """Write the number of faces by host and outcome, the busiest host first."""
    totals = _totals(counts)
    with csv_file(path, ("host", "outcome", "faces")) as table:
        lines = [(host, outcome, count) for (host, outcome), count in counts.items()]
        lines.sort(key=lambda line: (-totals[line[0]], line[0], -line[2], line[1]))
        table.writerows(lines)


def write_survival(path: Path, counts: Counter[tuple[str, str]], triplets: Mapping[str, tuple[int, int]]) -> None:
    """Write which share of the faces and of the triplets was stored, in all and by host, the busiest first.

    Parameters
    ----------
    counts : Counter of (host, outcome)
        Faces.
    triplets : mapping of str to (int, int)
        See `Tables.triplets`; empty where there are none.
    """
    totals = _totals(counts)
    stored = Counter({host: count for (host, outcome), count in counts.items() if outcome == STORED})
    totals[ALL_HOSTS], stored[ALL_HOSTS] = totals.total(), stored.total()
    with csv_file(path, ("host", "faces", "faces_stored", "faces_share", "triplets", "triplets_whole",
                         "triplets_share")) as table:
        for host in sorted(totals, key=lambda host: (-totals[host], host != ALL_HOSTS, host)):
            n_triplets, whole = triplets.get(host, (0, 0))
            table.writerow((host, totals[host], stored[host],
                            f"{stored[host] / totals[host]:.4f}" if totals[host] else "",  # a shard may have no host
                            *((n_triplets, whole, f"{whole / n_triplets:.4f}") if n_triplets else ("", "", ""))))


def _totals(counts: Counter[tuple[str, str]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for (host, _), count in counts.items():
        totals[host] += count
    return totals


def write_repeated(path: Path, repeated: Iterable[tuple[str, int, str]]) -> None:
    """Write the photographs that very many addresses sent: sha256, number of addresses, one of them."""
    with csv_file(path, ("sha256", "addresses", "example")) as table:
        table.writerows(repeated)




def _write_sheet(path: Path, writer: DatasetWriter) -> None:
    stored, _ = writer.ledger.counts()
    if not stored:
        return
    step = max(1, stored // SHEET_FACES)
    slots = [slot for row, (slot, _, _) in enumerate(writer.ledger.stored()) if row % step == 0][:SHEET_FACES]
    atomic_write(path, contact_sheet({"": (writer.stored_face(slot) for slot in slots)}))
