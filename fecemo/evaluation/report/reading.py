"""What the results say, in sentences that are computed from them and hold for no others."""

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from fecemo.evaluation.cells import Heading
from fecemo.evaluation.printed import Number, number
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.report.lookup import Lookup, Where

_GUESSING = "guessing ({uniform} uniform, {majority} by always naming the most frequent class)"
_VERDICTS = {
    1.0: "The whole interval, {low} to {high}, is above " + _GUESSING + ".",
    0.5: "Its balanced accuracy, {balanced}, is above one in {n}; but always naming the most frequent class reaches "
         "{majority}, which the interval {low} to {high} does not exceed.",
    0.0: "At chance: the interval {low} to {high} is not above " + _GUESSING + ".",
    -1.0: "Below chance: the whole interval, {low} to {high}, is below " + _GUESSING + ".",
}
_AGAINST_CHANCE = {
    1.0: "Above chance, with their whole interval: {cells}.",
    0.5: "Above chance only in balanced accuracy; always naming the most frequent class would score as well: {cells}.",
    0.0: "Not significantly different from chance: {cells}.",
    -1.0: "Below chance: {cells}.",
}
_RULES = {"one to one": "that name each class once", "majority": "by each group's majority"}


def first_sentence(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading], n_classes: int) -> Markup:
    """Return the main result in one sentence: the best accuracy beside what guessing gives, and what it cost."""
    cells = lookup.scored()
    if not cells:
        return Markup("No cell has run yet.")
    best = max(cells, key=lambda cell: lookup.best(cell) or 0.0)
    titles = {**{row.name: row.title for row in rows}, **{column.name: column.title for column in columns}}
    mean = lookup.mean(best, "accuracy")
    reached = _say("{value} ({low} to {high})", value=lookup.cite(best, "accuracy"),
                   low=lookup.cite(best, "accuracy", column="low"), high=lookup.cite(best, "accuracy", column="high"))
    if mean is not None:
        reached = _say("{value} ± {deviation} over {n} seeds", value=number(mean), deviation=number(mean, "deviation"),
                       n=str(mean["seeds"]))
    of_labels = _say("{training} labels for training, {choosing} for choosing settings and {naming} for naming",
                     training=lookup.cite(best, "labels_training"), choosing=lookup.cite(best, "labels_choosing"),
                     naming=lookup.cite(best, "labels_naming"))
    return _say("Accuracy on {n} labelled faces of {classes} classes, where guessing gives {chance} and always naming "
                "the most frequent class {majority}. Best: {row} on {column} faces, {reached}, from {labels}.",
                n=lookup.cite(best, "n_scored"), classes=str(n_classes),
                chance=lookup.cite(best, "accuracy", column="chance"), majority=lookup.cite(best, "majority_share"),
                row=titles.get(best[0], best[0]), column=titles.get(best[1], best[1]), reached=reached,
                labels=of_labels)


def read_cell(lookup: Lookup, score: Score) -> list[Markup]:
    """Return what one cell's figures say."""
    cell = (score.approach, score.variant)
    low, high = (lookup.cite(cell, "accuracy", column=end) for end in ("low", "high"))
    said = [_say(_VERDICTS[lookup.value(cell, "verdict") or 0.0], low=low, high=high,
                 uniform=lookup.cite(cell, "accuracy", column="chance"), n=str(score.n_emotions),
                 majority=lookup.cite(cell, "majority_share"), balanced=lookup.cite(cell, "balanced_accuracy"))]
    recalls = {name: recall for name in lookup.classes(cell)
               if (recall := lookup.value(cell, "recall", name)) is not None}
    best, worst = max(recalls, key=lambda name: recalls[name]), min(recalls, key=lambda name: recalls[name])
    if recalls[best] > recalls[worst]:
        said.append(_say("It recognises {best} most often ({most}) and {worst} least ({least}).", best=best,
                         worst=worst, most=lookup.cite(cell, "recall", best), least=lookup.cite(cell, "recall", worst)))
    if never := [name for name in lookup.classes(cell) if not lookup.value(cell, "answered", name)]:
        said.append(_say("It never answers {never}.", never=_listed(never, last="or")))
    if score.abstained:
        said.append(_say("{abstained} of {all} scored faces fell into clusters without a class and count as wrong.",
                         abstained=lookup.cite(cell, "abstained"), all=lookup.cite(cell, "n_scored")))
    if score.method == "hand" and not score.labels_used.blind:
        said.append(_say("Its names are not blind: the person who gave them {saw}.", saw=_listed([
            *(["asked for names that labels suggested"] if score.labels_used.suggestions_used else []),
            *(["saw true labels"] if score.labels_used.target_labels_shown else []),
            *(["saw the score of other names"] if score.labels_used.other_scores_seen else [])])))
    if score.clusters is not None:
        said.append(_say("Upper bound, not a result: with the answers in hand, the best name for every group would "
                         "reach {purity}, and the best names {rule} {oracle}. With the classes shuffled over the "
                         "faces they would still reach {purity_chance} and {oracle_chance}. Clusters and classes "
                         "share {nmi} of their information (0 none, 1 all; {ami} after taking off what chance gives).",
                         purity=lookup.cite(cell, "purity"), purity_chance=lookup.cite(cell, "purity", column="chance"),
                         oracle=lookup.cite(cell, "oracle_accuracy"),
                         oracle_chance=lookup.cite(cell, "oracle_accuracy", column="chance"),
                         rule=_RULES.get(score.clusters.oracle_rule, score.clusters.oracle_rule),
                         nmi=lookup.cite(cell, "nmi"), ami=lookup.cite(cell, "ami")))
    return said


def read_run(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading]) -> list[Markup]:
    """Return what the whole of Table 1 says, most important first."""
    cells = lookup.scored()
    if not cells:
        return [Markup("No cell has run yet, so there is nothing to read.")]
    said = [*_against_chance(lookup, rows, columns), *_leaders(lookup, rows, columns),
            *_variants(lookup, rows, columns), *_upper_bounds(lookup), *_published(lookup)]
    if len(cells) > 1:
        said.append(_say("{n} intervals are shown, and each misses its truth now and then by luck: small differences "
                         "are not findings.", n=str(len(cells))))
    return said


def _against_chance(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading]) -> Iterable[Markup]:
    for kind, sentence in _AGAINST_CHANCE.items():
        def holds(cell: Where, kind: float = kind) -> bool:
            return lookup.value(cell, "verdict") == kind

        if cells := _cells_where(lookup, rows, columns, holds):
            yield _say(sentence, cells=cells)


def _cells_where(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading],
                 holds: Callable[[Where], bool]) -> str:
    """Return the cells for which a thing holds, such as ``"Supervised (all 3), Semi-supervised (RGB, Cropped)"``."""
    parts = []
    for row in rows:
        scored = [column for column in columns if lookup.row((row.name, column.name), "accuracy")]
        titles = [column.title for column in scored if holds((row.name, column.name))]
        if titles and len(titles) == len(scored) > 1:
            parts.append(f"{row.title} ({'both' if len(titles) == 2 else f'all {len(titles)}'})")
        elif titles:
            parts.append(f"{row.title} ({', '.join(titles)})")
    return ", ".join(parts)


def _leaders(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading]) -> Iterable[Markup]:
    """Say which approach is ahead on each variant, and on which none is."""
    ahead: dict[str, list[str]] = {}
    level = []
    titles = {row.name: row.title for row in rows}
    for column in columns:
        cells = [(row.name, column.name) for row in rows if lookup.row((row.name, column.name), "accuracy")]
        leader = lookup.leader(cells)
        if leader is not None:
            ahead.setdefault(titles[leader[0]], []).append(column.title)
        elif len(cells) > 1:
            level.append(column.title)
    for approach, variants in ahead.items():
        yield _say("Ahead of every other approach on {columns} faces: {approach}.", columns=_listed(variants),
                   approach=approach)
    if level:
        yield _say("On {columns} faces no approach is ahead of every other by more than chance explains.",
                   columns=_listed(level))


def _variants(lookup: Lookup, rows: Sequence[Heading], columns: Sequence[Heading]) -> Iterable[Markup]:
    alike, titles = [], {column.name: column.title for column in columns}
    for row in rows:
        cells = [(row.name, column.name) for column in columns if lookup.row((row.name, column.name), "accuracy")]
        if len(cells) < 2:
            continue
        best, worst = (pick(cells, key=lambda cell: lookup.best(cell) or 0.0) for pick in (max, min))
        if lookup.ahead(best, worst):
            yield _say("{row}: {best} faces ({high}) are ahead of {worst} faces ({low}).", row=row.title,
                       best=titles[best[1]], high=lookup.cite(best, "accuracy"), worst=titles[worst[1]],
                       low=lookup.cite(worst, "accuracy"))
        else:
            alike.append(row)
    if alike:
        yield _say("The variants of {rows} cannot be told apart: even the best is not ahead of the worst by more than "
                   "chance explains.", rows=_listed([row.title for row in alike]))


def _upper_bounds(lookup: Lookup) -> Iterable[Markup]:
    bounds = sorted((bound, cell) for cell in lookup.scored() if (bound := lookup.value(cell, "purity")) is not None)
    if not bounds:
        return
    low, high = (lookup.cite(cell, "purity") for _, cell in (bounds[0], bounds[-1]))
    reach = low if str(low) == str(high) else _say("{low} to {high}", low=low, high=high)
    yield _say("With the answers in hand, the best name for every group would reach {reach}; no way of naming these "
               "groups can do better. This is an upper bound, not a result.", reach=reach)


def _published(lookup: Lookup) -> Iterable[Markup]:
    pairs = [(cell, figure) for cell in lookup.scored() if (figure := lookup.published(cell)) is not None]
    if not pairs:
        return
    higher = sum((lookup.value(cell, "accuracy", column="low") or 0) > figure for cell, figure in pairs)
    lower = sum((lookup.value(cell, "accuracy", column="high") or 1) < figure for cell, figure in pairs)
    yield _say("Of {n} cells with a published figure, {within} hold it within their interval, {higher} are above it "
               "and {lower} below. The published figures were scored on other faces: this is orientation and no test.",
               n=str(len(pairs)), within=str(len(pairs) - higher - lower), higher=str(higher), lower=str(lower))


def _listed(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _say(sentence: str, **parts: str | Number | Markup) -> Markup:
    return Markup(sentence).format(**parts)
