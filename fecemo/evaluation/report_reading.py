"""What the numbers say, in sentences that are computed from the numbers and hold for no other."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

from markupsafe import Markup

from fecemo.evaluation.score import Score
from fecemo.evaluation.table import ComparisonTable, Heading
from fecemo.evaluation.table_numbers import Cited, cite


class Verdict(StrEnum):
    """How a score stands to guessing."""

    ABOVE = "above chance"
    PARTLY = "partly above"
    AT = "at chance"
    BELOW = "below chance"


def verdict(score: Score) -> Verdict:
    """Tell a score from guessing by its intervals.

    Returns
    -------
    Verdict
        ``ABOVE`` if the whole interval of the accuracy lies above both the uniform guess and the majority's share;
        ``PARTLY`` if only the balanced accuracy's interval lies above one in as many emotions as were scored;
        ``BELOW`` if the whole interval of the accuracy lies under both guesses; else ``AT``.
    """
    guesses = (score.chance.uniform, score.chance.majority)
    if score.accuracy_interval.low > max(guesses):
        return Verdict.ABOVE
    if score.balanced_accuracy_interval.low > 1 / max(1, _n_scored_emotions(score)):
        return Verdict.PARTLY
    return Verdict.BELOW if score.accuracy_interval.high < min(guesses) else Verdict.AT


def _n_scored_emotions(score: Score) -> int:
    return sum(number > 0 for number in score.support.values())


_VERDICTS = {
    Verdict.ABOVE: "The whole interval, {low} to {high}, lies above guessing ({uniform} uniform, {majority} by always "
                   "naming the most frequent emotion).",
    Verdict.PARTLY: "Its balanced accuracy, {balanced}, lies above one in {n}; yet always naming the most frequent "
                    "emotion scores {majority}, which the interval {low} to {high} does not exceed.",
    Verdict.AT: "At chance: the interval {low} to {high} is not above guessing ({uniform} uniform, {majority} by "
                "always naming the most frequent emotion).",
    Verdict.BELOW: "Below chance: the whole interval, {low} to {high}, lies under guessing ({uniform} uniform, "
                   "{majority} by always naming the most frequent emotion).",
}


_RULES = {"one to one": "with each emotion used once", "majority": "by each cluster's majority"}


def read_cell(score: Score) -> list[Markup]:
    """Return what one score says."""
    said = [_say(_VERDICTS[verdict(score)], low=cite(score, "accuracy_interval.low"),
                 high=cite(score, "accuracy_interval.high"), uniform=cite(score, "chance.uniform"),
                 majority=cite(score, "chance.majority"), balanced=cite(score, "balanced_accuracy"),
                 n=str(_n_scored_emotions(score)))]
    recalls = {emotion: recall for emotion, recall in score.recall.items() if recall is not None}
    best, worst = max(recalls, key=lambda name: recalls[name]), min(recalls, key=lambda name: recalls[name])
    if recalls[best] > recalls[worst]:
        said.append(_say("It recognises {best} most often ({most}) and {worst} least ({least}).", best=best,
                         worst=worst, most=cite(score, f"recall.{best}"), least=cite(score, f"recall.{worst}")))
    answered = [sum(row[column] for row in score.confusion) for column in range(len(score.emotions))]
    never = [emotion for emotion, times in zip(score.emotions, answered, strict=True) if not times]
    if never:
        said.append(_say("It never answers {never}.", never=_listed(never, last="or")))
    if score.abstained:
        said.append(_say("{abstained} of {all} scored faces fell into clusters without an emotion and count as wrong.",
                         abstained=cite(score, "abstained"), all=cite(score, "n_scored")))
    if score.clusters is not None:
        said.append(_say("Upper bound, not a result: with the answers in hand, the best name for every cluster would "
                         "reach {purity}, and the best names {rule} {oracle}. Clusters and emotions share {nmi} of "
                         "their information (0 none, 1 all; {ami} after taking off what chance gives).",
                         purity=cite(score, "clusters.purity"), oracle=cite(score, "clusters.oracle_accuracy"),
                         rule=_RULES.get(score.clusters.oracle_rule, score.clusters.oracle_rule),
                         nmi=cite(score, "clusters.nmi"), ami=cite(score, "clusters.ami")))
    return said


def read_table(table: ComparisonTable) -> list[Markup]:
    """Return what the whole table says, most important first."""
    if not table.scores:
        return [Markup("No cell has run yet, so there is nothing to read.")]
    said = [_best(table), *_against_chance(table), *_variants(table), *_upper_bounds(table), *_published(table)]
    intervals = len(table.scores)
    if intervals > 1:
        said.append(_say("{n} intervals stand side by side, and each misses its truth now and then by luck: "
                         "small differences are not findings.", n=str(intervals)))
    return said


def _best(table: ComparisonTable) -> Markup:
    best = max(table.scores.values(), key=lambda score: score.accuracy)
    return _say("Highest: {approach} on {variant} faces, {accuracy} ({low} to {high}), scored on {n} faces. It read "
                "{training} labels for training and {naming} for naming.",
                approach=best.approach_title, variant=best.variant_title, accuracy=cite(best, "accuracy"),
                low=cite(best, "accuracy_interval.low"), high=cite(best, "accuracy_interval.high"),
                n=cite(best, "n_scored"), training=cite(best, "labels_used.training"),
                naming=cite(best, "labels_used.naming"))


_AGAINST_CHANCE = {
    Verdict.ABOVE: "Above chance, with their whole interval: {cells}.",
    Verdict.PARTLY: "Above chance only in balanced accuracy; always naming the most frequent emotion would score as "
                    "well: {cells}.",
    Verdict.AT: "At chance: {cells}. Their answers are worth no more than guesses.",
    Verdict.BELOW: "Below chance: {cells}.",
}


def _against_chance(table: ComparisonTable) -> Iterable[Markup]:
    for kind, sentence in _AGAINST_CHANCE.items():
        def stands(score: Score, kind: Verdict = kind) -> bool:
            return verdict(score) is kind

        if cells := _cells_where(table, stands):
            yield _say(sentence, cells=cells)


def _cells_where(table: ComparisonTable, holds: Callable[[Score], bool]) -> str:
    """Return the cells for which a thing holds, such as ``"Supervised (all), Semi-supervised (RGB, Cropped)"``."""
    parts = []
    for row in table.rows:
        scored = [(column, score) for column in table.columns if (score := table.score(row, column)) is not None]
        columns = [column.title for column, score in scored if holds(score)]
        if columns and len(columns) == len(scored) > 1:
            parts.append(f"{row.title} ({'both' if len(columns) == 2 else f'all {len(columns)}'})")
        elif columns:
            parts.append(f"{row.title} ({', '.join(columns)})")
    return ", ".join(parts)


def _variants(table: ComparisonTable) -> Iterable[Markup]:
    alike = []
    for row in table.rows:
        scores = [score for column in table.columns if (score := table.score(row, column)) is not None]
        if len(scores) < 2:
            continue
        best, worst = max(scores, key=lambda score: score.accuracy), min(scores, key=lambda score: score.accuracy)
        if best.accuracy_interval.low > worst.accuracy_interval.high:
            yield _say("{row}: {best} faces ({high}) are ahead of {worst} faces ({low}): their intervals do not touch.",
                       row=row.title, best=best.variant_title, high=cite(best, "accuracy"), worst=worst.variant_title,
                       low=cite(worst, "accuracy"))
        else:
            alike.append(row)
    if alike:
        yield _say("The variants of {rows} are not told apart: the intervals of the best and the worst overlap.",
                   rows=_listed([row.title for row in alike]))


def _upper_bounds(table: ComparisonTable) -> Iterable[Markup]:
    bounds = sorted((score.clusters.purity, cell) for cell, score in table.scores.items() if score.clusters is not None)
    if not bounds:
        return
    lowest, highest = (table.scores[cell] for _, cell in (bounds[0], bounds[-1]))
    low, high = cite(lowest, "clusters.purity"), cite(highest, "clusters.purity")
    reach = low.__html__() if str(low) == str(high) else _say("{low} to {high}", low=low, high=high)
    yield _say("With the answers in hand, the best name for every cluster would reach {reach}; no way of naming these "
               "clusters can do better, and always naming the most frequent emotion reaches {majority}. This is an "
               "upper bound, not a result.", reach=reach, majority=cite(highest, "chance.majority"))


def _published(table: ComparisonTable) -> Iterable[Markup]:
    pairs = []
    for row, column, score in table.cells():
        figure = table.published.figure(row.name, column.name) if table.published else None
        if score is not None and figure is not None:
            pairs.append((score, figure))
    if not pairs:
        return
    higher = sum(score.accuracy_interval.low > figure for score, figure in pairs)
    lower = sum(score.accuracy_interval.high < figure for score, figure in pairs)
    yield _say("Of {n} cells with a published figure, {within} hold it within their interval, {higher} lie above it "
               "and {lower} below. The published figures were scored on other faces: this is orientation and no test.",
               n=str(len(pairs)), within=str(len(pairs) - higher - lower), higher=str(higher), lower=str(lower))


def cell_name(row: Heading, column: Heading) -> str:
    """Return a cell's name in print."""
    return f"{row.title}, {column.title}"


def _listed(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _say(sentence: str, **parts: str | Cited | Markup) -> Markup:
    return Markup(sentence).format(**parts)
