"""The panels around a group: names as buttons and every group as a chip; and what the session came to in the end."""

import html
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import ipywidgets as widgets

from fecemo.data.cluster_names import NOT_CLASSES, read_hand_names
from fecemo.data.vocabulary import UNDER, names_of
from fecemo.labelling.board.map_panel import label_colours
from fecemo.labelling.board.page import use_line
from fecemo.labelling.keys import ACTS, keys_of_names
from fecemo.labelling.material import Colours, UseOfNames
from fecemo.labelling.session import LabellingSession
from fecemo.labelling.summary import compare_raters, summarise

BUTTONS = ("=", "+", "u", "z", "y", "d", "j", "s", "x", "g")
"""Acts that have a button beside the names."""
MANY = 40
"""Chips beyond this number are a few lines to scroll in, the one in hand first: names and faces stay in sight."""
_TITLES = {"=": "same as nearest", "u": "unsure", "z": "undo", "y": "redo", "d": "divide", "j": "join", "g": "suggest",
           "+": "several names", "s": "choose faces", "x": "back to cluster"}


class NamingPanel:
    """Buttons for every name and act, the note, and the chips.

    Parameters
    ----------
    act : callable
        ``act(key)``.
    call : callable
        ``call(name)`` names the group in hand, or the faces that are chosen.
    go : callable
        ``go(group)``.
    """

    def __init__(self, session: LabellingSession, colours: Colours, act: Callable[[str], None],
                 call: Callable[[str], None], go: Callable[[str], None]) -> None:
        self._session, self._call, self._go, self._colours = session, call, go, colours
        self._names: dict[str, widgets.Button] = {}
        self._buttons = widgets.HBox().add_class("fecemo-row")
        acts = {key: _button(f"{_TITLES[key]} ({key})", ACTS[key].about, partial(act, key)) for key in BUTTONS}
        self._several = acts["+"]
        self.words = widgets.Text(placeholder="other names: sad; tired (/)", tooltip=ACTS["/"].about,
                                  continuous_update=False, layout={"width": "260px"}).add_class("fecemo-words")
        self.new = _button("", ACTS["!"].about, partial(act, "!"))
        self.new.layout.display = "none"
        self.note = widgets.Text(placeholder="a note (Enter)", continuous_update=False,
                                 layout={"width": "260px"}).add_class("fecemo-note")
        self._chips = widgets.HBox().add_class("fecemo-row")
        self._bar = widgets.HTML()
        self._keys: tuple[str, ...] = ()
        self.view = widgets.VBox([self._buttons, widgets.HBox([*acts.values()]).add_class("fecemo-row"),
                                  widgets.HBox([self.words, self.new, self.note]).add_class("fecemo-row"), self._bar,
                                  self._chips])

    def _offer(self, choices: tuple[str, ...]) -> None:
        """Show a button for every name that can be given."""
        keys, vocabulary = keys_of_names(choices), self._session.stored.vocabulary
        self._names = {
            name: _button(f"{keys.get(name, '')}  {name}".strip(), ", ".join(map(UNDER.join, vocabulary.paths(name))),
                          partial(self._call, name), "fecemo-name") for name in (*choices, *NOT_CLASSES)}
        self._names[NOT_CLASSES[0]].add_class("fecemo-apart")
        self._buttons.children = list(self._names.values())

    def ask_whether_new(self, text: str) -> None:
        """Offer to take what was written for a new name; nothing where it is empty."""
        self.new.description = f"new name: {text} (!)"
        self.new.layout.display = "" if text else "none"

    def refresh(self, here: str, several: bool = False) -> None:
        """Show the session with a group in hand, and whether several names are being given."""
        session = self._session
        choices = session.choices
        if (*choices, *NOT_CLASSES) != tuple(self._names):
            self._offer(choices)
        _mark(self._several, "fecemo-chosen", several)
        colours = label_colours(session, self._colours)
        names, groups = session.names, session.groups
        if self._keys != groups.keys:
            self._keys = groups.keys
            self._chips.children = [_button("", "", partial(self._go, key), "fecemo-chip") for key in groups.keys]
            _mark(self._chips, "fecemo-many", len(groups.keys) > MANY)
        for key, chip in zip(groups.keys, self._chips.children, strict=True):
            name = names.get(key)
            chip.description = f"{key} {name or 'open'}"
            chip.tooltip = f"{groups.sizes[key]:,} faces"
            chip.style.text_color = None
            chip.layout.border_left = f"4px solid {colours[name or 'no name']}"
            _mark(chip, "fecemo-here", key == here)
            _mark(chip, "fecemo-open", name is None)
        for name, button in self._names.items():
            _mark(button, "fecemo-chosen", name in names_of(names.get(here, "")))
        note = session.stored.notes.get(here, "")
        if self.note.value != note:
            self.note.value = note
        done = len(names) / len(groups.keys)
        covered = sum(groups.sizes[key] for key in names) / len(groups.of_face)
        self._bar.value = (f"<div class='quiet'>{len(names)} of {len(groups.keys)} clusters named, with {covered:.0%} "
                           f"of the faces</div><div class='fecemo-bar'><div style='width:{done:.1%}'></div></div>")


def _button(text: str, about: str, press: Callable[[], None], kind: str = "fecemo-act") -> widgets.Button:
    button = widgets.Button(description=text, tooltip=about).add_class(kind)
    button.on_click(lambda _: press())
    return button


def _mark(widget: widgets.Widget, kind: str, holds: bool) -> None:
    if holds != (kind in widget._dom_classes):
        (widget.add_class if holds else widget.remove_class)(kind)


class EndPanel:
    """What a session came to.

    Parameters
    ----------
    others : mapping of str to Path
        Other people's files for the same clusters.
    is_used : bool
        Whether the pipeline uses this session's file.
    use_of_names : UseOfNames
        Whether a run of the recipe uses the names.
    finish, use : callable
        Label and evaluate, and return a row of the table as HTML; and make this file the one that is used.
    guard : callable
        ``guard(what)`` calls ``what`` and shows an error that a user can act on.
    """

    def __init__(self, session: LabellingSession, others: Mapping[str, Path], is_used: bool, use_of_names: UseOfNames,
                 finish: Callable[[], str], use: Callable[[], None],
                 guard: Callable[[Callable[[], None]], None]) -> None:
        self._session, self._others, self._finish, self._use = session, others, finish, use_of_names
        self._summary, self.row, self._compared = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.finish = widgets.Button(description="Label and evaluate", button_style="primary", icon="check",
                                     tooltip="Shows the score: names that are changed after it are not blind")
        self.finish.on_click(lambda _: guard(self._run))
        use_mine = widgets.Button(description="Let the pipeline use my names")
        use_mine.on_click(lambda _: guard(use))
        self._with = widgets.Dropdown(options=["nobody", *others], description="Compare with",
                                      style={"description_width": "96px"}, layout={"width": "270px"})
        self._with.observe(lambda _: guard(self._compare), names="value")
        row = [self.finish, *([] if is_used else [use_mine]), *([self._with] if others else [])]
        self.view = widgets.VBox([self._summary, widgets.HBox(row).add_class("fecemo-row"), self._compared,
                                  self.row]).add_class("fecemo-end")

    def refresh(self) -> None:
        """Show the summary anew."""
        summary = summarise(self._session)
        self.finish.disabled = not summary.complete
        lines = summary.sentences() if summary.named else []
        self._summary.value = "".join(f"<div>{html.escape(line[0].upper() + line[1:])}.</div>" for line in lines)
        self._summary.value += use_line(self._use) if summary.complete else ""

    def _run(self) -> None:
        self.finish.disabled, self.row.value = True, "<span class='quiet'>labelling and evaluating …</span>"
        row = ""
        try:
            row = self._finish()
            self.refresh()
        finally:
            self.finish.disabled, self.row.value = False, row

    def _compare(self) -> None:
        if (person := self._with.value) not in self._others:
            self._compared.value = ""
            return
        agreement = compare_raters(self._session.stored, read_hand_names(self._others[person]))
        kappa = "not defined" if agreement.kappa is None else f"{agreement.kappa:.2f}"
        line = (f"Both named {agreement.both} clusters, {agreement.share:.0%} of them alike; Cohen's kappa {kappa}."
                if agreement.share is not None else "No cluster was named by both.")
        lines = "".join(f"<tr><td>{key}</td><td>{html.escape(first)}</td><td>{html.escape(second)}</td></tr>"
                        for key, (first, second) in agreement.differing.items())
        table = f"<table><tr><th>cluster</th><th>here</th><th>{html.escape(person)}</th></tr>{lines}</table>"
        self._compared.value = html.escape(line) + (table if lines else "")
