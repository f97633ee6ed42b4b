"""What Table 2 says of triplets: how often a row's embedding tells the odd one out."""

from collections.abc import Sequence

from fecemo.evaluation.records.cited import DASH, Cited, count, share
from fecemo.evaluation.tables.blocks import Entry, Part
from fecemo.evaluation.tables.cost_table import CostRow


def triplets_entry(row: CostRow) -> Entry:
    """Return a row's share of right answers with its interval; a dash where there is none."""
    its = row.triplets
    if its is None:
        return Entry((DASH,))
    beside: tuple[Part, ...] = ()
    if its.interval is not None:
        beside = ("[", _cite(row, its.interval.low, "interval.low"), ", ",
                  _cite(row, its.interval.high, "interval.high"), "]")
    return Entry((_cite(row, its.accuracy, "accuracy"),), beside)


def triplets_caption(rows: Sequence[CostRow]) -> tuple[Part, ...]:
    """Return what a reader must know beside these shares, or nothing where no row has one."""
    shown = [(row, row.triplets) for row in rows if row.triplets is not None]
    if not shown:
        return ()
    counted = sorted((its.n_held_out, row.key) for row, its in shown if its.n_held_out is not None)
    several: list[Part] = []
    for n, key in dict(counted[:1] + counted[-1:]).items():
        several += [" to " if several else "", Cited(count(n), n, f"{key}/triplets", "n_held_out")]
    said = ["held-out triplets whose odd face is told as most raters told it; chance is 1/3."]
    if counted:
        said.append("The interval is Wilson's, as if no two triplets shared a face.")
    if len(counted) < len(shown):
        said.append("Without an interval: the run did not store how many were held out.")
    if chose := [row.row.title for row, its in shown if its.chose_epoch]:
        whose = "" if len(chose) == len(shown) else f" of {', '.join(dict.fromkeys(chose))}"
        said.append(f"The same triplets chose the epoch{whose}, which flatters the figure.")
    return " Triplets: share of ", *several, " " if several else "", " ".join(said)


def _cite(row: CostRow, value: float, field: str) -> Cited:
    return Cited(share(value), value, f"{row.key}/triplets", field)
