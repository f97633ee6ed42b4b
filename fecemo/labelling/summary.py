"""What a session came to: coverage, doubts and time; how far two people agree; what labels would suggest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fecemo.data.cluster_names import NOT_A_FACE, HandNames
from fecemo.data.group_keys import cluster_of, key_order
from fecemo.errors import StoredStateError
from fecemo.labelling.groups import Groups
from fecemo.labelling.material import SeenLabels
from fecemo.labelling.session import LabellingSession


@dataclass(frozen=True)
class LabellingSummary:
    """A session in figures."""

    #: `named`, `groups`: Groups that have a name, of how many.
    named: int
    groups: int
    #: `covered`, `faces`: Source faces in groups whose name says what they show, of how many.
    covered: int
    faces: int
    #: `moved`, `set_aside`: Single faces with labels of their own, and faces that are none: by the names of their
    #: groups, or by themselves.
    moved: int
    set_aside: int
    absent: tuple[str, ...]  #: Emotions that no group has: no face will be called so.
    uncounted: tuple[str, ...]  #: Names that count as no class.
    doubtful: dict[str, str]  #: Groups to look at again, and why: the person was unsure, or the margin is small.
    seconds: float  #: Time spent on groups, pauses left out.
    seconds_on_faces: float  #: The further time that labelling single faces took.
    faces_viewed: int  #: Distinct faces looked at.
    labels_seen: int  #: Labels of target faces that were seen.
    other_scores_seen: int  #: Other names of these clusters whose score was seen.

    @property
    def complete(self) -> bool:
        """bool: Whether every group has a name."""
        return self.named == self.groups

    @property
    def seconds_a_group(self) -> float | None:
        """Mean time of a named group; None where none has a name."""
        return self.seconds / self.named if self.named else None

    def sentences(self) -> list[str]:
        """Return the summary for people; what is missing is named once every cluster has a name."""
        lines = [f"{self.named} of {self.groups} clusters named; {self.covered / max(1, self.faces):.0%} of "
                f"{self.faces:,} faces in clusters that name an emotion"]
        if self.moved or self.set_aside:
            lines.append(f"{self.moved:,} single faces moved out of their clusters, which no score uses; "
                         f"{self.set_aside:,} faces set aside as no faces")
        if self.uncounted:
            lines.append(f"{', '.join(self.uncounted)}: counts as none of the classes, unless the vocabulary says so")
        if self.complete and self.absent:
            lines.append(f"no cluster is named {', '.join(self.absent)}: no face will be called so")
        if self.doubtful:
            lines.append("look again at " + "; ".join(f"{key} ({why})" for key, why in self.doubtful.items()))
        if self.seconds_a_group is not None:
            lines.append(f"{self.faces_viewed:,} faces looked at in {self.seconds:,.0f} s, "
                         f"{self.seconds_a_group:.0f} s a cluster")
        if self.moved and self.seconds_on_faces:
            lines.append(f"{self.moved:,} single faces labelled in {self.seconds_on_faces:,.0f} s, "
                         f"{self.seconds_on_faces / self.moved:.1f} s a face")
        if self.labels_seen:
            lines.append(f"{self.labels_seen:,} true labels were seen: they count as its cost and are not scored")
        if self.other_scores_seen:
            lines.append(f"other names of these clusters whose score was seen: {self.other_scores_seen:,}; these names "
                        "are not blind")
        return lines


def summarise(session: LabellingSession) -> LabellingSummary:
    """Return a session in figures."""
    groups, stored = session.groups, session.stored
    doubtful = {key: f"margin {groups.margins[key]:.2f}" for key in groups.doubtful}
    doubtful |= {key: "unsure" for key in stored.unsure if key in groups.keys}
    counted = {stored.emotion(key) for key in stored.names}
    single = {at for at, face in enumerate(session.ids) if stored.faces.get(face) == NOT_A_FACE}
    aside = single.union(*(groups.members(key).tolist() for key, name in stored.names.items() if name == NOT_A_FACE))
    aside -= {at for at, face in enumerate(session.ids) if stored.faces.get(face, NOT_A_FACE) != NOT_A_FACE}
    return LabellingSummary(named=len(stored.names), groups=len(groups.keys), faces=len(groups.of_face),
                            covered=sum(groups.sizes[key] for key in stored.names if stored.label(key)),
                            moved=len(stored.faces), set_aside=len(aside),
                            absent=tuple(name for name in session.classes if name not in counted),
                            uncounted=tuple(dict.fromkeys(
                                stored.label(key) for key in stored.names
                                if stored.label(key) and not stored.emotion(key))),
                            doubtful=dict(sorted(doubtful.items(), key=lambda item: key_order(item[0]))),
                            seconds=stored.seconds_on_groups, seconds_on_faces=stored.seconds_on_faces,
                            faces_viewed=stored.faces_viewed,
                            labels_seen=len(stored.labels_seen), other_scores_seen=stored.other_scores_seen)


@dataclass(frozen=True)
class Agreement:
    """Agreement of two raters on the clusters that both named."""

    both: int  #: Clusters that both named. What one named whole and the other by its halves counts as the halves.
    share: float | None  #: Share of them with one and the same name; None where there are none.
    #: Cohen's kappa; None where it is not defined, because both used one and the same name throughout, or nothing was
    #: named by both.
    kappa: float | None
    #: The two names of each cluster on which they differ.
    differing: dict[str, tuple[str, str]]


def compare_raters(first: HandNames, second: HandNames) -> Agreement:
    """Compare two people's names of one clustering. ``"mixed"``, ``"not a face"`` and ``"skip"`` count as names.

    The name of a whole cluster is that of its halves too. Where both divided a group into different halves, neither
    theirs nor what is below can be compared. Raises `StoredStateError` if they named different clusterings.
    """
    if first.clustering != second.clustering:
        raise StoredStateError(f"the names of {first.by!r} and of {second.by!r} belong to different clusterings "
                               f"({first.clustering[:12]}… and {second.clustering[:12]}…) and cannot be compared")
    named = {*first.names, *second.names}
    wholes = {above for key in named for above in _with_wholes(key)[1:]}
    unlike = {key for key in first.divided.keys() & second.divided.keys() if first.divided[key] != second.divided[key]}
    names = {key: (_name(first, key), _name(second, key)) for key in sorted(named - wholes, key=key_order)
             if not unlike.intersection(_with_wholes(key)[1:])}
    shared = {key: pair for key, pair in names.items() if all(pair)}
    pairs = list(shared.values())
    if not pairs:
        return Agreement(0, None, None, {})
    kappa = None
    if len({name for pair in pairs for name in pair}) > 1:
        from sklearn.metrics import cohen_kappa_score

        kappa = float(cohen_kappa_score(*zip(*pairs, strict=True)))
    return Agreement(both=len(pairs), share=sum(a == b for a, b in pairs) / len(pairs), kappa=kappa,
                     differing={cluster: pair for cluster, pair in shared.items() if pair[0] != pair[1]})


def _with_wholes(key: str) -> list[str]:
    """Return a group and those of which it is a part, itself first and the cluster last."""
    return [key[:end] for end in range(len(key), len(str(cluster_of(key))) - 1, -1)]


def _name(names: HandNames, key: str) -> str:
    return next((names.names[whole] for whole in _with_wholes(key) if whole in names.names), "")


def suggest(key: str, groups: Groups, target_clusters: np.ndarray, sample: SeenLabels,
            classes: Sequence[str]) -> tuple[str, dict[str, int]]:
    """Return the emotion that most sampled target faces of a group's stored cluster have, and the votes by emotion.

    A half of a divided cluster takes the whole cluster's votes. The emotion is ``""`` where no sampled face fell into
    the cluster; of equally frequent ones the first of the classes comes first.
    """
    groups.at(key)
    labels = sample.labels[target_clusters[sample.at] == cluster_of(key)]
    counted, order = Counter(labels.tolist()), tuple(classes)
    votes = dict(sorted(counted.items(), key=lambda item: (-item[1], order.index(item[0]))))
    return next(iter(votes), ""), votes
