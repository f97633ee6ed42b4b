"""What a session came to: how far it is, what it covers, what is doubtful, and what it cost in time."""

from dataclasses import dataclass

from fecemo.data.classes import EMOTIONS
from fecemo.data.cluster_parts import key_order
from fecemo.labelling.session import LabellingSession


@dataclass(frozen=True)
class LabellingSummary:
    """A session in figures.

    Parameters
    ----------
    named, groups : int
        Groups that have a name, of how many.
    covered, faces : int
        Source faces in groups that name an emotion, of how many.
    absent : tuple of str
        Emotions that no group has been given: no face will ever be called so.
    doubtful : dict of str to str
        Groups to look at again, and why: the person was unsure, or the margin is small.
    seconds : float
        Time spent, pauses left out.
    looked_at : int
        Distinct faces looked at.
    labels_seen : int
        Labels of target faces that were seen.
    other_scores_seen : int
        Other names of these clusters whose score was seen.
    """

    named: int
    groups: int
    covered: int
    faces: int
    absent: tuple[str, ...]
    doubtful: dict[str, str]
    seconds: float
    looked_at: int
    labels_seen: int
    other_scores_seen: int

    @property
    def complete(self) -> bool:
        """bool: Whether every group has a name."""
        return self.named == self.groups

    @property
    def seconds_a_group(self) -> float | None:
        """Mean time of a named group; None where none has a name."""
        return self.seconds / self.named if self.named else None

    def sentences(self) -> list[str]:
        """Return the summary for people; what is missing is said when all is named."""
        said = [f"{self.named} of {self.groups} clusters named; {self.covered / max(1, self.faces):.0%} of "
                f"{self.faces:,} faces in clusters that name an emotion"]
        if self.complete and self.absent:
            said.append(f"no cluster is named {', '.join(self.absent)}: no face will be called so")
        if self.doubtful:
            said.append("look again at " + "; ".join(f"{key} ({why})" for key, why in self.doubtful.items()))
        if self.seconds_a_group is not None:
            said.append(f"{self.looked_at:,} faces looked at in {self.seconds:,.0f} s, {self.seconds_a_group:.0f} s a "
                        "cluster")
        if self.labels_seen:
            said.append(f"{self.labels_seen:,} true labels were seen: they count as its cost and are not scored")
        if self.other_scores_seen:
            said.append(f"other names of these clusters whose score was seen: {self.other_scores_seen:,}; these names "
                        "are not blind")
        return said


def summarise(session: LabellingSession) -> LabellingSummary:
    """Return a session in figures."""
    groups, stored = session.groups, session.stored
    doubtful = {key: f"margin {groups.margins[key]:.2f}" for key in groups.doubtful}
    doubtful |= {key: "unsure" for key in stored.unsure if key in groups.keys}
    return LabellingSummary(
        named=len(stored.names), groups=len(groups.keys), faces=len(groups.of_face),
        covered=sum(groups.sizes[key] for key, name in stored.names.items() if name in EMOTIONS),
        absent=tuple(emotion for emotion in EMOTIONS if emotion not in stored.names.values()),
        doubtful=dict(sorted(doubtful.items(), key=lambda item: key_order(item[0]))),
        seconds=sum(stored.seconds.values()), looked_at=stored.looked_at, labels_seen=len(stored.labels_seen),
        other_scores_seen=stored.other_scores_seen,
    )
