"""The end of a session: coverage, doubts, another person's names beside these, and the row of the table."""

import html
from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets as widgets

from fecemo.data.cluster_names import read_hand_names
from fecemo.labelling.session import LabellingSession
from fecemo.labelling.summary import compare_raters, summarise


class EndPanel:
    """What a session came to.

    Parameters
    ----------
    session : LabellingSession
    others : mapping of str to Path
        Other people's files for the same clusters.
    is_used : bool
        Whether the pipeline uses this session's file.
    finish, use : callable
        Label and evaluate, and return a row of the table as HTML; and make this file the one that is used.
    guard : callable
        ``guard(what)`` calls ``what`` and shows an error that a user can act on.

    Attributes
    ----------
    view : ipywidgets.Widget
    """

    def __init__(self, session: LabellingSession, others: Mapping[str, Path], is_used: bool, finish: Callable[[], str],
                 use: Callable[[], None], guard: Callable[[Callable[[], None]], None]) -> None:
        self._session, self._others, self._finish = session, others, finish
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

    def _run(self) -> None:
        self.finish.disabled, self.row.value = True, "<span class='quiet'>labelling and evaluating …</span>"
        row = ""
        try:
            row = self._finish()
            self.refresh()
        finally:
            self.finish.disabled, self.row.value = False, row

    def _compare(self) -> None:
        if (other := self._with.value) not in self._others:
            self._compared.value = ""
            return
        agreement = compare_raters(self._session.stored, read_hand_names(self._others[other]))
        kappa = "not defined" if agreement.kappa is None else f"{agreement.kappa:.2f}"
        line = (f"Both named {agreement.both} clusters, {agreement.share:.0%} of them alike; Cohen's kappa {kappa}."
                if agreement.share is not None else "No cluster was named by both.")
        lines = "".join(f"<tr><td>{key}</td><td>{html.escape(mine)}</td><td>{html.escape(theirs)}</td></tr>"
                        for key, (mine, theirs) in agreement.differing.items())
        table = f"<table><tr><th>cluster</th><th>here</th><th>{html.escape(other)}</th></tr>{lines}</table>"
        self._compared.value = html.escape(line) + (table if lines else "")
