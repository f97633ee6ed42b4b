"""What a person decides of a clustering, step by step: undo and redo."""

from collections.abc import Callable
from dataclasses import dataclass

from fecemo.data.cluster_names import HandNames
from fecemo.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Decisions:
    """What undo and redo move between. What was looked at cannot be unseen."""

    names: dict[str, str]
    notes: dict[str, str]
    unsure: tuple[str, ...]
    divided: dict[str, str]
    faces: dict[str, str]
    vocabulary: Vocabulary

    @classmethod
    def of(cls, names: HandNames) -> "Decisions":
        """Return the decisions that a file of names holds."""
        return cls(names.names, names.notes, names.unsure, names.divided, names.faces, names.vocabulary)


class History:
    """Decisions that can be taken back, and those that were.

    Parameters
    ----------
    current : callable
        ``current()``: the decisions that hold.
    apply : callable
        ``apply(decisions)`` makes others hold. Where it raises, nothing is recorded.
    """

    def __init__(self, current: Callable[[], Decisions], apply: Callable[[Decisions], None]) -> None:
        self._current, self._apply = current, apply
        self._done: list[Decisions] = []
        self._undone: list[Decisions] = []

    def decide(self, after: Decisions) -> None:
        """Decide anew; what was taken back before is forgotten."""
        before = self._current()
        if after != before:
            self._apply(after)
            self._done.append(before)
            self._undone.clear()

    def undo(self) -> bool:
        """Take the last decision back. Returns whether there was one."""
        return self._step(self._done, self._undone)

    def redo(self) -> bool:
        """Decide again what was taken back. Returns whether there was anything."""
        return self._step(self._undone, self._done)

    def _step(self, back: list[Decisions], forth: list[Decisions]) -> bool:
        if not back:
            return False
        before = self._current()
        self._apply(back[-1])
        back.pop()
        forth.append(before)
        return True
