"""Names of clusters as JSON documents: what a person writes, and what the label stage makes of it or of labels.

Both carry the digest of the clustering that they name and are refused for any other. Only reading and checking are
here; who writes one uses `fecemo.data.durable.atomic_write`.

What a group bears is a label: one of `NOT_CLASSES`, a name, or several, ``"sad; tired"``; see `fecemo.data.vocabulary`.
Single faces that a person moved out of their group have labels of their own, by their ids.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from fecemo.data.classes import USUAL_CLASSES
from fecemo.data.csv_rows import RejectedRow, csv_rows
from fecemo.data.documents import build, read_json
from fecemo.data.group_keys import group_keys, is_key, key_order
from fecemo.data.vocabulary import Vocabulary, names_of
from fecemo.data.vocabulary_file import house_vocabulary
from fecemo.errors import InputError, StoredStateError

NAMES_NAME = "names.json"
"""The names in use, in a run's folder of names."""
SAMPLE_NAME = "sample.csv"
"""Beside them, the labels that they cost: row of the target dataset, id, label, cluster."""
PARTS_NAME = "target_parts"
"""Beside them, where clusters were divided: the key of every embedded target face's group."""
NOT_FACES_NAME = "not_faces.csv"
"""In a run's folder ``labels``, the faces that a person called none while naming earlier clusters: id and address."""
HAND_FORMAT, NAMED_FORMAT = "fecemo.names/1", "fecemo.named_clusters/1"
NOT_A_FACE = "not a face"
"""Faces that bear it are left out of tags, and of the next clustering."""
SINGLE_FACES = "faces"
"""Key of the seconds that a person spent on labelling single faces."""
NOT_CLASSES = ("mixed", NOT_A_FACE, "skip")
"""What a cluster may be called instead of a name. Its faces get no class and count as wrong."""


class _Names:
    """What both documents have."""

    FORMAT: ClassVar[str]
    names: dict[str, str]
    classes: tuple[str, ...]
    faces: dict[str, str]
    vocabulary: Vocabulary

    def label(self, key: int | str) -> str:
        """Return what a cluster, or a part of one, shows; ``""`` where it has no name, or one of `NOT_CLASSES`."""
        return shown_by(self.names.get(str(key), ""))

    def emotion(self, key: int | str) -> str:
        """Return the class as which a cluster or a part of one counts, or ``""`` where it counts as none.

        Of several names the first that counts as a class decides.
        """
        return next(iter(self.vocabulary.counted_as(self.label(key), self.classes)), "")

    @property
    def labels(self) -> tuple[str, ...]:
        """Tuple of str: The classes, and after them every other label that a group or a face bears."""
        borne = map(shown_by, (*(self.names[key] for key in sorted(self.names, key=key_order)), *self.faces.values()))
        return tuple(dict.fromkeys((*self.classes, *filter(None, borne))))

    def as_json(self) -> str:
        """Return the document's text."""
        fields = asdict(self)  # type: ignore[call-overload]
        if self.vocabulary == Vocabulary():
            del fields["vocabulary"]
        return json.dumps({"format": self.FORMAT, **fields}, indent=1, ensure_ascii=False) + "\n"


def shown_by(label: str) -> str:
    """Return a label, or ``""`` for one that says nothing of an expression: `NOT_CLASSES`."""
    return "" if label in NOT_CLASSES else label


@dataclass(frozen=True)
class HandNames(_Names):
    """What a person writes of one clustering: its names. A plain file needs the first four fields alone."""

    FORMAT: ClassVar[str] = HAND_FORMAT

    #: `approach`, `variant`: The cell.
    approach: str
    variant: str
    clustering: str  #: Digest of the named clustering: of its centres and its source faces' clusters.
    #: By the cluster's number (``"0"``, ``"1"``, …) a label. A divided cluster has none; its halves have one each
    #: (``"3a"``, ``"3b"``).
    names: dict[str, str]
    #: `by`, `when`: Who named, and the UTC time of the last change.
    by: str = ""
    when: str = ""
    notes: dict[str, str] = field(default_factory=dict)  #: Free remarks by cluster.
    unsure: tuple[str, ...] = ()  #: Groups of whose name the person was not sure.
    #: Groups that were divided in two, by their key, and a digest of the halves. The halves are computed again by
    #: 2-means of the group's embeddings with `seed`, and are refused where they are not these.
    divided: dict[str, str] = field(default_factory=dict)
    #: Names that are classes, in the order of the target's; by default the usual emotions.
    classes: tuple[str, ...] = USUAL_CLASSES
    #: Labels of single faces that were moved out of their groups, by the faces' ids: no score uses them.
    faces: dict[str, str] = field(default_factory=dict)
    #: What is known of names beyond the classes; that of the house, where it has a file, holds before this one.
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    seed: int = 0  #: Of the random samples and the divisions.
    #: Distinct faces at which the person looked without knowing their labels: source faces, and target faces on the
    #: map. This and all that follows is written by the board.
    faces_viewed: int = 0
    #: How many of each cluster's faces were shown by each rule; with ``seed`` this says which.
    samples: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Source faces, by their position, that the person looked at by lasso or pointer in the map.
    on_map: tuple[int, ...] = ()
    targets_on_map: tuple[str, ...] = ()  #: The same of target faces, by their ids.
    #: Time spent on each group, pauses left out; under `SINGLE_FACES`, that of labelling single faces.
    seconds: dict[str, float] = field(default_factory=dict)
    #: Ids of the target faces whose labels the person was shown, by a suggestion or in the map; none where naming
    #: stayed blind.
    labels_seen: tuple[str, ...] = ()
    suggestions_used: int = 0  #: Names for which a suggestion made from labels was asked.
    #: Whether the true labels of target faces were ever shown; naming is then no longer blind.
    target_labels_shown: bool = False
    #: The names whose score the person was shown, each time that they differed from before.
    scores_seen: tuple[dict[str, str], ...] = ()

    @property
    def seconds_on_faces(self) -> float:
        """float: Time spent on labelling single faces, which that of their groups leaves out."""
        return self.seconds.get(SINGLE_FACES, 0.0)

    @property
    def seconds_on_groups(self) -> float:
        """float: Time spent on groups, pauses left out."""
        return sum(self.seconds.values()) - self.seconds_on_faces

    @property
    def other_scores_seen(self) -> int:
        """int: How many other names of these clusters the person saw scored: by these scores the names were chosen."""
        return sum(names != self.names for names in self.scores_seen)


@dataclass(frozen=True)
class ClusterNames(_Names):
    """What the label stage writes: the names in use, and what they cost."""

    FORMAT: ClassVar[str] = NAMED_FORMAT

    #: `approach`, `variant`, `clustering`: As in `HandNames`.
    approach: str
    variant: str
    clustering: str
    #: ``"hand"``, ``"majority_vote"`` or ``"labels_per_cluster"``; the latter two with ``class_balanced`` before them
    #: where the labelled faces were drawn so.
    method: str
    names: dict[str, str]  #: By group, as in `HandNames`.
    classes: tuple[str, ...] = USUAL_CLASSES
    #: Of single faces, as in `HandNames`; also of those that were set aside as no face before.
    faces: dict[str, str] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    divided: dict[str, str] = field(default_factory=dict)
    #: Labels of each cluster by class, where labels named it.
    votes: dict[str, dict[str, int]] = field(default_factory=dict)
    labels_used: int = 0  #: Labels of target faces that named, or that the person who named saw.
    labels_seen: tuple[str, ...] = ()  #: Their ids, where a person saw them, here or elsewhere in the run.
    by: str = ""
    when: str = ""
    faces_viewed: int = 0
    suggestions_used: int = 0
    other_scores_seen: int = 0
    target_labels_shown: bool = False
    seconds: float = 0.0  #: Of the person.

    @classmethod
    def by_hand(cls, hand: HandNames, seen_elsewhere: Sequence[str] = ()) -> "ClusterNames":
        """Return a person's names with their costs. Labels that the person saw elsewhere in the run count too."""
        ids = tuple(sorted({*hand.labels_seen, *seen_elsewhere}))
        return cls(hand.approach, hand.variant, hand.clustering, "hand", hand.names, hand.classes, hand.faces,
                   hand.vocabulary, hand.divided, labels_used=len(ids), labels_seen=ids, by=hand.by, when=hand.when,
                   faces_viewed=hand.faces_viewed, suggestions_used=hand.suggestions_used,
                   other_scores_seen=hand.other_scores_seen,
                   target_labels_shown=hand.target_labels_shown or bool(seen_elsewhere),
                   seconds=round(sum(hand.seconds.values()), 1))


def read_cluster_names(path: Path) -> ClusterNames:
    """Read what the label stage wrote. Raises `InputError` if it is missing, damaged or not such a document."""
    return build(ClusterNames, _document(path, NAMED_FORMAT), str(path))


def read_hand_names(path: Path, classes: Sequence[str] = ()) -> HandNames:
    """Read a person's names, whole or still incomplete.

    Classes, those of the target or else those that the document lists, may be spelled in any known way
    (``"happiness"``); other names are those of the document's vocabulary, or of the house's, which is in the folder
    of folders of names. An empty name, as the cluster stage's template has it, is a name still to give. Raises
    `InputError` if a file is missing, half-written or not such a document, or a name is unknown; the nearest is named.
    """
    document = _document(path, HAND_FORMAT)
    stored = build(HandNames, {**document, **({"classes": tuple(classes)} if classes else {})}, str(path))
    for cluster in (*stored.names, *stored.divided):
        if not is_key(cluster):
            raise InputError(f"{path}: names: {cluster!r} is not the number of a cluster")
    vocabulary = house_vocabulary(path.parents[1]).over(stored.vocabulary)
    read: dict[str, dict[str, str]] = {"cluster": {}, "face": {}}
    for kind, labels in (("cluster", stored.names), ("face", stored.faces)):
        for key, text in labels.items():
            try:
                label, vocabulary = read_label(text, stored.classes, vocabulary)
            except InputError as error:
                raise InputError(f"{path}: {kind} {key} is named {text!r}: {error}; a name beyond these is listed in "
                                 "the vocabulary first") from error
            if label:
                read[kind][key] = label
    return replace(stored, names=read["cluster"], faces=read["face"], vocabulary=vocabulary)


def read_label(text: str, classes: Sequence[str], vocabulary: Vocabulary) -> tuple[str, Vocabulary]:
    """Return a label as it is stored, and the vocabulary with what it says besides.

    Raises `InputError` for a name that is neither a class nor one of `NOT_CLASSES`, nor in the vocabulary.
    """
    text = text.strip()
    if not text or text in NOT_CLASSES:
        return text, vocabulary
    label, vocabulary = vocabulary.read_label(text, (*classes, *NOT_CLASSES))
    if lonely := set(NOT_CLASSES).intersection(names_of(label) if label not in NOT_CLASSES else ()):
        raise InputError(f"{min(lonely)!r} is no name beside others")
    return label, vocabulary


def hand_names_of(path: Path, approach: str, variant: str, classes: Sequence[str] = ()) -> HandNames:
    """Read a person's names of a cell's clusters. Raises `InputError` for no file, a bad one, or another cell's."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file: nobody has named the clusters of {approach} {variant} yet. "
                         "Fill in the names.template.json of that clustering and put it there, or let labels name them "
                         "(naming.method: majority_vote)")
    names = read_hand_names(path, classes)
    if (names.approach, names.variant) != (approach, variant):
        raise InputError(f"{path} names the clusters of {names.approach} {names.variant}, expected {approach} "
                         f"{variant}")
    return names


def _document(path: Path, expected: str) -> dict[str, Any]:
    document = read_json(path)
    if (stored_format := document.pop("format", None)) != expected:
        raise InputError(f"{path} has the format {stored_format!r}, expected {expected!r}")
    return document


def require_names_of(names: HandNames | ClusterNames, clustering: str, n_clusters: int, where: str) -> None:
    """Check that names belong to the clustering of this digest, and that each of its groups has a name.

    Raises
    ------
    StoredStateError
        If they name another clustering. ``where`` is the file, for the message.
    InputError
        If a cluster has no name, or a name no cluster.
    """
    if names.clustering != clustering:
        raise StoredStateError(f"{where} names the clusters of another clustering ({names.clustering[:12]}…), this one "
                               f"is {clustering[:12]}…; name these clusters anew, or bring back the one that was named")
    known = set(group_keys(n_clusters, names.divided))
    if missing := sorted(known - set(names.names), key=key_order):
        raise InputError(f"{where}: {len(missing)} of {len(known)} clusters have no name: {', '.join(missing)}; give "
                         f"each a class or one of: {', '.join(NOT_CLASSES)}")
    if unknown := sorted(set(names.names) - known, key=key_order):
        raise InputError(f"{where}: there is no cluster {', '.join(unknown)}; this clustering has 0 to "
                         f"{n_clusters - 1}")


def read_not_faces(labels: Path) -> dict[str, str]:
    """Return the faces that were called none before, address by id; none where a run's ``labels`` holds no such list.

    Raises `InputError` for a list that cannot be read, or has no column ``id``.
    """
    path = labels / NOT_FACES_NAME
    if not path.exists():
        return {}
    rows = []
    for line in csv_rows(path):
        if isinstance(line, RejectedRow):
            raise InputError(f"{path}, line {line.line}: {line.reason}")
        rows.append(line[1])
    if not rows or rows[0][0].strip() != "id":
        raise InputError(f"{path}: the first column is {rows[0][0] if rows else ''!r}, expected id")
    return {cells[0].strip(): cells[1] if len(cells) > 1 else "" for cells in rows[1:]}


def labels_seen_elsewhere(used: Path) -> list[str]:
    """Return the ids of target faces whose labels the person who named a cell saw in other files of the run alone.

    ``used`` is the cell's file of names, ``ROW/VARIANT.json``, beside those of the other cells. Who saw the labels
    while naming one cell knows them in the next; whether the next was named before is not asked. Raises `InputError`
    if a file of names in the run cannot be read.
    """
    if not used.is_file():
        return []
    names = read_hand_names(used)
    if not names.by.strip():
        return []
    rest = [read_hand_names(path) for path in sorted(used.parents[1].glob("*/*.json")) if path != used]
    ids = {face for cell in rest if cell.by.strip() == names.by.strip() for face in cell.labels_seen}
    return sorted(ids - set(names.labels_seen))
