"""One group at a time: its faces by a stated rule, what they have in common, and which groups are near."""

import base64
import html
import io
from collections.abc import Callable, Sequence

import ipywidgets as widgets
import numpy as np
from PIL import Image

from fecemo.data.group_keys import cluster_of
from fecemo.labelling.keys import ACTS
from fecemo.labelling.material import CellMaterial
from fecemo.labelling.session import LabellingSession

PAGE = 24
MEAN_OF = 300
"""Faces of a group, drawn by seed, of which its mean is taken."""
FACE_SIDE = 112


class GroupPanel:
    """The group in hand.

    Parameters
    ----------
    act : callable
        ``act(key)``: what a button does is what its key does.
    """

    def __init__(self, material: CellMaterial, session: LabellingSession, act: Callable[[str], None]) -> None:
        self._material, self._session = material, session
        self._key, self._rule, self._start = "", "random", 0
        self._means: dict[str, tuple[str, str]] = {}
        self._pictures: dict[int, str] = {}
        self._chosen: set[int] = set()
        self._head, self._near, self._faces = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._rules = {}
        for key, rule in [(key, known.argument) for key, known in ACTS.items() if known.method == "rule"]:
            button = widgets.Button(description=f"{rule} ({key})", tooltip=ACTS[key].about)
            button.on_click(lambda _, key=key: act(key))
            self._rules[rule] = button
        more = widgets.Button(description="more (m)", icon="arrow-down", tooltip="The next faces by this rule")
        more.on_click(lambda _: act("m"))
        self._where = widgets.HTML()
        self.view = widgets.VBox([self._head,
                                  widgets.HBox([*self._rules.values(), more, self._where]).add_class("fecemo-row"),
                                  self._faces, self._near]).add_class("fecemo-group")

    def show(self, key: str) -> None:
        """Turn to a group and show its first faces."""
        self._key, self._start = key, 0
        self.choose_none()

    @property
    def chosen(self) -> list[str]:
        """List of str: Ids of the faces that are chosen."""
        return [self._session.ids[at] for at in sorted(self._chosen)]

    def choose(self, face: int, chosen: bool) -> None:
        """Choose a source face, by its position, or choose it no more; the page shows that by itself."""
        (self._chosen.add if chosen else self._chosen.discard)(face)

    def choose_none(self) -> None:
        """Choose no face, and show the faces anew with the labels that single ones have."""
        self._chosen.clear()
        self._show_faces()

    def by_rule(self, rule: str) -> None:
        """Show the group's first faces by a rule."""
        self._rule, self._start = rule, 0
        self._show_faces()

    def more(self) -> None:
        """Show the next faces by the rule; after the last ones the first again."""
        self._start += PAGE
        if self._start >= self._session.groups.sizes[self._key]:
            self._start = 0
        self._show_faces()

    def refresh(self) -> None:
        """Write the heading anew."""
        session, key = self._session, self._key
        groups, stored = session.groups, session.stored
        name = stored.names.get(key)
        shown = len(set().union(*(session.shown(key, rule, count).tolist()
                                  for rule, count in stored.samples.get(key, {}).items())))
        facts = (f"{groups.sizes[key]:,} faces ({groups.sizes[key] / len(groups.of_face):.0%}) · margin "
                f"{groups.margins[key]:.2f} · {shown:,} looked at · {stored.seconds.get(key, 0):.0f} s")
        title = f"Cluster {key}" + (f": {html.escape(name)}" if name else "")
        if stored.label(key) not in ("", *session.classes):
            title += f" <span class='quiet'>(counts as {html.escape(stored.emotion(key) or 'no class')})</span>"
        if key in stored.unsure:
            title += " <span class='quiet'>(unsure)</span>"
        suggested = self._material.suggested.get(str(cluster_of(key)))
        if suggested:
            facts += f" · action units suggest <b>{html.escape(suggested)}</b> (no label was read)"
        note = stored.notes.get(key)
        self._head.value = (f"<h3>{title}</h3><div class='quiet'>{facts}</div>"
                            + (f"<div>“{html.escape(note)}”</div>" if note else ""))
        mean, spread = self._mean(key)
        figures = [_figure(mean, "mean face"), _figure(spread, "where they differ")]
        near = [_figure(self._mean(group)[0], f"near: {group} {stored.names.get(group, '')}")
                for group in groups.nearest(key)]
        self._near.value = f"<div class='fecemo-strip'>{''.join(figures)}<div class='gap'></div>{''.join(near)}</div>"

    def pictures(self, positions: Sequence[int] | np.ndarray) -> list[str]:
        """Return source faces as data URLs; each is made once."""
        missing = [int(at) for at in positions if int(at) not in self._pictures]
        if missing:
            self._pictures |= {at: as_data_url(face, FACE_SIDE)
                               for at, face in zip(missing, self._material.faces(np.array(missing)), strict=True)}
        return [self._pictures[int(at)] for at in positions]

    def target_pictures(self, positions: np.ndarray) -> list[str]:
        """Return target faces as data URLs, without their labels."""
        return [as_data_url(face, FACE_SIDE) for face in self._material.target_faces(positions)]

    def _show_faces(self) -> None:
        session, key, rule, size = self._session, self._key, self._rule, self._session.groups.sizes[self._key]
        end = min(self._start + PAGE, size)
        recorded = session.stored.samples.get(key, {}).get(rule, 0)
        if recorded < end:
            session.look(key, rule, end - recorded)
        faces = session.shown(key, rule, PAGE, self._start)
        labels = session.stored.faces
        self._faces.value = grid(self.pictures(faces), [
            (int(at), int(at) in self._chosen, labels.get(session.ids[at], "")) for at in faces] if session.ids else ())
        self._where.value = f"<span class='quiet'>{self._start + 1}–{end} of {size:,}</span>"
        for name, button in self._rules.items():
            button.button_style = "info" if name == rule else ""

    def _mean(self, key: str) -> tuple[str, str]:
        if key not in self._means:
            faces = self._session.shown(key, "random", MEAN_OF)
            mean, spread = mean_and_spread(self._material.faces(faces))
            self._means[key] = as_data_url(mean, FACE_SIDE), as_data_url(spread, FACE_SIDE)
        return self._means[key]


def grid(pictures: Sequence[str], faces: Sequence[tuple[int, bool, str]] = ()) -> str:
    """Return faces as a grid; those that can be chosen with position, whether they are, and their labels."""
    shown = [f"<img src='{picture}' alt='a face'>" for picture in pictures]
    if faces:
        shown = [f"<button type='button' class='fecemo-face' data-face='{at}' aria-pressed='{str(chosen).lower()}'"
                 f" aria-label='a face{', ' if label else ''}{html.escape(label, quote=True)}'>{picture}"
                 + (f"<span>{html.escape(label)}</span>" if label else "") + "</button>"
                 for picture, (at, chosen, label) in zip(shown, faces, strict=True)]
    return f"<div class='fecemo-faces'>{''.join(shown)}</div>"


def _figure(picture: str, caption: str) -> str:
    return f"<figure><img src='{picture}' alt=''><figcaption>{html.escape(caption)}</figcaption></figure>"


def mean_and_spread(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of one or more faces and how far they differ from it.

    Returns
    -------
    mean : ndarray of shape (side, side, channels), uint8
    spread : ndarray of shape (side, side, 1), uint8
        Standard deviation of a pixel's levels, the mean over its channels, stretched from black, the least, to white.
    """
    values = faces.astype(np.float32)
    spread = values.std(axis=0).mean(axis=-1, keepdims=True)
    low, high = float(spread.min()), float(spread.max())
    stretched = 255 * (spread - low) / max(high - low, 1e-6)
    return np.rint(values.mean(axis=0)).astype(np.uint8), np.rint(stretched).astype(np.uint8)


def as_data_url(face: np.ndarray, side: int) -> str:
    """Return a face as a ``data:`` URL of a JPEG of ``side`` pixels."""
    levels = np.ascontiguousarray(face[..., 0] if face.shape[-1] == 1 else face)
    data = io.BytesIO()
    Image.fromarray(levels).convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
