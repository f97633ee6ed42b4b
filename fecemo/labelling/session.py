"""A labelling session: what a person decides of a clustering, saved after every act. No widget is known here."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fecemo.data.classes import USUAL_CLASSES
from fecemo.data.cluster_names import NOT_CLASSES, SINGLE_FACES, HandNames, read_label
from fecemo.data.group_keys import halves_of, key_order
from fecemo.data.vocabulary import AND, UNDER, Vocabulary
from fecemo.errors import InputError, nearest
from fecemo.labelling.decisions import Decisions, History
from fecemo.labelling.groups import Divide, Divisions, Groups, NamedClustering, sample_faces
from fecemo.labelling.names_file import NamesFile

PAUSE_SECONDS = 120.0
"""What passes between two acts counts as work on a group up to here; beyond it the person was away."""


class LabellingSession:
    """Name the groups of one clustering; resumes where the file was left.

    Parameters
    ----------
    path : Path
        The person's own file of names; written whole after every act.
    by : str
        Who names.
    seed : int
        Of random samples and of divisions; a session that resumes keeps the seed with which it began.
    classes : sequence of str
        What a cluster can be named, in order, beside `NOT_CLASSES` and the names of the vocabulary.
    ids : sequence of str, of length n
        Of the source faces, by which single ones are moved out of their groups.
    divide : callable, optional
        How a group falls into two; without it none can be divided.
    clock : callable
        Seconds that only grow.

    Attributes
    ----------
    groups : Groups
        What there is to name.

    Raises
    ------
    InputError
        If nobody names, the file at ``path`` cannot be read, or it is another person's.
    StoredStateError
        If it names another clustering, or groups that no longer divide as they did. It is left as it is.
    """

    def __init__(self, clustering: NamedClustering, path: Path, by: str, seed: int = 0, *,
                 classes: Sequence[str] = USUAL_CLASSES, ids: Sequence[str] = (), divide: Divide | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.classes, self.ids = tuple(classes), tuple(ids)
        self._file = NamesFile(path, clustering, by, seed, self.classes)
        self._divisions = Divisions(clustering, divide, self.stored.seed)
        self.groups: Groups = self._divisions.groups(self.stored.divided)
        self._viewed: set[int | str] = {*self._divisions.shown(self.stored.samples), *self.stored.on_map,
                                      *self.stored.targets_on_map}
        self._n_viewed_before = max(0, self.stored.faces_viewed - len(self._viewed))
        self._history = History(lambda: Decisions.of(self.stored), self._apply)
        self._clock, self._since, self._at_work_on = clock, clock(), ""

    @property
    def path(self) -> Path:
        """Path: The file of names."""
        return self._file.path

    @property
    def stored(self) -> HandNames:
        """HandNames: All that the file holds."""
        return self._file.names

    @property
    def names(self) -> dict[str, str]:
        """Names given so far, by group."""
        return dict(self.stored.names)

    def begin(self, key: str) -> None:
        """Turn to a group: the time from now on is spent on it."""
        self.groups.at(key)
        if self._at_work_on:
            self._save(self.stored)
        self._since, self._at_work_on = self._clock(), key

    @property
    def choices(self) -> tuple[str, ...]:
        """Tuple of str: The classes, and after them every other name of the vocabulary."""
        return tuple(dict.fromkeys((*self.classes, *self.stored.vocabulary.known)))

    def name(self, *keys: str, name: str, new: bool = False) -> None:
        """Give one group, or several that mean the same, a label.

        Parameters
        ----------
        name : str
            A class, another name of the vocabulary, several (``"sad; tired"``), a path (``"upset/sad"``), or one of
            `NOT_CLASSES`.
        new : bool
            Whether a name that is not known joins the vocabulary. Else `InputError` is raised, as for an unknown group.
        """
        label, vocabulary = self._read(name, new)
        for key in keys:
            self.groups.at(key)
        self._decide(names={**self.stored.names, **dict.fromkeys(keys, label)}, vocabulary=vocabulary)

    def move(self, *faces: str, name: str, new: bool = False) -> None:
        """Give single faces, by their ids, a label of their own, so that they leave their groups; see `name`."""
        label, vocabulary = self._read(name, new)
        self._decide(faces={**self.stored.faces, **dict.fromkeys(faces, label)}, vocabulary=vocabulary)

    def move_back(self, *faces: str) -> None:
        """Take the labels of single faces away: they belong to their groups again."""
        self._decide(faces={face: label for face, label in self.stored.faces.items() if face not in faces})

    def _read(self, text: str, new: bool) -> tuple[str, Vocabulary]:
        vocabulary = self.stored.vocabulary
        for part in text.split(AND.strip()) if new else ():
            last = part.rpartition(UNDER)[2].strip()
            if all(vocabulary.spelled(known, self.classes) is None for known in (part, last)):
                vocabulary = vocabulary.with_name(last)
        try:
            label, vocabulary = read_label(text, self.classes, vocabulary)
        except InputError as error:
            raise InputError(f"no cluster can be named {text!r}: {error}") from error
        if not label:
            raise InputError(f"an empty name is none: {nearest(text, (*self.choices, *NOT_CLASSES))}")
        return label, vocabulary

    def merge(self, keys: Iterable[str], into: str) -> None:
        """Give groups the name that another has. The stored clustering stays as it is.

        Raises `InputError` if the other has none yet.
        """
        self.groups.at(into)
        if (name := self.stored.names.get(into)) is None:
            raise InputError(f"cluster {into} has no name yet that others could take")
        self.name(*keys, name=name)

    def divide(self, key: str) -> tuple[str, str]:
        """Divide a group in two and return the keys of the halves, the larger first; the stored clustering stays.

        Raises `InputError` if it has too few faces, or nothing to divide it by.
        """
        digest = self._divisions.of(key, self.groups).digest
        names = {group: name for group, name in self.stored.names.items() if group != key}
        self._decide(names=names, divided={**self.stored.divided, key: digest})
        return halves_of(key)

    def join(self, key: str) -> str:
        """Take the division back that made a half. Returns the key of the whole.

        Raises `InputError` if the group is a whole cluster.
        """
        self.groups.at(key)
        whole = key[:-1]
        if whole not in self.stored.divided:
            raise InputError(f"cluster {key} is whole: nothing was divided that could be joined")

        halves = halves_of(whole)
        self._decide(
            names={group: name for group, name in self.stored.names.items() if not group.startswith(halves)},
            divided={group: digest for group, digest in self.stored.divided.items()
                     if group != whole and not group.startswith(halves)})
        return whole

    def note(self, key: str, text: str) -> None:
        """Write a remark on a group; an empty one takes it away."""
        self.groups.at(key)
        notes = {**self.stored.notes, key: text.strip()}
        self._decide(notes={group: note for group, note in notes.items() if note})

    def doubt(self, key: str) -> bool:
        """Mark a group as one of whose name the person is not sure, or take the mark away. Returns whether it is."""
        self.groups.at(key)
        unsure = set(self.stored.unsure) ^ {key}
        self._decide(unsure=tuple(sorted(unsure, key=key_order)))
        return key in unsure

    def undo(self) -> bool:
        """Take the last decision back. Returns whether there was one."""
        return self._history.undo()

    def redo(self) -> bool:
        """Decide again what was taken back. Returns whether there was anything."""
        return self._history.redo()

    def look(self, key: str, rule: str = "random", count: int = 20) -> np.ndarray:
        """Return the next faces of a group by a rule of `sample_faces`, and record that they were looked at.

        They are positions among the source faces; empty when all have been shown.
        """
        samples = {group: dict(counts) for group, counts in self.stored.samples.items()}
        shown = samples.setdefault(key, {})
        faces = self.shown(key, rule, count, shown.get(rule, 0))
        if len(faces):
            shown[rule] = shown.get(rule, 0) + len(faces)
            self._view(faces.tolist(), replace(self.stored, samples=samples))
        return faces

    def shown(self, key: str, rule: str, count: int, start: int = 0) -> np.ndarray:
        """Return faces of a group by a rule, without recording anything: for what was looked at before."""
        return sample_faces(rule, self.groups, key, count=count, start=start, seed=self.stored.seed)

    def look_on_map(self, faces: Iterable[int], targets: Iterable[str] = ()) -> None:
        """Record that source faces, by position, and target faces, by id, were looked at in the map."""
        new, new_targets = set(faces) - self._viewed, set(targets) - self._viewed
        if new or new_targets:
            self._view(new | new_targets, replace(
                self.stored, on_map=tuple(sorted({*self.stored.on_map, *new})),
                targets_on_map=tuple(sorted({*self.stored.targets_on_map, *new_targets}))))

    def record_suggestion(self, labels_seen: Iterable[str]) -> None:
        """Record that a name suggested from labels was asked for, and the ids of the faces whose labels made it."""
        self._save(replace(self._with_labels(labels_seen), suggestions_used=self.stored.suggestions_used + 1))

    def record_labels_shown(self, labels_seen: Iterable[str]) -> None:
        """Record that true labels of target faces were shown, so that naming is no longer blind, and their ids."""
        self._save(replace(self._with_labels(labels_seen), target_labels_shown=True))

    def record_score_seen(self, names: dict[str, str]) -> None:
        """Record that the score of names, perhaps another person's, is shown: changes after it are not blind."""
        if names not in self.stored.scores_seen:
            self._save(replace(self.stored, scores_seen=(*self.stored.scores_seen, dict(names))))

    def where_changed(self, before: dict[str, str], here: str) -> str:
        """Return the group to turn to after names changed: ``here``, unless it is gone or another changed."""
        keys = self.groups.keys
        changed = [key for key in keys if before.get(key) != self.stored.names.get(key)]
        if here in changed or (here in keys and not changed):
            return here
        related = [key for key in keys if key.startswith(here) or here.startswith(key)]
        return next(iter(changed or related))

    def next_unnamed(self) -> str | None:
        """Return the largest group without a name, or None when all have one."""
        unnamed = [key for key in self.groups.keys if key not in self.stored.names]
        return max(unnamed, key=lambda key: self.groups.sizes[key], default=None)

    def _with_labels(self, labels_seen: Iterable[str]) -> HandNames:
        ids = tuple(sorted({*self.stored.labels_seen, *labels_seen}))
        return replace(self.stored, labels_seen=ids)

    def _view(self, faces: Iterable[int | str], names: HandNames) -> None:
        viewed = self._viewed | set(faces)
        self._save(replace(names, faces_viewed=len(viewed) + self._n_viewed_before))
        self._viewed = viewed

    def _decide(self, **changes: Any) -> None:
        self._history.decide(replace(Decisions.of(self.stored), **changes))

    def _apply(self, decisions: Decisions) -> None:
        groups = self.groups if decisions.divided == self.stored.divided else self._divisions.groups(decisions.divided)
        faces_labelled = bool(decisions.faces.items() - self.stored.faces.items())
        self._save(replace(self.stored, names=_sorted(decisions.names), notes=_sorted(decisions.notes),
                           unsure=decisions.unsure, divided=_sorted(decisions.divided), faces=decisions.faces,
                           vocabulary=decisions.vocabulary), faces_labelled)
        self.groups = groups

    def _save(self, names: HandNames, faces_labelled: bool = False) -> None:
        now, key = self._clock(), self._at_work_on
        spent = min(now - self._since, PAUSE_SECONDS)
        if key:
            key = SINGLE_FACES if faces_labelled else key
            names = replace(names, seconds={**names.seconds, key: round(names.seconds.get(key, 0.0) + spent, 2)})
        self._file.write(names)
        self._since = now


def _sorted(by_key: dict[str, str]) -> dict[str, str]:
    return dict(sorted(by_key.items(), key=lambda item: key_order(item[0])))
