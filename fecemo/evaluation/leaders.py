"""Which rows of the results are ahead of others by more than chance explains."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import pandas

from fecemo.evaluation.printed import known
from fecemo.evaluation.results import Results

Row = Mapping[Any, Any]
Key = TypeVar("Key")


def leader(rows: Mapping[Key, Row], results: Results) -> Key | None:
    """Return the key of the best of some rows of the results if it is ahead of every other; None where none is."""
    ran = {key: row for key, row in rows.items() if known(row["value"])}
    if len(ran) < 2:
        return None
    best = max(ran, key=lambda key: ran[key]["value"])
    return best if all(is_ahead(ran[best], row, results) for key, row in ran.items() if key != best) else None


def is_ahead(a: Row, b: Row, results: Results) -> bool:
    """Tell whether one row of the results is better than another by more than chance explains.

    The interval of the paired difference decides where there is one; else A's own interval must lie above B's. Where
    both ran with several seeds, the worst seed of A must be better than the best of B too.
    """
    if a["stage"] == "evaluate" and known(a["deviation"]) and known(b["deviation"]):
        seeds = [rows_like(results.figures, row, "row", "variant", "metric", "setting", stage="evaluate")
                 for row in (a, b)]
        worst, best = (frame.loc[frame["seed"].notna(), "value"] for frame in seeds)
        if not worst.min() > best.max():
            return False
    sweeps = ("clusters", "naming") if a["stage"] == "cluster_sweep" else ()
    differences = rows_like(results.differences, a, "row", "variant", "metric", *sweeps, other_row=b["row"],
                        other_variant=b["variant"], stage="cluster_sweep" if sweeps else "evaluate")
    return bool(differences["low"].iloc[0] > 0 if len(differences) else a["low"] > b["high"])


def rows_like(frame: pandas.DataFrame, row: Row, *columns: str, **values: object) -> pandas.DataFrame:
    """Return the rows of a frame that are like a row in some columns, and have some values."""
    alike = np.ones(len(frame), bool)
    for name, value in {**{column: row[column] for column in columns}, **values}.items():
        alike &= (frame[name] == value).to_numpy(bool, na_value=False)
    return frame[alike]
