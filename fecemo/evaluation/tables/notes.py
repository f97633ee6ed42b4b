"""What a reader must know beside a table's figures, in sentences that hold for this very table."""

from fecemo.evaluation.records.cited import DASH, Cited, cite
from fecemo.evaluation.tables.table import ComparisonTable


def best_note(table: ComparisonTable) -> str:
    """Return by what rule the best of a column is marked; nothing for a single cell."""
    return ("Marked: ahead of every other in its column, by the interval of the difference on the faces "
            "that both were scored on (areas under curves, and cells that share too few faces: by intervals that do "
            "not touch). Where nothing is marked, none is." if len(table.scores) > 1 else "")


def notes(table: ComparisonTable) -> list[str]:
    """Return what a reader must know beside the figures, in whole sentences that hold for this very table."""
    said, scores = [], table.scores.values()
    resamples = sorted({score.bootstrap for score in scores})
    if resamples:
        drawn = " or ".join(f"{number:,}" for number in resamples)
        interval = f"the {table.confidence} from {drawn} bootstrap resamples of the scored faces"
        if not table.spreads:
            said.append(f"Accuracy, with {interval}.")
        elif set(table.scores) <= set(table.spreads):
            said.append("Accuracy: mean ± standard deviation over seeds.")
        else:
            said.append("Accuracy: mean ± standard deviation over seeds (±), or of one seed with "
                        f"{interval} (in brackets).")
    if table.leaders():
        said.append("Marked: ahead of every other approach in its column by more than chance explains.")
    if any(score.method.endswith("majority_vote") for score in scores):
        said.append("Clusters got their names by majority vote of a labelled naming sample, which is not scored.")
    if any(score.method.endswith("labels_per_cluster") for score in scores):
        said.append("Clusters got their names from the labels of a few faces of each, which are not scored.")
    if any(score.method.startswith("class_balanced") for score in scores):
        said.append("The faces whose labels named clusters were drawn so that emotions are alike often among them, "
                    "which only a set that is labelled already allows.")
    if any(score.method == "hand" and score.labels_used.blind for score in scores):
        said.append("Clusters got their names from a person who looked at unlabelled faces.")
    if any(score.method == "hand" and not score.labels_used.blind for score in scores):
        said.append("Some clusters were named by a person who saw labels, names suggested by labels, or "
                    "the score of other names: not blind.")
    if any(score.abstained for score in scores):
        said.append("A face in a cluster without an emotion counts as wrong.")
    dashes = [*(["has not run"] if any(score is None for _, _, score in table.cells()) else []),
              *(["is left out by the recipe"] if table.left_out else [])]
    if dashes:
        said.append(f"{DASH}: this cell {' or '.join(dashes)}.")
    return said


def chance_note(table: ComparisonTable) -> list[str | Cited]:
    """Return what guessing gives on the scored faces, in one sentence, or nothing where no cell has run."""
    def span(field: str) -> list[str | Cited]:
        ranked = sorted(table.scores.values(), key=lambda score: float(getattr(score.chance, field)))
        low, high = (cite(score, f"chance.{field}") for score in (ranked[0], ranked[-1]))
        return [low] if str(low) == str(high) else [low, " to ", high]

    if not table.scores:
        return []
    return [" Guessing gives ", *span("uniform"), " (uniform) and ", *span("majority"),
            " (always the most frequent emotion)."]
