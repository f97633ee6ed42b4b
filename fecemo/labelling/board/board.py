"""The board of a run: pick a cell, say who names, begin."""

import html

import ipywidgets as widgets

from fecemo.errors import FecemoError, InputError
from fecemo.labelling.board.cell_board import CellBoard
from fecemo.labelling.board.page import STYLE, use_line
from fecemo.labelling.material import RunToName
from fecemo.labelling.session import LabellingSession


class LabellingBoard:
    """The board of a run: pick a cell, say who names, begin.

    Raises `InputError` if the run has nothing that could be named.

    Attributes
    ----------
    view : ipywidgets.Widget
    cell : CellBoard or None
        The open one.
    """

    def __init__(self, run: RunToName) -> None:
        self._run = run
        self.cell: CellBoard | None = None
        self.pick = widgets.Dropdown(description="Clusters of", layout={"width": "460px"},
                                     style={"description_width": "76px"})
        self.by = widgets.Text(description="Named by", placeholder="your name", layout={"width": "230px"},
                               style={"description_width": "70px"})
        self.begin = widgets.Button(description="Begin", button_style="primary")
        self.message = widgets.HTML()
        self._body = widgets.VBox()
        self.begin.on_click(lambda _: self.open())
        self.view = widgets.VBox([
            widgets.HTML(STYLE), widgets.HBox([self.pick, self.by, self.begin]).add_class("fecemo-row"),
            widgets.HTML(use_line(run.use_of_names)), self.message, self._body]).add_class("fecemo-board")
        self._fill()
        self.pick.observe(lambda _: self._meet(), names="value")
        self._meet()

    def open(self) -> None:
        """Open the picked cell for the person; what cannot be opened says why."""
        approach, variant = self.pick.value
        self.message.value = "<span class='quiet'>opening …</span>"
        try:
            material = self._run.open(approach, variant, self.by.value)
            session = LabellingSession(material.clustering, material.path, self.by.value, material.seed,
                                       divide=material.divide, classes=material.classes,
                                       ids=material.source_ids.tolist())
            self.cell = CellBoard(self._run, material, session, self.open)
        except FecemoError as error:
            self.message.value = f"<div class='trouble'>{html.escape(str(error))}</div>"
            return
        self._body.children = [self.cell.view]
        used = "" if material.path == material.used_path else " (the pipeline uses another person's)"
        self.message.value = (f"<span class='quiet'>saved after every act in {html.escape(str(material.path))}{used} · "
                           "<kbd>?</kbd> shows all keys</span>"
                              + (f"<div>{html.escape(material.remark)}</div>" if material.remark else ""))

    def _fill(self) -> None:
        self._cells = {(cell.approach, cell.variant): cell for cell in self._run.cells()}
        if not self._cells:
            raise InputError(f"{self._run.title}: no approach of the recipe has clusters that could be named")
        self.pick.options = [(cell.line, where) for where, cell in self._cells.items()]
        ready = [where for where, cell in self._cells.items() if not cell.waits_for]
        unfinished = [where for where in ready if self._cells[where].named < self._cells[where].groups]
        self.pick.value = (unfinished or ready or list(self._cells))[0]

    def _meet(self) -> None:
        cell = self._cells[self.pick.value]
        if not self.by.value and cell.by:
            self.by.value = cell.by
        self.message.value = f"<div class='trouble'>{html.escape(cell.trouble)}</div>" if cell.trouble else ""
