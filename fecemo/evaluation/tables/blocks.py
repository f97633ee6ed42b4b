"""The blocks of a table: what stands in each cell, once for every way of writing it down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fecemo.evaluation.measurement import measurements
from fecemo.evaluation.metrics.comparison import cell_key
from fecemo.evaluation.metrics.verdict import Verdict, verdict
from fecemo.evaluation.records.cited import DASH, Cited, cite, cite_record, share
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.score import Score
from fecemo.evaluation.tables.notes import best_note, chance_note, notes
from fecemo.evaluation.tables.table import ComparisonTable, Heading

Part = str | Cited
SCORED_ON = {"test": "test split", "unused_labels": "unused labels"}
METHODS = {"classifier": "classifier", "majority_vote": "majority vote", "labels_per_cluster": "labels per cluster",
           "hand": "by hand", "class_balanced majority_vote": "majority vote, class-balanced",
           "class_balanced labels_per_cluster": "labels per cluster, class-balanced"}


@dataclass(frozen=True)
class Entry:
    """One cell of a block.

    Parameters
    ----------
    value : tuple of (str or Cited)
        Printed one after another.
    beside : tuple of (str or Cited)
        What stands smaller beside or beneath it, such as an interval.
    best : bool
        Whether it is ahead of all others of its column by more than chance explains.
    verdict : Verdict, optional
    anchor : str
        Where a page tells more of it.
    """

    value: tuple[Part, ...]
    beside: tuple[Part, ...] = ()
    best: bool = False
    verdict: Verdict | None = None
    anchor: str = ""

    @property
    def plain_value(self) -> str:
        """str: The value as text."""
        return "".join(map(str, self.value))

    @property
    def plain_beside(self) -> str:
        """str: What stands beside it as text."""
        return "".join(map(str, self.beside))


@dataclass(frozen=True)
class Block:
    """One table of a page.

    Parameters
    ----------
    name : str
        Unlike that of any other block; the label in LaTeX, the anchor in HTML.
    title : str
    caption : tuple of (str or Cited)
    headings : tuple of str
        The first ``words`` of them head the names of the lines.
    lines : tuple of tuple of (str or Entry)
        One a line: ``words`` names, then the entries.
    words : {1, 2}
        With 2 the lines that share their first name belong together.
    published : bool
        Whether the figures are others', and not measured here.
    figure : str
        An SVG element that a page shows above the lines.
    """

    name: str
    title: str
    caption: tuple[Part, ...]
    headings: tuple[str, ...]
    lines: tuple[tuple[str | Entry, ...], ...]
    words: int = 2
    published: bool = False
    figure: str = ""

    @property
    def plain_caption(self) -> str:
        """str: The caption as text."""
        return "".join(map(str, self.caption))


def main_block(table: ComparisonTable) -> Block:
    """Return accuracies in the study's own layout: a row an approach, a column a variant."""
    leaders = table.leaders()

    def entry(row: Heading, column: Heading) -> Entry:
        score = table.score(row, column)
        if score is None:
            return Entry((DASH,))
        if (row.name, column.name) in table.spreads:
            shown = Entry((cite_mean(table, score, "accuracy", 4),), ("± ", cite_deviation(table, score, "accuracy")))
        else:
            # A verdict is told by the interval of one seed, and says nothing of a mean.
            shown = Entry((cite(score, "accuracy", 4),), _interval(score, "accuracy"), verdict=verdict(score))
        return replace(shown, best=leaders.get(column.name) is score,
                       anchor=f"{row.name}-{column.name}")

    return Block("accuracy", "Table 1", (" ".join(notes(table)), *chance_note(table)), words=1,
                 headings=("Approach", *(column.title for column in table.columns)),
                 lines=tuple((row.title, *(entry(row, column) for column in table.columns)) for row in table.rows))


def metrics_block(table: ComparisonTable) -> Block:
    """Return every headline metric of every cell, with its interval."""
    shown = [headline for headline in HEADLINES if headline.printed]
    leaders = {headline.name: table.leader(headline.name) for headline in shown}

    return _by_cell("metrics", "Every metric", f"Each with its {table.confidence}. {best_note(table)}", table,
                    {headline.short: lambda score, name=headline.name: scored_entry(
                        score, name, best=leaders[name] is score) for headline in shown})


def cost_block(table: ComparisonTable) -> Block:
    """Return what each figure cost, and what chance gives."""
    return _by_cell(
        "beside", "Beside each figure", "What each figure cost, and what guessing gives: the uniform guess, and always "
        "naming the most frequent emotion of the scored faces.", table,
        {"Uniform chance": _cited("chance.uniform"), "Majority chance": _cited("chance.majority"),
         "Labels: training": _cited("labels_used.training"), "Labels: naming": _cited("labels_used.naming"),
         "Labels: choosing": _cited("labels_used.choosing"), "Faces looked at": _cited("labels_used.looked_at"),
         "Emotion by": _named_by, "Faces scored": _cited("n_scored"),
         "Scored on": lambda score: Entry((SCORED_ON.get(score.score_on, score.score_on),)),
         "Seed": _cited("seed"), "Time": _cited("seconds.total")})


def clusters_block(table: ComparisonTable) -> Block | None:
    """Return how clusters relate to emotions, or None where no cell has clusters."""
    if not any(score.clusters for score in table.scores.values()):
        return None

    def known(field: str, chance: str) -> Callable[[Score], Entry]:
        return lambda score: Entry((cite(score, f"clusters.{field}"),), ("chance ", cite(score, f"clusters.{chance}")))

    return _by_cell(
        "clusters", "Clusters and emotions", "Whatever the clusters are called. NMI is the V-measure, of which "
        "homogeneity and completeness are the parts; AMI and ARI are 0 by chance. Purity and best names were found "
        "with the answers in hand and are no results. Purity, each named group by its most frequent emotion, bounds "
        "every naming. Best names give each emotion once where there are as many groups as emotions, which names that "
        "repeat one can beat. Beside both what they reach when the emotions are shuffled.", table,
        {"NMI": _cited("clusters.nmi"), "Homog.": _cited("clusters.homogeneity"),
         "Compl.": _cited("clusters.completeness"), "AMI": _cited("clusters.ami"), "ARI": _cited("clusters.ari"),
         "Purity": known("purity", "purity_of_chance"), "Best names": known("oracle_accuracy", "oracle_of_chance"),
         "Silhouette": _cited("clusters.silhouette"), "Stability": _cited("clusters.stability")},
        only=lambda score: score.clusters is not None)


def record_blocks(table: ComparisonTable) -> list[Block]:
    """Return a block of every further measurement that has columns to print."""
    def column(name: str, field: str) -> Callable[[Score], Entry]:
        def entry(score: Score) -> Entry:
            record = table.records.get((score.approach, score.variant), {}).get(name)
            return Entry((DASH if record is None else cite_record(score, name, record, field),))
        return entry

    def measured(name: str) -> Callable[[Score], bool]:
        return lambda score: name in table.records.get((score.approach, score.variant), {})

    return [_by_cell(name, measurement.title, measurement.caption, table,
                     {heading: column(name, field) for heading, field in measurement.columns.items()},
                     only=measured(name))
            for name, measurement in measurements().items()
            if measurement.columns and any(name in found for found in table.records.values())]


def seeds_block(table: ComparisonTable) -> Block | None:
    """Return mean and spread over seeds, or None where no cell ran with several."""
    if not table.spreads:
        return None

    def column(name: str) -> Callable[[Score], Entry]:
        def entry(score: Score) -> Entry:
            spread = table.spreads.get((score.approach, score.variant))
            if spread is None or name not in spread.metrics:
                return Entry((DASH,))
            return Entry((cite_mean(table, score, name),), ("± ", cite_deviation(table, score, name)))
        return entry

    def seeds(score: Score) -> Entry:
        spread = table.spreads.get((score.approach, score.variant))
        return Entry((DASH if spread is None else ", ".join(map(str, spread.seeds)),))

    return _by_cell("seeds", "Over seeds", "Mean ± standard deviation over the seeds. Intervals, comparisons and what "
                    "follows are of the recipe's first seed.", table,
                    {**{one.short: column(one.name) for one in HEADLINES if one.printed}, "Seeds": seeds})


def cite_mean(table: ComparisonTable, score: Score, name: str, places: int = 3) -> Cited:
    """Return the mean over seeds of a headline metric of a cell that has a spread."""
    value = table.spreads[score.approach, score.variant].metrics[name].mean
    return Cited(share(value, places), value, "table", f"spreads.{cell_key(score)}.metrics.{name}.mean")


def cite_deviation(table: ComparisonTable, score: Score, name: str) -> Cited:
    """Return the standard deviation over seeds of a headline metric of a cell that has a spread."""
    value = table.spreads[score.approach, score.variant].metrics[name].deviation
    return Cited(share(value), value, "table", f"spreads.{cell_key(score)}.metrics.{name}.deviation")


def published_block(table: ComparisonTable) -> Block | None:
    """Return the published figures, or None where there are none."""
    published = table.published
    if published is None:
        return None

    def entry(row: Heading, column: Heading) -> Entry:
        figure = published.figure(row.name, column.name)
        return Entry((DASH if figure is None else
                      Cited(share(figure, 4), figure, "published", f"{row.name}.{column.name}"),))

    return Block(
        "published", "As published", (f"Published figures, not measured here: {published.measure}. "
                                      f"Source: {published.source}.",), words=1, published=True,
        headings=("Approach", *(column.title for column in table.published_columns)),
        lines=tuple((row.title, *(entry(row, column) for column in table.published_columns))
                    for row in table.published_rows))


def _by_cell(name: str, title: str, caption: str, table: ComparisonTable, columns: Mapping[str, Callable[..., Entry]],
             only: Callable[[Score], bool] | None = None) -> Block:
    """Return a block with a line a cell; ``only`` leaves out scored cells to which it does not apply."""
    lines: list[tuple[str | Entry, ...]] = []
    for row, column, score in table.cells():
        if score is None and only is None:
            lines.append((row.title, column.title, *(Entry((DASH,)) for _ in columns)))
        elif score is not None and (only is None or only(score)):
            lines.append((row.title, column.title, *(entry(score) for entry in columns.values())))
    return Block(name, title, (caption,), ("Approach", "Images", *columns), tuple(lines))


def scored_entry(score: Score, metric: str, *, best: bool = False) -> Entry:
    """Return a headline metric with its interval."""
    return Entry((cite(score, metric),), _interval(score, metric), best=best)


def _cited(field: str) -> Callable[[Score], Entry]:
    return lambda score: Entry((cite(score, field),))


def _interval(score: Score, name: str) -> tuple[Part, ...]:
    if name not in score.intervals:
        return ()
    return ("[", cite(score, f"intervals.{name}.low"), ", ", cite(score, f"intervals.{name}.high"), "]")


def _named_by(score: Score) -> Entry:
    used, said = score.labels_used, METHODS.get(score.method, score.method)
    if score.method != "hand":
        return Entry((said,))
    beside: list[Part] = [used.named_by, "; "] if used.named_by else []
    if used.blind:
        return Entry((said,), (*beside, "blind"))
    if used.suggestions_used:
        beside += [cite(score, "labels_used.suggestions_used"), " names suggested by labels"]
    if used.target_labels_shown:
        beside += [", " if used.suggestions_used else "", "labels shown"]
    if used.other_scores_seen:
        beside += [", " if used.suggestions_used or used.target_labels_shown else "",
                   cite(score, "labels_used.other_scores_seen"), " scores of other names seen"]
    return Entry((f"{said}, not blind",), tuple(beside))
