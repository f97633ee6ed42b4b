"""What the pages of a run's results share: a row of their records, the figure of steps, and how a page is filled in."""

import json
import re
from pathlib import Path
from typing import Any

from fecemo.data.fec import TRIPLET_TYPES
from fecemo.evaluation.figures.svg import ACCENT, INK, QUIET, SECOND, as_svg, new_figure, pixels
from fecemo.evaluation.records.cited import count, share
from fecemo.evaluation.tables.cost_table import RANKED, CostRow, way_key, ways_with

EDGE = 8
"""Points around a drawing, within its ground."""

HEADING = 66
"""Letters of what rows were given that fit into a figure of steps; longer ones are made smaller."""


def row_found(row: CostRow, n_clusters: tuple[int, ...]) -> dict[str, Any]:
    """Return what a page's record holds of a row of Table 2 that has run."""
    if row.score is None:
        raise ValueError(f"{row.key} has not run")
    probe = None if row.probes is None else row.probes.linear
    return {
        "title": row.row.title + (", aligned" if row.column.name == "aligned" else ""), "given": row.given,
        "labels": row.score.labels_used.training,
        "answers": {way_key(way): {"mean": its[RANKED].mean, "low": its[RANKED].low, "high": its[RANKED].high}
                    for way in ways_with(n_clusters) if (its := row.figures(way)) is not None},
        "probe": None if probe is None else probe.balanced_accuracy,
        "probe_low": None if probe is None else probe.intervals["balanced_accuracy"].low,
        "probe_high": None if probe is None else probe.intervals["balanced_accuracy"].high,
        "triplets": None if row.triplets is None else row.triplets.accuracy,
        "triplets_held_out": None if row.triplets is None else row.triplets.n_held_out,
        "triplet_test": _triplet_test(row),
        "groups": {} if row.cluster_sweep is None else {
            str(one.n_clusters): {"nmi": one.nmi.mean, "ami": one.ami.mean, "stability": one.stability}
            for one in row.cluster_sweep.entries}}


def _triplet_test(row: CostRow) -> dict[str, Any]:
    """Return how a row tells triplets of faces from which nothing learns, of all and of each type that there is."""
    its = row.triplets
    if its is None or not its.tested or its.interval is None:
        return {}
    return {"mean": its.accuracy, "low": its.interval.low, "high": its.interval.high,
            "by_type": {kind: its.by_type[kind].accuracy for kind in TRIPLET_TYPES if kind in its.by_type}}


def steps_figure(found: dict[str, Any]) -> str:
    """Draw how often each row is right, with intervals, by what it was given."""
    way, rows = f"{found['n_clusters'][0]} labels_per_cluster", found["rows"]
    line, head, width = 30, 26, 380
    height = 18 + line * len(rows) + head * len({row["given"] for row in rows.values()})
    figure = new_figure(width, height)
    axes = figure.add_axes((0.02, 0, 0.96, 1))
    axes.axis("off")
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    axes.text(found["chance"], 12, "chance", color=QUIET, fontsize=pixels(10), ha="center")
    y, given, spoken = 12.0, "", []
    for row in rows.values():
        if row["given"] != given:
            given = row["given"]
            axes.text(0, y + 19, given[0].upper() + given[1:], color=QUIET,
                      fontsize=pixels(10.5 * min(1, HEADING / len(given))))
            y += head
        its = row["answers"].get("own") or row["answers"][way]
        tint = SECOND if "own" in row["answers"] else ACCENT
        axes.text(0.02, y + 10, row["title"], color=INK, fontsize=pixels(11), fontweight="bold")
        axes.plot([found["chance"]] * 2, [y + 14, y + 26], color=INK, linewidth=pixels(1), alpha=0.6)
        axes.plot([its["low"], its["high"]], [y + 20] * 2, color=tint, linewidth=pixels(4), alpha=0.45)
        axes.plot([its["mean"]], [y + 20], marker="o", markersize=pixels(9), color=tint)
        axes.text(1, y + 12, share(its["mean"]), color=INK, fontsize=pixels(11), ha="right")
        y += line
        spoken.append(f"{row['title']} {share(its['mean'])}")
    return standalone(as_svg(figure, "steps", f"Balanced accuracy: {'; '.join(spoken)}."))


def standalone(svg: str) -> str:
    """Return a figure of a page as a file of its own, on a ground of its own that is light or dark as the reader's."""
    light, dark = ("color:#1d1e20;--quiet:#5c6066;--hairline:#d9dce0;--card:#fff",
                   "color:#e8e9eb;--quiet:#a3a8ae;--hairline:#44484d;--card:#16181b")
    inside = (f"<style>svg{{{light};background:var(--card);font-family:system-ui,sans-serif}}"
              f"@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>")
    start, rest = svg.split(">", 1)
    x, y, width, height = map(float, start.split('viewBox="')[1].split('"')[0].split())
    start = re.sub(r'<svg viewBox="[^"]+"', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="'
                   f'{x - EDGE:g} {y - EDGE:g} {width + 2 * EDGE:g} {height + 2 * EDGE:g}"', start)
    return f"{start}>{inside}{rest}\n"


def rounded(found: dict[str, Any]) -> dict[str, Any]:
    """Return a record as its file gives it back, with six decimals."""
    return dict(json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 6)))


def as_record(found: dict[str, Any]) -> str:
    """Return the text of a record's file."""
    return json.dumps(found, indent=1) + "\n"


def filled_in(template: Path, found: dict[str, Any], **more: Any) -> str:
    """Return a page: a template filled in from a record, and from what else its sentences look up."""
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     keep_trailing_newline=True, autoescape=False)
    environment.globals.update(share=share, count=count)
    return environment.from_string(template.read_text(encoding="utf-8")).render(**found, **more)
