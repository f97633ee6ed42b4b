"""What Table 2 says of triplets: how often a row's embedding tells the odd one out."""

from collections.abc import Sequence

from fecemo.evaluation.records.cited import DASH, Cited, count, share
from fecemo.evaluation.tables.blocks import Entry, Part
from fecemo.evaluation.tables.cost_table import CostRow, Triplets


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
    tested, held_out = ([one for one in shown if one[1].tested is tested] for tested in (True, False))
    if not shown:
        return ()
    said: list[Part] = [" Triplets: share of those whose odd face is told as most raters told it; chance is 1/3."]
    if tested:
        said += [" Asked were ", *_how_many(tested), " of faces from which nothing learns; the interval allows for "
                 "triplets that share faces."]
    return *said, *(_of_held_out(held_out, apart=bool(tested)) if held_out else ())


def _how_many(shown: Sequence[tuple[CostRow, Triplets]]) -> tuple[Part, ...]:
    """Return how many triplets rows were asked, from the fewest to the most, where that is known."""
    counted = sorted((its.n_held_out, row.key) for row, its in shown if its.n_held_out is not None)
    several: list[Part] = []
    for n, key in dict(counted[:1] + counted[-1:]).items():
        several += [" to " if several else "", Cited(count(n), n, f"{key}/triplets", "n_held_out")]
    return tuple(several)


def _of_held_out(shown: Sequence[tuple[CostRow, Triplets]], apart: bool) -> tuple[Part, ...]:
    """Return what to know of triplets that were held out from training; ``apart`` where others are tested."""
    counted = _how_many(shown)
    said = ["that were held out from training."]
    if counted:
        said.append("The interval is Wilson's, as if no two triplets shared a face.")
    if any(its.n_held_out is None for _, its in shown):
        said.append("Without an interval: the run did not store how many were held out.")
    if chose := [row.row.title for row, its in shown if its.chose_epoch]:
        whose = "" if len(chose) == len(shown) else f" of {', '.join(dict.fromkeys(chose))}"
        said.append(f"The same triplets chose the epoch{whose}, which flatters the figure.")
    rows = ", ".join(dict.fromkeys(row.row.title for row, _ in shown))
    return f" {rows}: asked were " if apart else " Asked were ", *(counted or ("those",)), " ", " ".join(said)


def _cite(row: CostRow, value: float, field: str) -> Cited:
    return Cited(share(value), value, f"{row.key}/triplets", field)
