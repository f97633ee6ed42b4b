"""The score of one cell: every figure that a table or a report may show, with what it cost and what chance gives."""

from dataclasses import dataclass
from pathlib import Path

from fecemo.evaluation.records.score_parts import Chance, ClassScore, ClusterScore, Interval, LabelsUsed, Seconds
from fecemo.evaluation.records.stored import read_stored, write_stored

SCORE_FORMAT = "fecemo.score/3"
SCORE_NAME = "score.json"
ABSTAINED = "(no name)"
"""Heading of the confusion matrix's last column, which is there only where some face got no emotion."""


@dataclass(frozen=True)
class Score:
    """Score of one approach on one variant.

    Parameters
    ----------
    approach, approach_title, variant, variant_title : str
        Keys of the cell, and the headings that the table prints.
    recipe, recipe_title : str
        The study that the cell belongs to.
    method : str
        How faces got their class: by the names of their clusters (``"hand"``, ``"majority_vote"`` or
        ``"labels_per_cluster"``; the latter two follow ``class_balanced`` where labels were drawn so), or by a
        ``"classifier"``.
    emotions : tuple of str
        Order of the rows of `confusion`, and of its columns before any abstentions.
    n_scored : int
        Scored faces.
    scored_faces : str
        Digest of the ids and true emotions of the scored faces: equal where two cells were scored on the same ones.
    score_on : {"test", "unused_labels"}
        The stored test split, or every labelled face whose label neither trained nor named anything.
    abstained : int
        Scored faces that got no emotion, because their cluster has none; they count as wrong.
    accuracy, balanced_accuracy, macro_f1 : float
        In [0, 1]. Balanced accuracy and macro F1 are means over the emotions that occur among the scored faces.
    cohen_kappa, krippendorff_alpha : float or None
        Agreement of truth and predictions beyond chance, alpha for nominal data; 0 is chance, 1 is perfect. An
        abstention is an answer of its own. None where truth and predictions are one and the same emotion throughout.
    roc_auc, pr_auc : float or None
        One against rest: mean over emotions of the areas in `classes`. Faces are ranked as `RANKING_RULES` says. None
        where only one emotion occurs.
    class_kappa, class_alpha : float or None
        Means over emotions of kappa and alpha in `classes`.
    intervals : dict of str to Interval
        Percentile bootstrap over the scored faces, of every headline metric that is defined.
    confidence : float
        Coverage of the intervals, such as 0.95.
    bootstrap : int
        Resamples behind the intervals.
    chance : Chance
    classes : dict of str to ClassScore
        Each emotion against all others.
    confusion : tuple of tuple of int
        Counts; a row a true emotion, a column a prediction, in the order of `emotions`, with one more column for
        abstentions where there are any.
    labels_used : LabelsUsed
    seed : int
        Of everything random in the cell.
    seconds : Seconds
    clusters : ClusterScore or None
        Only for approaches that predict by clusters.
    """

    approach: str
    approach_title: str
    variant: str
    variant_title: str
    recipe: str
    recipe_title: str
    method: str
    emotions: tuple[str, ...]
    n_scored: int
    scored_faces: str
    score_on: str
    abstained: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    cohen_kappa: float | None
    krippendorff_alpha: float | None
    roc_auc: float | None
    pr_auc: float | None
    class_kappa: float | None
    class_alpha: float | None
    intervals: dict[str, Interval]
    confidence: float
    bootstrap: int
    chance: Chance
    classes: dict[str, ClassScore]
    confusion: tuple[tuple[int, ...], ...]
    labels_used: LabelsUsed
    seed: int
    seconds: Seconds
    clusters: ClusterScore | None = None

    @property
    def confusion_columns(self) -> tuple[str, ...]:
        """Headings of the columns of `confusion`."""
        return (*self.emotions, ABSTAINED) if self.abstained else self.emotions

    @property
    def n_emotions(self) -> int:
        """Emotions that occur among the scored faces."""
        return sum(one.support > 0 for one in self.classes.values())

    def metric(self, name: str) -> float | None:
        """Return a headline metric, or None where it is not defined."""
        value: float | None = getattr(self, name)
        return value


def write_score(folder: Path, score: Score) -> None:
    """Write ``folder/score.json``. Raises `ResourceError` where the disk refuses."""
    write_stored(folder / SCORE_NAME, SCORE_FORMAT, score)


def read_score(folder: Path) -> Score:
    """Read ``folder/score.json``.

    Raises
    ------
    StoredStateError
        If it is missing, damaged or of another format.
    """
    return read_stored(folder / SCORE_NAME, SCORE_FORMAT, Score, "evaluate")
