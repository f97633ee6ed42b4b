"""What a score record is made of: intervals, chance, cost in labels and time, one emotion's figures, a clustering's."""

from dataclasses import dataclass


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
    choosing : int
        Labels by which settings were chosen, such as the epoch at which training stopped.
    looked_at : int
        Faces at which a person looked, without their labels, to name clusters.
    suggestions_used : int
        Names for which the person asked a suggestion made from labels.
    target_labels_shown : bool
        Whether true labels of target faces were shown to the person.
    named_by : str
        Who named the clusters, as the file of names says.
    other_scores_seen : int
        Other names of the same clusters that the person saw scored before giving these.
    """

    training: int = 0
    naming: int = 0
    choosing: int = 0
    looked_at: int = 0
    suggestions_used: int = 0
    target_labels_shown: bool = False
    named_by: str = ""
    other_scores_seen: int = 0

    @property
    def total(self) -> int:
        """Labels of target faces, for training, naming and choosing together."""
        return self.training + self.naming + self.choosing

    @property
    def blind(self) -> bool:
        """Whether the person who named saw nothing that was made of labels."""
        return not (self.suggestions_used or self.target_labels_shown or self.other_scores_seen)


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
class ClassScore:
    """Figures of one emotion against all others; a study that averages over classes averages these.

    Parameters
    ----------
    support : int
        Scored faces that show it.
    answered : int
        Scored faces that were given it.
    recall, precision, f1 : float or None
        Recall and the figures below are None for an emotion without scored faces; precision is None for one that was
        never answered.
    kappa, alpha : float or None
        Cohen's kappa and Krippendorff's nominal alpha of "this emotion or another"; None also where truth and
        predictions are one and the same answer throughout.
    roc_auc, pr_auc : float or None
        Area under the ROC curve, and average precision (the area under the precision-recall curve, in steps), of the
        faces ranked by their score for this emotion; None also where every scored face shows it.
    """

    support: int
    answered: int
    recall: float | None = None
    precision: float | None = None
    f1: float | None = None
    kappa: float | None = None
    alpha: float | None = None
    roc_auc: float | None = None
    pr_auc: float | None = None


@dataclass(frozen=True)
class ClusterScore:
    """How a clustering relates to the true emotions of the scored faces.

    Parameters
    ----------
    names : dict of str to str
        Name in use, by the group's key: the cluster's number (``"0"``, ``"1"``, …), or that of a part of a divided
        cluster (``"3a"``); ``"mixed"``, ``"not a face"`` and ``"skip"`` name no emotion.
    source_sizes, target_sizes : tuple of int
        Faces of each cluster, by its number: of the source, which made the clusters, and of the whole target.
    nmi : float
        Normalised mutual information of clusters and emotions, arithmetic mean, in [0, 1]; it is the V-measure.
    homogeneity, completeness : float
        The two parts of the V-measure, in [0, 1]: clusters that hold one emotion, emotions that keep to one cluster.
    ami, ari : float
        Adjusted mutual information and adjusted Rand index: 0 is what chance gives, 1 is perfect.
    purity : float
        Share of faces whose emotion is the most frequent one of their named group: cluster, or part of a divided one.
        No naming of these groups, however it was found, is more accurate on these faces; it grows with their number.
    purity_of_chance : float
        The same when the emotions are shuffled over the faces: what the number of clusters alone gives.
    oracle_accuracy : float
        Accuracy of `oracle_names`, which were chosen with the scored labels in hand. One to one it is no bound: names
        in use may repeat an emotion, and then do better.
    oracle_of_chance : float
        The same when the emotions are shuffled over the faces.
    oracle_names : dict of str to str
        The best names on the scored faces under `oracle_rule`.
    oracle_rule : {"one to one", "majority"}
        Each emotion to one group, where there are as many groups as emotions; else every group by its majority.
    upper_bound : bool
        Always True: `purity` bounds what naming can reach. Like `oracle_accuracy` it is a result of no method.
    silhouette : float or None
        Of a sample of source faces, in [-1, 1]; None where it is not defined.
    stability : float or None
        Mean adjusted Rand index of the clustering in use with those of other starts; None where it is not defined.
    """

    names: dict[str, str]
    source_sizes: tuple[int, ...]
    target_sizes: tuple[int, ...]
    nmi: float
    homogeneity: float
    completeness: float
    ami: float
    ari: float
    purity: float
    purity_of_chance: float
    oracle_accuracy: float
    oracle_of_chance: float
    oracle_names: dict[str, str]
    oracle_rule: str
    upper_bound: bool = True
    silhouette: float | None = None
    stability: float | None = None

    @property
    def v_measure(self) -> float:
        """float: Harmonic mean of `homogeneity` and `completeness`, which equals `nmi`."""
        return self.nmi
