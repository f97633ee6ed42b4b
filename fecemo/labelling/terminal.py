"""The labelling session in a terminal: lines in, lines and contact sheets out."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np

from fecemo.data.classes import EMOTIONS
from fecemo.data.cluster_names import NOT_EMOTIONS
from fecemo.data.durable import atomic_write
from fecemo.errors import FecemoError, InputError, nearest
from fecemo.labelling.keys import KEY_OF_NAME, KEYS
from fecemo.labelling.material import CellMaterial
from fecemo.labelling.pictures import contact_sheet, mean_and_spread
from fecemo.labelling.samples import RULES
from fecemo.labelling.session import LabellingSession
from fecemo.labelling.suggestion import suggest
from fecemo.labelling.summary import summarise

PAGE = 20
SHOWN_BY_RULE = 10
MEAN_OF = 300
HELP = """  NAME or its key   name this cluster: {names}
  more [RULE]       further faces on a new sheet: {rules}
  go KEY, next      turn to another cluster
  same KEY          the name that another cluster has
  note TEXT         a remark;  unsure  marks the name as unsure
  divide, join      divide the cluster in two; join the halves again
  undo, redo        take the last decision back; decide it again
  suggest           a name from labels: recorded, and counted as cost
  status, help, quit"""


class TerminalSession:
    """Name clusters by lines of text.

    Parameters
    ----------
    material : CellMaterial
    session : LabellingSession
    sheets : Path
        Folder of the contact sheets.
    out : TextIO
        Where lines are written.
    """

    def __init__(self, material: CellMaterial, session: LabellingSession, sheets: Path, out: TextIO) -> None:
        self._material, self._session, self._sheets, self._out = material, session, sheets, out
        self._here = ""
        self._acts: dict[str, Callable[[list[str]], None]] = {
            "more": self._more, "go": self._go, "next": self._next, "same": self._same, "note": self._note,
            "unsure": self._unsure, "divide": self._divide, "join": self._join, "undo": self._undo, "redo": self._redo,
            "suggest": self._suggest, "status": self._status, "help": self._help,
        }

    def work(self, lines: TextIO) -> bool:
        """Read lines until ``quit``, the end of the input, or the last name. Returns whether every cluster has a name.

        Raises
        ------
        ResourceError
            If the folder of the sheets cannot be written.
        """
        self._say(f"{self._material.title}: {len(self._session.groups.keys)} clusters; saved after every act in "
                  f"{self._session.path}")
        self._help([])
        self._turn(self._session.next_unnamed() or self._session.groups.keys[0])
        self._prompt()
        for line in lines:
            try:
                words = shlex.split(line)
            except ValueError:
                words = line.split()
            if words and words[0] in ("quit", "q", "exit"):
                break
            try:
                if words:
                    self._do(words)
            except FecemoError as error:
                self._say(f"  {error}")
            self._prompt()
        for said in summarise(self._session).sentences():
            self._say(said)
        return summarise(self._session).complete

    def _do(self, words: list[str]) -> None:
        text = " ".join(words)
        if (act := self._acts.get(words[0])) is not None:
            act(words[1:])
        elif text in KEY_OF_NAME or (text in KEYS and KEYS[text].what == "name"):
            self._name(text if text in KEY_OF_NAME else KEYS[text].argument)
        elif text in KEYS:
            raise InputError(f"{text!r} is a key of the notebook alone; here write one of: {', '.join(self._acts)}")
        else:
            raise InputError(f"{text!r} is neither a name nor an act: {nearest(text, (*KEY_OF_NAME, *self._acts))}")

    def _name(self, name: str) -> None:
        self._session.name(self._here, name=name)
        self._say(f"  {self._here}: {name}")
        following = self._session.next_unnamed()
        if following is None:
            self._say("  every cluster has a name; quit, or look at one again: go KEY")
        else:
            self._turn(following)

    def _turn(self, key: str) -> None:
        session, groups = self._session, self._session.groups
        session.begin(key)
        self._here = key
        rows = [(_ABOUT[rule], session.look(key, rule, PAGE if rule == "random" else SHOWN_BY_RULE))
                for rule in RULES if rule not in session.stored.samples.get(key, {})]
        path = self._sheets / f"cluster_{key}.png"
        if rows or not path.exists():
            shown = session.shown(key, "random", MEAN_OF)
            pair = [picture if picture.shape[-1] == 3 else picture.repeat(3, axis=-1)
                    for picture in mean_and_spread(self._material.faces(shown))]
            atomic_write(path, contact_sheet(
                f"{self._material.title}, cluster {key}: {groups.sizes[key]:,} faces",
                [("mean face, and where they differ", np.stack(pair)),
                 *((heading, self._material.faces(faces)) for heading, faces in rows if len(faces))]))
        near = ", ".join(f"{other} {session.names.get(other, '')}".strip() for other in groups.nearest(key))
        self._say(f"\ncluster {key}: {groups.sizes[key]:,} faces, margin {groups.margins[key]:.2f}, near {near}; look "
                  f"at {path}")

    def _more(self, words: list[str]) -> None:
        rule = words[0] if words else "random"
        faces = self._session.look(self._here, rule, PAGE)
        if not len(faces):
            self._say("  all faces were shown by this rule")
            return
        end = self._session.stored.samples[self._here][rule]
        path = self._sheets / f"cluster_{self._here}_{rule}_{end}.png"
        atomic_write(path, contact_sheet(f"Cluster {self._here}, {rule}, to face {end}",
                                         [("", self._material.faces(faces))]))
        self._say(f"  {path}")

    def _go(self, words: list[str]) -> None:
        self._turn(words[0] if words else "")

    def _next(self, words: list[str]) -> None:
        keys = self._session.groups.keys
        self._turn(keys[(keys.index(self._here) + 1) % len(keys)])

    def _same(self, words: list[str]) -> None:
        self._session.merge([self._here], into=words[0] if words else "")
        self._name(self._session.names[self._here])

    def _note(self, words: list[str]) -> None:
        self._session.note(self._here, " ".join(words))

    def _unsure(self, words: list[str]) -> None:
        self._say(f"  {self._here}: {'unsure' if self._session.doubt(self._here) else 'sure'}")

    def _divide(self, words: list[str]) -> None:
        self._turn(self._session.divide(self._here)[0])

    def _join(self, words: list[str]) -> None:
        self._turn(self._session.join(self._here))

    def _undo(self, words: list[str]) -> None:
        self._step(self._session.undo)

    def _redo(self, words: list[str]) -> None:
        self._step(self._session.redo)

    def _step(self, step: Callable[[], bool]) -> None:
        before = self._session.names
        if not step():
            self._say("  there is nothing more")
            return
        self._turn(self._session.where_changed(before, self._here))
        self._status([])

    def _suggest(self, words: list[str]) -> None:
        if self._material.ask_sample is None:
            raise InputError("the target has no labels to suggest a name from")
        sample = self._material.ask_sample()
        self._session.record_suggestion(sample.ids)
        name, votes = suggest(self._here, self._session.groups, self._material.target_clusters, sample)
        self._say(f"  {name or 'no face of the naming sample fell into this cluster'} "
                  f"({', '.join(f'{emotion} {count}' for emotion, count in votes.items())}); {len(sample.ids)} labels "
                  "seen and recorded")

    def _status(self, words: list[str]) -> None:
        names = self._session.names
        self._say("  " + "  ".join(f"{key} {names.get(key, '–')}" for key in self._session.groups.keys))

    def _help(self, words: list[str]) -> None:
        names = ", ".join(f"{KEY_OF_NAME[name]} {name}" for name in (*EMOTIONS, *NOT_EMOTIONS))
        self._say(HELP.format(names=names, rules=", ".join(RULES)))

    def _prompt(self) -> None:
        self._out.write(f"{self._here}> ")
        self._out.flush()

    def _say(self, text: str) -> None:
        self._out.write(text + "\n")


_ABOUT = {act.argument: act.about for act in KEYS.values() if act.what == "rule"}

