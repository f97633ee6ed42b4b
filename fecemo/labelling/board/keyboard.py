"""Key presses anywhere on the board, but not in a field where a person types."""

from collections.abc import Callable, Iterable

import anywidget
import traitlets

_SCRIPT = """
function render({ model, el }) {
  let board = null;
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape" || event.key === "Enter") focus();  // which also hands over what was typed
      return;
    }
    if (event.key === "Enter" && event.target.closest("button")) return;  // presses the button that the Tab key reached
    if (!model.get("known").includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    // At once, and not by way of the kernel: what is typed next belongs into the field.
    if (event.key === model.get("note")) return board.querySelector(".fecemo-note input")?.focus();
    model.send({ key: event.key });
  };
  // A button that the pointer pressed keeps no focus: Enter then writes a note, as ever.
  const release = (event) => { if (event.detail && event.target.closest("button")) focus(); };
  const focus = () => board && board.focus({ preventScroll: true });
  const attach = () => {
    board = el.closest(".fecemo-board");
    if (!board) return requestAnimationFrame(attach);
    board.tabIndex = 0;
    board.dataset.lmSuppressShortcuts = "true";  // the notebook's own shortcuts rest while the board has the focus
    board.addEventListener("keydown", press, true);
    board.addEventListener("click", release);
    focus();
  };
  el.classList.add("fecemo-keys");
  attach();
  return () => {
    board?.removeEventListener("keydown", press, true);
    board?.removeEventListener("click", release);
  };
}
export default { render };
"""


class Keyboard(anywidget.AnyWidget):
    """Send every known key that is pressed on the board around it.

    Parameters
    ----------
    keys : iterable of str
        As browsers name them.
    note : str
        The key that puts the focus on the field of the note, and is not sent.
    press : callable
        ``press(key)``.
    """

    _esm = _SCRIPT
    known = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self, keys: Iterable[str], note: str, press: Callable[[str], None]) -> None:
        super().__init__(known=list(keys), note=note)
        self.on_msg(lambda _, message, __: press(message["key"]))

