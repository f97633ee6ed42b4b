"""The board of one cell: a map, one group at a time, names by key, and the file of names behind it all."""

import html
from collections.abc import Callable

import ipywidgets as widgets
import numpy as np

from fecemo.data.cluster_names import NOT_CLASSES, read_hand_names
from fecemo.data.vocabulary import with_also
from fecemo.errors import FecemoError, InputError
from fecemo.labelling.board.group_panel import GroupPanel, grid
from fecemo.labelling.board.map_panel import CHOSEN, MapPanel
from fecemo.labelling.board.page import Keyboard
from fecemo.labelling.board.panels import EndPanel, NamingPanel
from fecemo.labelling.keys import FIELDS, acts_of
from fecemo.labelling.material import CellMaterial, RunToName
from fecemo.labelling.session import LabellingSession
from fecemo.labelling.summary import suggest

PRINTED = {"ArrowRight": "→", "ArrowLeft": "←", "Escape": "Esc"}
"""Keys that are shown as another sign than their name."""


class CellBoard:
    """One cell's board.

    Parameters
    ----------
    reopen : callable
        Opens the cell again, when its files have changed places.

    Attributes
    ----------
    view : ipywidgets.Widget
    here : str
        The group in hand.
    """

    def __init__(self, run: RunToName, material: CellMaterial, session: LabellingSession,
                 reopen: Callable[[], None]) -> None:
        cell = (material.clustering.approach, material.clustering.variant)
        self._material, self.session, self._confirming, self._several, self._written = material, session, "", False, ""
        self.message = widgets.HTML()
        self.acts = acts_of(session.choices)
        self._methods: dict[str, Callable[..., object]] = {
            "name": self._name, "same": self._same, "next": self._next, "previous": lambda: self._next(-1),
            "rule": lambda rule: self.group.by_rule(rule), "more": lambda: self.group.more(),
            "doubt": lambda: session.doubt(self.here), "divide": self._divide,
            "join": lambda: self.go(session.join(self.here)), "suggest": self._suggest, "help": self._help,
            "undo": lambda: self._step(session.undo, "there is nothing to undo"),
            "redo": lambda: self._step(session.redo, "there is nothing to redo"),
            "note": self._note, "several": self._give_several, "new": self._new, "back": self._back,
            "none": lambda: self.group.choose_none(),
            # The first two are the map's, the others the browser's.
            **dict.fromkeys(("colour", "targets", "write", "faces"), lambda: None)}
        self.keyboard = Keyboard(self.acts, FIELDS, self.press, lambda face, chosen: self._choose(face, chosen))
        self.group = GroupPanel(material, session, self.press)
        self.naming = NamingPanel(session, run.colours, self.press, lambda name: self.guard(lambda: self._name(name)),
                                  lambda key: self.guard(lambda: self.go(key)))
        self.naming.note.observe(lambda change: self.guard(lambda: self._note(change["new"])), names="value")
        self.naming.words.observe(lambda change: self._write(change["new"]), names="value")
        self._sees = widgets.HTML()

        def use() -> None:
            run.use(*cell, session.stored.by)
            reopen()

        def finish() -> str:
            # Recorded before it is seen: a kill hides nothing, and the names that are labelled hold it already.
            session.record_score_seen(read_hand_names(material.used_path).names)
            return run.finish(*cell)

        self.end = EndPanel(session, material.others, material.path == material.used_path, run.use_of_names, finish,
                            use, self.guard)
        self.map: MapPanel | None = None
        side: list[widgets.Widget] = [widgets.HTML(f"<div class='quiet'>{html.escape(material.without_map)}: "
                                                   "pipelines/06_map.py draws it. Naming works without.</div>")]
        if material.map is not None:
            self.map = MapPanel(material.map, material, session, run.colours, self._chosen, self.guard)
            self._methods |= {"colour": self.map.next_colour, "targets": self.map.toggle_targets}
            labels = widgets.Button(description="true labels …", disabled=material.ask_labels is None)
            labels.on_click(lambda _: self.guard(self._ask_labels))
            self.map.controls.children = [*self.map.controls.children, labels]
            side = [self.map.view, self._sees]
        left = widgets.VBox(side).add_class("fecemo-map")
        self.view = widgets.VBox([self.naming.view, self.message,
                                  widgets.HBox([self.group.view, left]).add_class("fecemo-columns"),
                                  self.end.view, self.keyboard])
        self.here = session.next_unnamed() or session.groups.keys[0]
        self.go(self.here)

    def press(self, key: str) -> None:
        """Do what a key stands for."""
        act = self.acts[key]
        if self._confirming != act.method:
            self._confirming = ""
        self.say("")
        self.guard(lambda: self._methods[act.method](*filter(None, [act.argument])))
        if act.method in ("rule", "more", "doubt"):
            self.refresh()

    def go(self, key: str) -> None:
        """Turn to a group."""
        self.session.begin(key)
        self.here = key
        self._offer_as_new("")  # what was refused was meant for another
        self.group.show(key)
        self.refresh()

    def refresh(self) -> None:
        """Show what the session holds now."""
        self.acts = acts_of(self.session.choices)
        self.keyboard.known = list(self.acts)
        self.group.refresh()
        self.naming.refresh(self.here, self._several)
        self.end.refresh()
        if self.map is not None:
            self.map.refresh(self.here)

    def say(self, text: str, kind: str = "quiet") -> None:
        """Show one line to the person."""
        self.message.value = f"<div class='{kind}'>{text}</div>" if text else ""

    def guard(self, what: Callable[[], object]) -> None:
        """Do something; an error that the person can act on is shown instead of raised."""
        try:
            what()
        except FecemoError as error:
            self.say(html.escape(str(error)), "trouble")

    def _name(self, name: str, new: bool = False) -> None:
        chosen, label = self.group.chosen, self.session.names.get(self.here, "")
        if chosen:
            label = self.session.stored.faces.get(chosen[0], "")
        if self._several and not {label, name} & {"", *NOT_CLASSES}:
            name = with_also(label, name)
        if chosen:
            self.session.move(*chosen, name=name, new=new)
            self.group.choose_none()
            self.refresh()
            self.say(f"{_faces(len(chosen))} out of cluster {self.here}: <b>{html.escape(name)}</b>")
            return
        self.session.name(self.here, name=name, new=new)
        if self._several:
            self.refresh()
        else:
            self._advance()

    def _give_several(self) -> None:
        self._several = not self._several
        if self._several:
            self.refresh()
            self.say("every key adds a name, or takes it away; press + again when the cluster has all of them")
        elif self.here in self.session.names:
            self._advance()
        else:
            self.refresh()

    def _write(self, text: str) -> None:
        """Take what was written for a label; a name that nobody knows is taken when it is said to be new.

        The field is empty afterwards, so that a refused name is not taken for that of the next cluster.
        """
        if not (written := text.strip()):
            return
        self.naming.words.value = ""
        self._offer_as_new("")
        try:
            self._name(written)
        except InputError as error:
            self._offer_as_new(written)
            self.say(f"{html.escape(str(error))}. Press <kbd>!</kbd> to take it for a new name", "trouble")
        except FecemoError as error:
            self.say(html.escape(str(error)), "trouble")

    def _offer_as_new(self, written: str) -> None:
        self._written = written
        self.naming.ask_whether_new(written)

    def _new(self) -> None:
        if not self._written:
            self.say("write a name first (/)")
            return
        self._name(self._written, new=True)
        self._offer_as_new("")

    def _choose(self, face: int, chosen: bool) -> None:
        self.group.choose(face, chosen)
        count = len(self.group.chosen)
        self.say(f"{_faces(count)} chosen: the next name is of these alone; <kbd>x</kbd> puts them back, "
                 "<kbd>Esc</kbd> chooses none" if count else "")

    def _back(self) -> None:
        chosen = self.group.chosen
        if not chosen:
            self.say("choose faces first: a click, or s, arrows and space")
            return
        self.session.move_back(*chosen)
        self.group.choose_none()
        self.refresh()

    def _same(self) -> None:
        named = [key for key in self.session.groups.nearest(self.here, len(self.session.groups.keys))
                 if key in self.session.names]
        if not named:
            self.say("no other cluster has a name yet")
            return
        self.session.merge([self.here], into=named[0])
        self._advance()

    def _advance(self) -> None:
        following = self.session.next_unnamed()
        if following is None:
            self.refresh()
            self.say("every cluster has a name: look at the doubtful ones again, or label and evaluate")
        else:
            self.go(following)

    def _next(self, step: int = 1) -> None:
        keys = self.session.groups.keys
        self.go(keys[(keys.index(self.here) + step) % len(keys)])

    def _note(self, text: str) -> None:
        if text != self.session.stored.notes.get(self.here, ""):
            self.session.note(self.here, text)
            self.refresh()

    def _step(self, step: Callable[[], bool], none: str) -> None:
        before = self.session.names
        if not step():
            self.say(none)
            return
        self.go(self.session.where_changed(before, self.here))

    def _divide(self) -> None:
        self.say("dividing …")
        first, second = self.session.divide(self.here)
        sizes = self.session.groups.sizes
        self.go(first)
        self.say(f"divided: {first} has {sizes[first]:,} faces, {second} has {sizes[second]:,}; j joins them again")

    def _suggest(self) -> None:
        ask = self._material.ask_sample
        if ask is None:
            self.say("the target has no labels to suggest a name from")
        elif not self.session.stored.suggestions_used and self._confirming != "suggest":
            self._confirming = "suggest"
            self.say("a suggestion uses the labels of the naming sample: it is recorded, counted as cost, and those "
                     "faces are not scored. Press g again to continue")
        else:
            sample = ask()
            self.session.record_suggestion(sample.ids)
            name, votes = suggest(self.here, self.session.groups, self._material.target_clusters, sample,
                                  self.session.classes)
            self.refresh()
            self.say(f"suggested: <b>{name}</b> ({', '.join(f'{emotion} {n}' for emotion, n in votes.items())})" if name
                     else "no face of the naming sample fell into this cluster")

    def _ask_labels(self) -> None:
        ask = self._material.ask_labels
        if ask is None or self.map is None:
            return
        if not self.session.stored.target_labels_shown and self._confirming != "labels":
            self._confirming = "labels"
            self.say("true labels end the blindness of naming: that is recorded, the labels count as cost, and those "
                     "faces are not scored; test labels are never shown. Press the button again to continue")
            return
        seen = ask()
        self.session.record_labels_shown(seen.ids)
        self.map.show_truth(seen)
        self.refresh()

    def _chosen(self, source: np.ndarray, target: np.ndarray) -> None:
        def show() -> None:
            if not len(source) + len(target):
                self._sees.value = ""
                return
            groups = self.session.groups
            counts = np.bincount(groups.of_face[source], minlength=len(groups.keys))
            most = ", ".join(f"{groups.keys[at]}: {counts[at]:,}" for at in np.argsort(-counts)[:4] if counts[at])
            rng = np.random.default_rng(0)
            shown, others = (np.sort(rng.choice(chosen, min(CHOSEN, len(chosen)), replace=False))
                             for chosen in (source, target))
            self.session.look_on_map(shown.tolist(), self._material.target_ids[others].tolist())
            self._sees.value = (f"<div>{len(source):,} source and {len(target):,} target faces chosen"
                                f"<span class='quiet'> · source faces by cluster {most or 'none'}</span></div>"
                                f"{grid(self.group.pictures(shown))}")
            if len(others):
                self._sees.value += f"<div class='quiet'>target faces</div>{grid(self.group.target_pictures(others))}"
            self.group.refresh()

        self.guard(show)

    def _help(self) -> None:
        self.say(" &nbsp; ".join(f"<kbd>{html.escape(PRINTED.get(key, key))}</kbd> {html.escape(act.about)}"
                                 for key, act in self.acts.items()))


def _faces(count: int) -> str:
    return f"{count} face{'' if count == 1 else 's'}"
