"""What runs in the browser: how the board looks, and its keyboard."""

import html
from collections.abc import Callable, Iterable, Mapping

import anywidget
import traitlets

from fecemo.labelling.material import UseOfNames

STYLE = """<style>
.fecemo-board { --line: var(--jp-border-color2, #ddd); --quiet: var(--jp-ui-font-color2, #666);
  --ink: var(--jp-ui-font-color1, #222); --soft: var(--jp-layout-color2, #f3f3f3); outline: none; color: var(--ink);
  font: 13px/1.45 var(--jp-ui-font-family, system-ui, sans-serif); padding: 4px; overflow: visible; }
.fecemo-board:focus-visible { box-shadow: inset 3px 0 0 var(--jp-brand-color1, #1976d2); }
.fecemo-board .widget-html-content, .fecemo-board .widget-html { line-height: 1.45; overflow: visible; height: auto; }
.fecemo-columns { flex-wrap: wrap; align-items: flex-start; gap: 18px; }
.fecemo-columns > .fecemo-map { flex: 1 1 400px; min-width: 340px; }
.fecemo-columns > .fecemo-group { flex: 1.35 1 500px; min-width: 400px; }
.fecemo-row { flex-wrap: wrap; align-items: center; gap: 4px; overflow: visible; }
.fecemo-board h3 { margin: 0; font-size: 19px; font-weight: 600; }
.fecemo-board .quiet { color: var(--quiet); overflow-wrap: anywhere; }
.fecemo-board .widget-dropdown, .fecemo-board .widget-text { max-width: 100%; }
.fecemo-board .trouble { color: #b3261e; font-weight: 500; }
.fecemo-board kbd { border: 1px solid var(--line); border-radius: 3px; padding: 0 4px; font: 11px/1.4 monospace;
  background: var(--soft); color: var(--ink); box-shadow: none; }
.fecemo-faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); gap: 4px; }
.fecemo-face { padding: 2px; margin: 0; border: 0; background: none; position: relative; cursor: pointer;
  color: var(--ink); font: inherit; min-width: 0; border-radius: 5px; }
.fecemo-face[aria-pressed="true"] { background: var(--jp-brand-color1, #1976d2); }
.fecemo-face:focus-visible { outline: 2px solid var(--ink); outline-offset: -1px; }
.fecemo-face span { position: absolute; left: 2px; right: 2px; bottom: 2px; background: #000a; color: white;
  font-size: 10px; line-height: 1.3; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  border-radius: 0 0 3px 3px; }
.fecemo-faces img, .fecemo-strip img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 3px;
  display: block; margin: 0; }
.fecemo-strip { display: flex; gap: 12px; flex-wrap: wrap; margin: 6px 0; }
.fecemo-strip figure { margin: 0; width: 76px; }
.fecemo-strip figcaption { font-size: 11px; line-height: 1.3; color: var(--quiet); margin-top: 2px; }
.fecemo-strip .gap { width: 1px; background: var(--line); }
.fecemo-board .dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 5px; }
.fecemo-bar { height: 6px; border-radius: 3px; background: var(--soft); overflow: hidden; }
.fecemo-bar div { height: 100%; background: var(--jp-brand-color1, #1976d2); }
.fecemo-board .widget-button, .fecemo-board .widget-toggle-button { width: auto; border-radius: 4px; padding: 0 9px;
  flex: 0 0 auto; margin: 1px; overflow: visible; }
.fecemo-board .fecemo-name { min-width: 86px; text-align: left; padding: 0 7px; white-space: pre; }
.fecemo-board .fecemo-apart { margin-left: 12px; }
.fecemo-board .fecemo-chosen { background: var(--jp-brand-color1, #1976d2) !important; color: white !important; }
.fecemo-board .fecemo-chip { font-size: 12px; height: 26px; line-height: 26px; background: var(--soft);
  border-left: 4px solid var(--chip, #999); }
.fecemo-board .fecemo-open { opacity: .62; font-style: italic; }
.fecemo-board .fecemo-many { max-height: 92px; overflow-y: auto; align-content: flex-start; padding: 2px; }
.fecemo-many .fecemo-here { order: -1; }
.fecemo-board .fecemo-here { outline: 2px solid var(--jp-brand-color1, #1976d2); }
.fecemo-board .widget-toggle-buttons .widget-toggle-button { width: auto; }
@media (max-width: 600px) {
  .fecemo-columns > .fecemo-map, .fecemo-columns > .fecemo-group { min-width: 0; flex-basis: 100%; }
}
.fecemo-board table { border-collapse: collapse; margin: 6px 0; font-size: 12px; }
.fecemo-board th, .fecemo-board td { padding: 3px 9px; border-bottom: 1px solid var(--line); text-align: right; }
.fecemo-end { border-top: 1px solid var(--line); padding-top: 8px; margin-top: 8px; }
.fecemo-plot { position: relative; }
.fecemo-plot > .fecemo-hover { position: absolute; right: 4px; bottom: 4px; width: auto; pointer-events: none;
  z-index: 3; background: var(--soft); border-radius: 4px; font-size: 12px; text-align: center; }
.fecemo-hover img { width: 128px; display: block; border-radius: 4px 4px 0 0; margin: 0; }
.fecemo-keys { display: none; }
</style>"""


def use_line(use: UseOfNames) -> str:
    """Return as HTML whether the run uses the names; a warning where it does not."""
    kind = "quiet" if use.used else "trouble"
    return f"<div class='{kind}'>{html.escape(use.text[0].upper() + use.text[1:])}.</div>"


_SCRIPT = """
function render({ model, el }) {
  let board = null;
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape" || event.key === "Enter") focus();  // which also hands over what was typed
      return;
    }
    const face = event.target.closest(".fecemo-face");
    if (face && event.key.startsWith("Arrow")) {
      const faces = [...face.parentElement.querySelectorAll(".fecemo-face")];
      const columns = faces.filter((other) => other.offsetTop === faces[0].offsetTop).length;
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      faces[faces.indexOf(face) + step]?.focus();
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && event.target.closest("button")) return;  // presses the button that the Tab key reached
    if (!model.get("known").includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    // At once, and not by way of the kernel: what is typed next belongs into the field.
    const field = model.get("fields")[event.key];
    if (field) return board.querySelector(field)?.focus();
    if (event.key === "Escape") focus();
    model.send({ key: event.key });
  };
  // A button that the pointer pressed keeps no focus: Enter then writes a note, as ever.
  const release = (event) => {
    const face = event.target.closest(".fecemo-face");
    if (face) {
      const chosen = face.getAttribute("aria-pressed") !== "true";
      face.setAttribute("aria-pressed", chosen);
      model.send({ face: Number(face.dataset.face), chosen });
    }
    if (event.detail && event.target.closest("button")) focus();
  };
  const focus = () => board && board.focus({ preventScroll: true });
  const attach = () => {
    board = el.closest(".fecemo-board");
    if (!board) return requestAnimationFrame(attach);
    board.tabIndex = 0;
    board.dataset.lmSuppressShortcuts = "true";  // the notebook's own shortcuts rest while the board has the focus
    board.addEventListener("keydown", press, true);
    board.addEventListener("click", release);
    focus();
    for (const touch of ["keydown", "pointerdown", "touchmove", "wheel"])
      window.addEventListener(touch, () => { touched = true; }, { once: true, capture: true, passive: true });
    reveal(240);
  };
  // What stands above the board pushes the faces off the screen. For a minute, in which faces and map arrive, they are
  // brought into sight, unless a person has pressed or scrolled anything.
  let touched = false;
  const reveal = (tries) => {
    if (touched || !tries) return;
    const face = board.querySelector(".fecemo-faces img"), place = face?.getBoundingClientRect();
    if (place?.height && (place.top < 0 || place.bottom > innerHeight)) {
      const above = place.bottom - board.getBoundingClientRect().top;  // on a phone more than a screen
      if (above < innerHeight) board.scrollIntoView({ block: "start" });
      else face.scrollIntoView({ block: "center" });
    }
    setTimeout(() => reveal(tries - 1), 250);
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
    fields : dict of str to str
        Keys that put the focus on a part of the board, by its selector, and are not sent.
    press : callable
        ``press(key)``.
    choose : callable
        ``choose(face, chosen)``: a face was chosen, by its position, or is no more.
    """

    _esm = _SCRIPT
    known = traitlets.List(traitlets.Unicode()).tag(sync=True)
    fields = traitlets.Dict().tag(sync=True)

    def __init__(self, keys: Iterable[str], fields: Mapping[str, str], press: Callable[[str], None],
                 choose: Callable[[int, bool], None]) -> None:
        super().__init__(known=list(keys), fields=dict(fields))
        self.on_msg(lambda _, message, __: press(message["key"]) if "key" in message else choose(
            int(message["face"]), bool(message["chosen"])))
