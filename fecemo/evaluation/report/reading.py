"""What the numbers say, in sentences that are computed from the numbers and hold for no other."""

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from fecemo.evaluation.metrics.comparison import Cell, is_ahead
from fecemo.evaluation.metrics.verdict import Verdict, verdict
from fecemo.evaluation.records.cited import Cited, cite
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.tables.blocks import cite_deviation, cite_mean
from fecemo.evaluation.tables.table import ComparisonTable, Heading

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


_RULES = {"one to one": "with each emotion once, which names that repeat one can beat,",
          "majority": "by each group's majority"}


def read_cell(score: Score) -> list[Markup]:
    """Return what one score says."""
    said = [_say(_VERDICTS[verdict(score)], low=cite(score, "intervals.accuracy.low"),
                 high=cite(score, "intervals.accuracy.high"), uniform=cite(score, "chance.uniform"),
                 majority=cite(score, "chance.majority"), balanced=cite(score, "balanced_accuracy"),
                 n=str(score.n_emotions))]
    recalls = {emotion: one.recall for emotion, one in score.classes.items() if one.recall is not None}
    best, worst = max(recalls, key=lambda name: recalls[name]), min(recalls, key=lambda name: recalls[name])
    if recalls[best] > recalls[worst]:
        said.append(_say("It recognises {best} most often ({most}) and {worst} least ({least}).", best=best,
                         worst=worst, most=cite(score, f"classes.{best}.recall"),
                         least=cite(score, f"classes.{worst}.recall")))
    never = [emotion for emotion, one in score.classes.items() if not one.answered]
    if never:
        said.append(_say("It never answers {never}.", never=_listed(never, last="or")))
    if score.abstained:
        said.append(_say("{abstained} of {all} scored faces fell into clusters without an emotion and count as wrong.",
                         abstained=cite(score, "abstained"), all=cite(score, "n_scored")))
    if score.method == "hand" and not score.labels_used.blind:
        said.append(_say("Its names are not blind: the person who gave them {saw}.", saw=_listed([
            *(["asked for names that labels suggested"] if score.labels_used.suggestions_used else []),
            *(["saw true labels"] if score.labels_used.target_labels_shown else []),
            *(["saw the score of other names"] if score.labels_used.other_scores_seen else [])])))
    if score.clusters is not None:
        said.append(_say("Upper bound, not a result: with the answers in hand, the best name for every group would "
                         "reach {purity}. The best names {rule} reach {oracle}. With the emotions shuffled over the "
                         "faces the two would still be {purity_chance} and {oracle_chance}. Clusters and emotions "
                         "share {nmi} of their information (0 none, 1 all; {ami} after taking off what chance gives).",
                         purity=cite(score, "clusters.purity"), purity_chance=cite(score, "clusters.purity_of_chance"),
                         oracle_chance=cite(score, "clusters.oracle_of_chance"),
                         oracle=cite(score, "clusters.oracle_accuracy"),
                         rule=_RULES.get(score.clusters.oracle_rule, score.clusters.oracle_rule),
                         nmi=cite(score, "clusters.nmi"), ami=cite(score, "clusters.ami")))
    return said


def read_table(table: ComparisonTable) -> list[Markup]:
    """Return what the whole table says, most important first."""
    if not table.scores:
        return [Markup("No cell has run yet, so there is nothing to read.")]
    said = [_best(table), *_against_chance(table), *_leaders(table), *_variants(table), *_upper_bounds(table),
            *_published(table)]
    intervals = len(table.scores)
    if intervals > 1:
        said.append(_say("{n} intervals stand side by side, and each misses its truth now and then by luck: "
                         "small differences are not findings.", n=str(intervals)))
    return said


def _best(table: ComparisonTable) -> Markup:
    def reached(cell: Cell) -> float:
        spread = table.spreads.get(cell)
        return table.scores[cell].accuracy if spread is None else spread.metrics["accuracy"].mean

    cell = max(table.scores, key=reached)
    best, spread = table.scores[cell], table.spreads.get(cell)
    over_seeds = "" if spread is None else _say(
        "{mean} ± {deviation} over {n} seeds; of these, seed {seed} has ", mean=cite_mean(table, best, "accuracy"),
        deviation=cite_deviation(table, best, "accuracy"), n=str(len(spread.seeds)), seed=cite(best, "seed"))
    return _say("Highest: {approach} on {variant} faces, {over_seeds}{accuracy} ({low} to {high}), scored on {n} "
                "faces. It read {training} labels for training, {choosing} for choosing settings and {naming} for "
                "naming.{first}",
                approach=best.approach_title, variant=best.variant_title, over_seeds=over_seeds,
                accuracy=cite(best, "accuracy"), low=cite(best, "intervals.accuracy.low"),
                high=cite(best, "intervals.accuracy.high"), n=cite(best, "n_scored"),
                training=cite(best, "labels_used.training"), choosing=cite(best, "labels_used.choosing"),
                naming=cite(best, "labels_used.naming"),
                first=" What follows is of the first seed of the recipe." if table.spreads else "")


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


def _leaders(table: ComparisonTable) -> Iterable[Markup]:
    """Say which approach is ahead on each variant, and which variants of an approach are told apart."""
    leaders = table.leaders()
    ahead: dict[str, list[str]] = {}
    for column in table.columns:
        if column.name in leaders:
            ahead.setdefault(leaders[column.name].approach_title, []).append(column.title)
    for approach, columns in ahead.items():
        yield _say("Ahead of every other approach on {columns} faces: {approach}.", columns=_listed(columns),
                   approach=approach)
    level = [column.title for column in table.columns if column.name not in leaders
             and sum(table.score(row, column) is not None for row in table.rows) > 1]
    if level:
        yield _say("On {columns} faces no approach is ahead of every other by more than chance explains.",
                   columns=_listed(level))


def _variants(table: ComparisonTable) -> Iterable[Markup]:
    alike = []
    for row in table.rows:
        scores = [score for column in table.columns if (score := table.score(row, column)) is not None]
        if len(scores) < 2:
            continue
        best, worst = max(scores, key=lambda score: score.accuracy), min(scores, key=lambda score: score.accuracy)
        if is_ahead(table.comparisons, best, worst, "accuracy"):
            yield _say("{row}: {best} faces ({high}) are ahead of {worst} faces ({low}).", row=row.title,
                       best=best.variant_title, high=cite(best, "accuracy"), worst=worst.variant_title,
                       low=cite(worst, "accuracy"))
        else:
            alike.append(row)
    if alike:
        yield _say("The variants of {rows} are not told apart: even the best is not ahead of the worst by more than "
                   "chance explains.", rows=_listed([row.title for row in alike]))


def _upper_bounds(table: ComparisonTable) -> Iterable[Markup]:
    bounds = sorted((score.clusters.purity, cell) for cell, score in table.scores.items() if score.clusters is not None)
    if not bounds:
        return
    lowest, highest = (table.scores[cell] for _, cell in (bounds[0], bounds[-1]))
    low, high = cite(lowest, "clusters.purity"), cite(highest, "clusters.purity")
    reach = low if str(low) == str(high) else _say("{low} to {high}", low=low, high=high)
    yield _say("With the answers in hand, the best name for every named group would reach {reach}; no way of naming "
               "these groups can do better, and always naming the most frequent emotion reaches {majority}. This is an "
               "upper bound, not a result.", reach=reach, majority=cite(highest, "chance.majority"))


def _published(table: ComparisonTable) -> Iterable[Markup]:
    pairs = []
    for row, column, score in table.cells():
        figure = table.published.figure(row.name, column.name) if table.published else None
        if score is not None and figure is not None:
            pairs.append((score, figure))
    if not pairs:
        return
    higher = sum(score.intervals["accuracy"].low > figure for score, figure in pairs)
    lower = sum(score.intervals["accuracy"].high < figure for score, figure in pairs)
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
