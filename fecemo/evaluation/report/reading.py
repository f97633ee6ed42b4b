"""What the results say, in sentences that are computed from them and hold for no others: see ``reading.html.jinja``."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from fecemo.evaluation.cells import Heading
from fecemo.evaluation.printed import number
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.report.lookup import Lookup, Where
from fecemo.evaluation.writers import environment


def first_sentence(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading], n_classes: int) -> Markup:
    """Return the main result in one sentence: the best accuracy beside what guessing gives, and what it cost."""
    cells = lookup.scored()
    if not cells:
        return Markup("No cell has run yet.")
    best = max(cells, key=lookup.best)
    mean, titles = lookup.mean(best, "accuracy"), {heading.name: heading.title for heading in (*rows, *columns)}
    (sentence,) = _sentences(
        "first", lookup, best, n_classes=n_classes, row=titles.get(best[0], best[0]),
        column=titles.get(best[1], best[1]), mean=mean and (number(mean), number(mean, "deviation"), mean["seeds"]))
    return sentence


def read_cell(lookup: Lookup, score: Score) -> list[Markup]:
    """Return what one cell's figures say."""
    cell = (score.approach, score.variant)
    recalls = {name: recall for name in lookup.classes(cell)
               if (recall := lookup.value(cell, "recall", name)) is not None}
    best, worst = (pick(recalls, key=lambda name: recalls[name]) for pick in (max, min))
    labels = score.labels_used
    saw = {"asked for names that labels suggested": labels.suggestions_used,
           "saw true labels": labels.target_labels_shown, "saw the score of other names": labels.other_scores_seen}
    return _sentences(
        "cell", lookup, cell, score=score, verdict=lookup.value(cell, "verdict") or 0.0, best=best, worst=worst,
        differs=recalls[best] > recalls[worst],
        never=_listed([name for name in lookup.classes(cell) if not lookup.value(cell, "answered", name)], last="or"),
        saw=_listed([words for words, seen in saw.items() if seen]) if score.method == "hand" else "")


def read_run(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading]) -> list[Markup]:
    """Return what the whole of Table 1 says, most important first."""
    cells = lookup.scored()
    if not cells:
        return [Markup("No cell has run yet, so there is nothing to read.")]
    titles = {heading.name: heading.title for heading in (*rows, *columns)}
    ahead: dict[str, list[str]] = {}
    level = []
    for column in columns:
        ran = [(row.name, column.name) for row in rows if lookup.row((row.name, column.name), "accuracy")]
        leader = lookup.leader(ran)
        if leader is not None:
            ahead.setdefault(titles[leader[0]], []).append(column.title)
        elif len(ran) > 1:
            level.append(column.title)
    apart, alike = [], []
    for row in rows:
        ran = [(row.name, column.name) for column in columns if lookup.row((row.name, column.name), "accuracy")]
        best, worst = (pick(ran, key=lookup.best) for pick in (max, min)) if len(ran) > 1 else (None, None)
        if best and worst and lookup.ahead(best, worst):
            apart.append((row.title, titles[best[1]], lookup.cite(best, "accuracy"), titles[worst[1]],
                          lookup.cite(worst, "accuracy")))
        elif best:
            alike.append(row.title)
    purities = {cell: lookup.value(cell, "purity") for cell in cells}
    bounds = sorted((purity, cell) for cell, purity in purities.items() if purity is not None)
    published = [(figure, lookup.value(cell, "accuracy", column="low") or 0,
                  lookup.value(cell, "accuracy", column="high") or 1)
                 for cell in cells if (figure := lookup.published(cell)) is not None]
    return _sentences(
        "run", lookup, cells[0], n_cells=len(cells), apart=apart, alike=_listed(alike), level=_listed(level),
        against={verdict: _cells_of(lookup, rows, columns, verdict) for verdict in (1.0, 0.5, 0.0, -1.0)},
        ahead={approach: _listed(variants) for approach, variants in ahead.items()},
        bounds=[lookup.cite(bounds[at][1], "purity") for at in (0, -1)] if bounds else [], n_published=len(published),
        higher=sum(low > figure for figure, low, _ in published),
        lower=sum(high < figure for figure, _, high in published))


def _cells_of(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading], verdict: float) -> str:
    """Return the cells of which a verdict holds, such as ``"Supervised (all 3), Semi-supervised (RGB, Cropped)"``."""
    parts = []
    for row in rows:
        scored = [column for column in columns if lookup.row((row.name, column.name), "accuracy")]
        titles = [column.title for column in scored if lookup.value((row.name, column.name), "verdict") == verdict]
        if titles and len(titles) == len(scored) > 1:
            parts.append(f"{row.title} ({'both' if len(titles) == 2 else f'all {len(titles)}'})")
        elif titles:
            parts.append(f"{row.title} ({', '.join(titles)})")
    return ", ".join(parts)


def _listed(words: Sequence[str], last: str = "and") -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _sentences(part: str, lookup: Lookup, cell: Where, **facts: Any) -> list[Markup]:
    """Return the sentences of a part of the template, a line each."""
    def cite(metric: str, column: str = "value", kind: str = "") -> object:
        return lookup.cite(cell, metric, kind, column)

    text = environment().get_template("reading.html.jinja").render(part=part, cite=cite, **facts)
    return [Markup(line.strip()) for line in text.split("\n") if line.strip()]
