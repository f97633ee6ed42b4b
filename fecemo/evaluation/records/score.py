"""The score of one cell: every figure that a table or a report may show, with what it cost and what chance gives."""

from dataclasses import dataclass

from fecemo.evaluation.records.stored import RecordFile

ABSTAINED = "(no name)"
"""Heading of the confusion matrix's last column, which is there only where some face got no emotion."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Chance:
    """What accuracy takes no skill."""

    uniform: float  #: Guessing each emotion equally often: 1 / number of emotions.
    majority: float  #: Share of the scored faces that show the most frequent emotion.


@dataclass(frozen=True)
class LabelsUsed:
    """What a number cost in labels, of the target and of every other data set of people, and in looking."""

    training: int = 0  #: Labels from which a network learned.
    naming: int = 0  #: Labels that named clusters.
    choosing: int = 0  #: Labels by which settings were chosen, such as the epoch at which training stopped.
    of_nobody: int = 0  #: Labels of drawn or synthetic faces beside the target, which are not among the others.
    faces_viewed: int = 0  #: Faces at which a person looked, without their labels, to name clusters.
    suggestions_used: int = 0  #: Names for which the person asked a suggestion made from labels.
    target_labels_shown: bool = False  #: Whether true labels of target faces were shown to the person.
    named_by: str = ""  #: Who named the clusters, as the file of names says.
    other_scores_seen: int = 0  #: Other names of the same clusters that the person saw scored before.

    @property
    def total(self) -> int:
        """Labels for training, naming and choosing together, without those that nobody gave."""
        return self.training + self.naming + self.choosing

    @property
    def blind(self) -> bool:
        """Whether the person who named saw nothing that was made of labels."""
        return not (self.suggestions_used or self.target_labels_shown or self.other_scores_seen)


@dataclass(frozen=True)
class Seconds:
    """Wall-clock seconds of the stages that lead to the number, 0 for a stage that the approach does not have."""

    train: float = 0.0
    embed: float = 0.0
    cluster: float = 0.0
    label: float = 0.0
    evaluate: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class ClassScore:
    """Figures of one emotion against all others; all but the counts are None for an emotion without scored faces."""

    support: int  #: Scored faces that show it.
    answered: int  #: Scored faces that were given it.
    recall: float | None = None
    precision: float | None = None  #: None also where it was never answered.
    f1: float | None = None
    kappa: float | None = None  #: Cohen's; None also where truth and predictions are one answer throughout.
    alpha: float | None = None  #: Krippendorff's, nominal; None as kappa.
    roc_auc: float | None = None  #: Of faces ranked by their score for this emotion; None also where all show it.
    pr_auc: float | None = None  #: Average precision: the area under the precision-recall curve, in steps.


@dataclass(frozen=True)
class ClusterScore:
    """How a clustering relates to the true emotions of the scored faces.

    Purity and the oracle's names are chosen with the scored labels in hand: bounds, and the result of no method.
    """

    #: Name in use by the group's key: a cluster's number, or a part of a divided one (``"3a"``); ``"mixed"``,
    #: ``"not a face"`` and ``"skip"`` name no emotion.
    names: dict[str, str]
    source_sizes: tuple[int, ...]  #: Faces of each cluster, of the source that made the clusters.
    target_sizes: tuple[int, ...]  #: The same of the whole target.
    nmi: float  #: Normalised mutual information of clusters and emotions, arithmetic mean: the V-measure, in [0, 1].
    homogeneity: float  #: Clusters hold one emotion; in [0, 1].
    completeness: float  #: Emotions keep to one cluster; in [0, 1].
    ami: float  #: Adjusted mutual information: 0 chance, 1 perfect.
    ari: float  #: Adjusted Rand index: 0 chance, 1 perfect.
    purity: float  #: Share of faces whose emotion is the most frequent one of their group: no naming exceeds it.
    purity_of_chance: float  #: The same with the emotions shuffled over the faces.
    oracle_accuracy: float  #: Of `oracle_names`. One to one it is no bound: names in use may repeat an emotion.
    oracle_of_chance: float
    oracle_names: dict[str, str]
    oracle_rule: str  #: ``"one to one"`` where there are as many groups as emotions, else ``"majority"``.
    upper_bound: bool = True
    silhouette: float | None = None  #: Of a sample of source faces, in [-1, 1].
    stability: float | None = None  #: Mean adjusted Rand index with the clusterings of other starts.


@dataclass(frozen=True)
class Score:
    """Score of one approach on one variant."""

    approach: str
    approach_title: str
    variant: str
    variant_title: str
    recipe: str
    recipe_title: str
    #: ``"classifier"``, or how clusters were named: ``"hand"``, ``"majority_vote"``, ``"labels_per_cluster"``, the
    #: latter two after ``class_balanced`` where labels were drawn so.
    method: str
    emotions: tuple[str, ...]  #: Order of the rows of `confusion`, and of its columns before any abstentions.
    n_scored: int
    copies_scored: int  #: Of these, copies of faces whose labels were read: the figures flatter themselves by them.
    copies_left_out: int  #: Labelled faces that are not scored because they are such copies.
    scored_faces: str  #: Digest of ids and true emotions: equal where two cells were scored on the same faces.
    score_on: str  #: ``"test"``, or ``"unused_labels"``: faces whose label neither trained nor named anything.
    abstained: int  #: Scored faces whose cluster has no emotion; they count as wrong.
    accuracy: float
    balanced_accuracy: float  #: Like `macro_f1` a mean over the emotions that occur among the scored faces.
    macro_f1: float
    cohen_kappa: float | None  #: An abstention is an answer of its own. None where all is one and the same emotion.
    krippendorff_alpha: float | None
    roc_auc: float | None  #: Mean over emotions, one against rest; ranked as `RANKING_RULES` says.
    pr_auc: float | None
    class_kappa: float | None  #: Mean over emotions of kappa in `classes`.
    class_alpha: float | None
    intervals: dict[str, Interval]  #: Percentile bootstrap over the scored faces, of every defined headline metric.
    confidence: float  #: Coverage of the intervals, such as 0.95.
    bootstrap: int  #: Resamples behind the intervals.
    chance: Chance
    classes: dict[str, ClassScore]
    confusion: tuple[tuple[int, ...], ...]  #: Counts; a row a true emotion, a column a prediction.
    labels_used: LabelsUsed
    seed: int  #: Of everything random in the cell.
    seconds: Seconds
    clusters: ClusterScore | None = None  #: Only for approaches that predict by clusters.

    @property
    def confusion_columns(self) -> tuple[str, ...]:
        """Headings of the columns of `confusion`."""
        return (*self.emotions, ABSTAINED) if self.abstained else self.emotions

    @property
    def n_emotions(self) -> int:
        """Emotions that occur among the scored faces."""
        return sum(each.support > 0 for each in self.classes.values())

    def metric(self, name: str) -> float | None:
        """Return a headline metric, or None where it is not defined."""
        value: float | None = getattr(self, name)
        return value


SCORE = RecordFile("score.json", "fecemo.score/5", Score, "evaluate")
