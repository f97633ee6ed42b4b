"""The names as buttons, what else can be done with a group, and every group as a chip."""

from collections.abc import Callable
from functools import partial

import ipywidgets as widgets

from fecemo.data.cluster_names import NOT_CLASSES
from fecemo.labelling.board.map_panel import name_colours
from fecemo.labelling.keys import ACTS, keys_of_names
from fecemo.labelling.session import LabellingSession

BUTTONS = ("=", "u", "z", "y", "d", "j", "g")
"""Acts that have a button beside the names."""
MANY = 40
"""Chips beyond this number are a few lines to scroll in, the one in hand first: names and faces stay in sight."""
_TITLES = {"=": "same as nearest", "u": "unsure", "z": "undo", "y": "redo", "d": "divide", "j": "join", "g": "suggest"}


class NamingPanel:
    """Buttons for every name and act, the note, and the chips.

    Parameters
    ----------
    session : LabellingSession
    colours : tuple of str
    act : callable
        ``act(key)``.
    call : callable
        ``call(name)`` names the group in hand.
    go : callable
        ``go(group)``.

    Attributes
    ----------
    view : ipywidgets.Widget
    """

    def __init__(self, session: LabellingSession, colours: tuple[str, ...], act: Callable[[str], None],
                 call: Callable[[str], None], go: Callable[[str], None]) -> None:
        self._session, self._go, self._colours = session, go, name_colours(session.classes, colours)
        keys = keys_of_names(session.classes)
        self._names = {name: _button(f"{keys.get(name, '')}  {name}".strip(), name, partial(call, name), "fecemo-name")
                       for name in (*session.classes, *NOT_CLASSES)}
        acts = [_button(f"{_TITLES[key]} ({key})", ACTS[key].about, partial(act, key)) for key in BUTTONS]
        self._names[NOT_CLASSES[0]].add_class("fecemo-apart")
        self.note = widgets.Text(placeholder="a note (Enter)", continuous_update=False,
                                 layout={"width": "260px"}).add_class("fecemo-note")
        self._chips = widgets.HBox().add_class("fecemo-row")
        self._bar = widgets.HTML()
        self._keys: tuple[str, ...] = ()
        self.view = widgets.VBox([
            widgets.HBox(list(self._names.values())).add_class("fecemo-row"),
            widgets.HBox([*acts, self.note]).add_class("fecemo-row"), self._bar, self._chips,
        ])

    def refresh(self, here: str) -> None:
        """Show the session with a group in hand."""
        session = self._session
        names, groups = session.names, session.groups
        if self._keys != groups.keys:
            self._keys = groups.keys
            self._chips.children = [_button("", "", partial(self._go, key), "fecemo-chip")
                                    for key in groups.keys]
            _mark(self._chips, "fecemo-many", len(groups.keys) > MANY)
        for key, chip in zip(groups.keys, self._chips.children, strict=True):
            name = names.get(key)
            chip.description = f"{key} {name or 'open'}"
            chip.tooltip = f"{groups.sizes[key]:,} faces"
            chip.style.text_color = None
            chip.layout.border_left = f"4px solid {self._colours[name or 'no name']}"
            _mark(chip, "fecemo-here", key == here)
            _mark(chip, "fecemo-open", name is None)
        for name, button in self._names.items():
            _mark(button, "fecemo-chosen", names.get(here) == name)
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
