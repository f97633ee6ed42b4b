"""The score of one cell: every figure that a table or a report may show, with what it cost and what chance gives."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fecemo.errors import InputError, StoredStateError
from fecemo.manifests.documents import build, read_json
from fecemo.packs.durable import atomic_write

SCORE_FORMAT = "fecemo.score/1"
SCORE_NAME = "score.json"
PREDICTIONS_NAME = "predictions.csv"
ABSTAINED = "(no name)"
"""Heading of the confusion matrix's last column, which is there only where some face got no emotion."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Parameters
    ----------
    low, high : float
    """

    low: float
    high: float


@dataclass(frozen=True)
class Chance:
    """What accuracy takes no skill.

    Parameters
    ----------
    uniform : float
        Guessing each emotion equally often: 1 / number of emotions.
    majority : float
        Always naming the emotion that is most frequent among the scored faces: its share of them.
    """

    uniform: float
    majority: float


@dataclass(frozen=True)
class LabelsUsed:
    """What a number cost in labels of target faces, and in looking.

    Parameters
    ----------
    training : int
        Labels from which a network learned.
    naming : int
        Labels that named clusters.
    looked_at : int
        Unlabelled faces at which a person looked to name clusters.
    """

    training: int = 0
    naming: int = 0
    looked_at: int = 0

    @property
    def total(self) -> int:
        """Labels of target faces, for training and naming together."""
        return self.training + self.naming


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of the stages that lead to the number; the map does not.

    Parameters
    ----------
    train, embed, cluster, label, evaluate : float
        Zero for a stage that the approach does not have.
    total : float
        Of all of them.
    """

    train: float = 0.0
    embed: float = 0.0
    cluster: float = 0.0
    label: float = 0.0
    evaluate: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class ClusterScore:
    """How a clustering relates to the true emotions of the scored faces.

    Parameters
    ----------
    names : dict of str to str
        Name in use, by the cluster's number (``"0"``, ``"1"``, …); ``"mixed"``, ``"not a face"`` and ``"skip"`` name
        no emotion.
    source_sizes, target_sizes : tuple of int
        Faces of each cluster, by its number: of the source, which made the clusters, and of the whole target.
    nmi : float
        Normalised mutual information of clusters and emotions, arithmetic mean (the V-measure), in [0, 1].
    ami, ari : float
        Adjusted mutual information and adjusted Rand index: 0 is what chance gives, 1 is perfect.
    purity : float
        Share of faces whose emotion is the most frequent one of their cluster. No naming of these clusters, however
        it was found, is more accurate on these faces; it grows with the number of clusters.
    oracle_accuracy : float
        Accuracy of `oracle_names`, which were chosen with the scored labels in hand.
    oracle_names : dict of str to str
        The best names on the scored faces under `oracle_rule`.
    oracle_rule : {"one to one", "majority"}
        Each emotion to one cluster, where there are as many clusters as emotions; else every cluster by its majority.
    upper_bound : bool
        Always True: `purity` and `oracle_accuracy` bound what naming can reach and are results of no method.
    silhouette : float or None
        Of a sample of source faces, in [-1, 1]; None where it is not defined.
    """

    names: dict[str, str]
    source_sizes: tuple[int, ...]
    target_sizes: tuple[int, ...]
    nmi: float
    ami: float
    ari: float
    purity: float
    oracle_accuracy: float
    oracle_names: dict[str, str]
    oracle_rule: str
    upper_bound: bool = True
    silhouette: float | None = None


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
        How faces got their emotion: ``"hand"`` or ``"vote"`` named their clusters, or ``"classifier"``.
    emotions : tuple of str
        Order of the rows of `confusion`, and of its columns before any abstentions.
    n_scored : int
        Scored faces.
    score_on : {"test", "others"}
        The stored test split, or every labelled face whose label neither trained nor named anything.
    abstained : int
        Scored faces that got no emotion, because their cluster has none; they count as wrong.
    accuracy, balanced_accuracy, macro_f1 : float
        In [0, 1]. Balanced accuracy and macro F1 are means over the emotions that occur among the scored faces.
    cohen_kappa : float or None
        Agreement with the truth beyond chance; 0 is chance, 1 is perfect. None where truth and predictions are one and
        the same emotion throughout, for which it is not defined.
    accuracy_interval, balanced_accuracy_interval : Interval
        Percentile bootstrap over the scored faces.
    confidence : float
        Coverage of the intervals, such as 0.95.
    bootstrap : int
        Resamples behind the intervals.
    chance : Chance
    recall : dict of str to (float or None)
        Share of an emotion's faces that were recognised; None for an emotion without scored faces.
    support : dict of str to int
        Scored faces of each emotion.
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
    score_on: str
    abstained: int
    accuracy: float
    accuracy_interval: Interval
    balanced_accuracy: float
    balanced_accuracy_interval: Interval
    macro_f1: float
    cohen_kappa: float | None
    confidence: float
    bootstrap: int
    chance: Chance
    recall: dict[str, float | None]
    support: dict[str, int]
    confusion: tuple[tuple[int, ...], ...]
    labels_used: LabelsUsed
    seed: int
    seconds: Seconds
    clusters: ClusterScore | None = None

    @property
    def confusion_columns(self) -> tuple[str, ...]:
        """Headings of the columns of `confusion`."""
        return (*self.emotions, ABSTAINED) if self.abstained else self.emotions


def write_score(folder: Path, score: Score) -> None:
    """Write ``folder/score.json``. Raises `ResourceError` where the disk refuses."""
    document = {"format": SCORE_FORMAT, **asdict(score)}
    atomic_write(folder / SCORE_NAME, json.dumps(document, indent=1, allow_nan=False) + "\n")


def read_score(folder: Path) -> Score:
    """Read ``folder/score.json``.

    Raises
    ------
    StoredStateError
        If it is missing, damaged or of another format.
    """
    path = folder / SCORE_NAME
    try:
        document = read_json(path)
        if (found := document.pop("format", None)) != SCORE_FORMAT:
            raise InputError(f"{path} has the format {found!r}, expected {SCORE_FORMAT!r}")
        return build(Score, document, str(path))
    except InputError as error:
        raise StoredStateError(f"{error}; run the evaluate stage again") from error
