"""The t-SNE map: coloured as wished, faces on hovering, a lasso, target faces on demand."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import jscatter
import numpy as np
import pandas as pd

from fecemo.data.cluster_names import NOT_CLASSES
from fecemo.data.vocabulary import names_of
from fecemo.labelling.board.group_panel import as_data_url
from fecemo.labelling.material import CellMaterial, Colours, FaceMap, SeenLabels
from fecemo.labelling.session import LabellingSession

HEIGHT = 330
HOVER_SIDE = 140
GREY = "#b8b8b8"
CHOSEN = 24
MAX_LEGEND = 16
"""More categories than these have no legend."""
BLIND = ("cluster", "name", "this cluster", "margin")
TRUTH = "true emotion"


class MapPanel:
    """The map of one cell.

    Parameters
    ----------
    chosen : callable
        ``chosen(source, target)``: positions of the faces in the lasso.
    guard : callable
        ``guard(what)`` calls ``what`` and shows an error that a user can act on.

    Attributes
    ----------
    view : ipywidgets.Widget
    key : str
        The group that ``this cluster`` shows.
    """

    def __init__(self, face_map: FaceMap, material: CellMaterial, session: LabellingSession, colours: Colours,
                 chosen: Callable[[np.ndarray, np.ndarray], None], guard: Callable[[Callable[[], None]], None]) -> None:
        self._map, self._material, self._session, self._colours = face_map, material, session, colours
        self._of_groups = colours[0]
        self._chosen, self._guard, self.key, self._version = chosen, guard, "", 0
        self._drawn: object = None
        self._labels: SeenLabels | None = None
        places = np.concatenate([self._map.source, self._map.target])
        self._points = pd.DataFrame({"x": places[:, 0], "y": places[:, 1]})
        self._n = len(self._map.source)
        self._scatter = jscatter.Scatter(x="x", y="y", data=self._points, height=HEIGHT, axes=False, size=4,
                                         camera_distance=1.12, background_color="white", opacity_unselected=0.25)
        self._scatter.filter(np.arange(self._n))
        self.modes = [*BLIND, *material.known]
        self.colour = widgets.Dropdown(options=self.modes, description="Colour by", layout={"width": "230px"},
                                       style={"description_width": "66px"})
        self.targets = widgets.ToggleButton(description="target faces", tooltip="Show the target faces in the map (t)",
                                            disabled=not len(self._map.target))
        self.colour.observe(lambda _: self.recolour(), names="value")
        self.targets.observe(lambda change: self._filter(change["new"]), names="value")
        self.recolour()
        self.widget = self._scatter.widget
        self._hovered = widgets.HTML().add_class("fecemo-hover")
        self.widget.observe(self._hover, names="hovering")
        self.widget.observe(self._lasso, names="selection")
        self.controls = widgets.HBox([self.colour, self.targets]).add_class("fecemo-row")
        self.view = widgets.VBox([self.controls, widgets.VBox([self.widget, self._hovered]).add_class("fecemo-plot")])

    def next_colour(self) -> None:
        """Colour by the next thing; what is known of faces beside their clusters is long and in the menu alone."""
        modes = [mode for mode in self.modes if mode not in self._material.known]
        at = modes.index(self.colour.value) if self.colour.value in modes else -1
        self.colour.value = modes[(at + 1) % len(modes)]

    def toggle_targets(self) -> None:
        """Show the target faces, or hide them."""
        self.targets.value = not self.targets.value

    def show_truth(self, labels: SeenLabels) -> None:
        """Let target faces be coloured by the true emotions that were asked for."""
        self._labels = labels
        if TRUTH not in self.modes:
            self.modes = [*self.modes, TRUTH]
            self.colour.options = self.modes
        self.targets.value = True
        self.colour.value = TRUTH

    def refresh(self, key: str) -> None:
        """Follow the session, which has turned to a group or decided something."""
        self.key = key
        if self._follows() != self._drawn:
            self.recolour()

    def recolour(self) -> None:
        """Draw the colours anew."""
        mode, previous = self.colour.value, self._points.columns[-1]
        self._drawn = self._follows()
        values, colours = self._values(mode)
        self._version += 1
        column = mode + "\u200b" * (self._version % 2)  # another name for new values: only so are they drawn
        if previous not in ("x", "y", column):
            del self._points[previous]
        self._points[column] = values
        if colours is None:
            self._scatter.color(by=column, map="viridis", norm=(float(np.min(values)), float(np.max(values))))
        else:
            self._scatter.color(by=column, map=colours)
        self._scatter.legend(colours is None or len(colours) <= MAX_LEGEND)

    def _follows(self) -> object:
        """Return what the colours depend on beside what they show."""
        keys, names = self._session.groups.keys, self._session.names
        return {"cluster": keys, "name": (keys, names), "this cluster": self.key}.get(self.colour.value)

    def _values(self, mode: str) -> tuple[Any, dict[str, str] | None]:
        """Return a value a point, and its colours where the values are words."""
        groups = self._session.groups
        at = groups.of_face[self._map.source_at]
        # A target face is coloured as its stored cluster's first group.
        first = np.array([next(i for i, key in enumerate(groups.keys) if key.rstrip("ab") == str(cluster))
                          for cluster in range(int(self._material.clustering.distances.shape[1]))])
        everywhere = np.concatenate([at, first[self._material.target_clusters[self._map.target_at]]])
        if mode == "cluster":
            return _categories(np.array(groups.keys)[everywhere], {key: self._of_groups[i % len(self._of_groups)]
                                                                   for i, key in enumerate(groups.keys)})
        if mode == "name":
            names = np.array([self._session.names.get(key, "no name") for key in groups.keys])
            return _categories(names[everywhere], label_colours(self._session, self._colours))
        if mode == "this cluster":
            here = np.where(np.array(groups.keys)[everywhere] == self.key, f"cluster {self.key}", "others")
            return _categories(here, {f"cluster {self.key}": self._of_groups[0], "others": GREY})
        if mode == TRUTH and self._labels is not None:
            labels = np.full(int(self._material.target_clusters.shape[0]), "unknown", dtype=object)
            labels[self._labels.at] = self._labels.labels
            words = np.concatenate([np.full(self._n, "unknown", dtype=object), labels[self._map.target_at]])
            return _categories(words, {**label_colours(self._session, self._colours), "unknown": GREY})
        known = (groups.face_margins[self._map.source_at] if mode == "margin"
                 else self._material.known[mode](self._map.source_at))
        if known.dtype.kind in "fiu":  # nothing is known of target faces: they take the middle
            return np.concatenate([known, np.full(len(self._map.target), np.median(known))]).astype(np.float32), None
        words = np.concatenate([known, np.full(len(self._map.target), "unknown")])
        kinds = sorted(set(known.tolist()))
        return _categories(words, {**{kind: self._of_groups[i % len(self._of_groups)] for i, kind in enumerate(kinds)},
                                   "unknown": GREY})

    def _filter(self, with_targets: bool) -> None:
        self._scatter.filter(None if with_targets else np.arange(self._n))

    def _hover(self, change: dict[str, Any]) -> None:
        point = change["new"]
        if point is None or not 0 <= point < len(self._points):
            self._hovered.value = ""
        elif point < self._n:
            self._guard(lambda: self._look(int(self._map.source_at[point])))
        else:
            self._guard(lambda: self._look_at_target(int(self._map.target_at[point - self._n])))

    def _look_at_target(self, at: int) -> None:
        self._session.look_on_map((), [str(self._material.target_ids[at])])
        self._show_hovered(self._material.target_faces(np.array([at]))[0], "target face")

    def _look(self, at: int) -> None:
        self._session.look_on_map([at])  # recorded before it is seen: a kernel may be killed at any moment
        key = self._session.groups.keys[int(self._session.groups.of_face[at])]
        self._show_hovered(self._material.faces(np.array([at]))[0], f"{key} {self._session.names.get(key, '')}")

    def _show_hovered(self, face: np.ndarray, caption: str) -> None:
        self._hovered.value = f"<img src='{as_data_url(face, HOVER_SIDE)}' alt='a face'><div>{caption}</div>"

    def _lasso(self, change: dict[str, Any]) -> None:
        points = np.asarray(change["new"] if change["new"] is not None else [], dtype=np.int64)
        self._chosen(self._map.source_at[points[points < self._n]],
                     self._map.target_at[points[points >= self._n] - self._n])


def label_colours(session: LabellingSession, colours: Colours) -> dict[str, str]:
    """Return the colour of every label: of classes the first colours, of further names the second ones.

    Names that are added come last, so that none changes its colour. A label of several names has that of the first;
    what says nothing of an expression is grey.
    """
    of_classes, of_others = colours
    further = [name for name in session.choices if name not in session.classes]
    of_names = {**{name: of_classes[at % len(of_classes)] for at, name in enumerate(session.classes)},
                **{name: of_others[at % len(of_others)] for at, name in enumerate(further)}}
    return {**of_names, **{label: of_names.get(names_of(label)[0], GREY) for label in session.stored.labels},
            **dict.fromkeys((*NOT_CLASSES, "no name"), GREY)}


def _categories(words: np.ndarray, colours: dict[str, str]) -> tuple[Any, dict[str, str]]:
    present = set(words.tolist())
    used = [word for word in colours if word in present]
    return pd.Categorical(words, categories=used), {word: colours[word] for word in used}
