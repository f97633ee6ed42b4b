"""The composition study: training sets of one size with changing shares of a group, met by one test set.

After Fan, Xiao and Washington, "Addressing Racial Bias in Facial Emotion Recognition" (2023), who sub-sample training
sets to varied distributions. Their text was not at hand: sizes, shares and the form of parity are our choice.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from fecemo.errors import InputError
from fecemo.evaluation.figures import svg
from fecemo.evaluation.figures.svg import INK, QUIET, pixels
from fecemo.evaluation.metrics.classification import confusion_figures
from fecemo.evaluation.metrics.parity import parity_figures
from fecemo.evaluation.printed import count, share
from fecemo.evaluation.records.score import Interval
from fecemo.evaluation.records.stored import RecordFile
from fecemo.evaluation.settings import Resampling
from fecemo.evaluation.writers import environment

FORMAT = "fecemo.composition/1"
NAME = "composition.json"
BALANCE = 0.5
TITLES = {"macro_f1": "Macro F1", "group_macro_f1": "Macro F1, mean of groups",
          "parity_ratio": "Demographic parity ratio, mean", "least_parity_ratio": "Demographic parity ratio, least",
          "parity_difference": "Demographic parity difference", "total_variation": "Total variation, mean",
          "largest_total_variation": "Total variation, largest", "equalised_odds": "Equalised odds difference"}
HEADLINES = ("macro_f1", "parity_ratio")


@dataclass(frozen=True)
class Figure:
    """A figure with its bootstrap interval over test faces and training seeds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Composition:
    """How groups fare as the share of one of them among the faces learned from changes."""

    column: str
    focus: str  #: The group whose share changes.
    learner: str
    shares: tuple[float, ...]  #: Of the focus, ascending.
    size: int  #: Faces of each training set.
    seeds: int  #: Draws of each training set, over which figures are means.
    classes: tuple[str, ...]
    groups: dict[str, int]  #: Test faces of each group.
    unknown: int  #: Test faces whose group is not known: they are not scored.
    figures: dict[str, tuple[Figure, ...]]  #: By `TITLES`, one a share.
    by_group: dict[str, tuple[Figure, ...]]  #: Macro F1 of each group, one a share.
    #: Of every figure: its value at the share nearest to a half − the mean of those at the least and the largest share.
    gains: dict[str, Figure]


def draw_composition(labels: np.ndarray, in_focus: np.ndarray, shares: Sequence[float], size: int | None,
                     seed: int) -> list[np.ndarray]:
    """Draw training sets of one size, each emotion as often in all of them, with changing shares of a group.

    Parameters
    ----------
    labels : ndarray of shape (n,), str
    in_focus : ndarray of shape (n,), bool
        Whether a face is of the group whose share changes.
    shares : sequence of float
        In [0, 1].
    size : int, optional
        Faces of a set; the most that there can be without it. Emotions are in the proportions of all n faces.
    seed : int
        Sets of neighbouring shares have most faces in common.

    Returns
    -------
    list of ndarray of shape (size,), int64
        Rows, ascending.

    Raises
    ------
    InputError
        If an emotion has too few faces of either side.
    """
    rng = np.random.default_rng(seed)
    names, codes = np.unique(labels, return_inverse=True)
    sides = [[rng.permutation(np.flatnonzero((codes == code) & (in_focus == side))) for side in (True, False)]
             for code in range(len(names))]
    proportions = np.bincount(codes) / len(codes)
    room = np.array([int(min(len(focus) / max(shares) if max(shares) else np.inf,
                             len(rest) / (1 - min(shares)) if min(shares) < 1 else np.inf))
                     for focus, rest in sides])
    capacity = int(np.floor((room / proportions).min()))
    if (size is not None and size > capacity) or capacity < len(names):
        scarce = str(names[int(np.argmin(room / proportions))])
        raise InputError(f"size: {'a set' if size is None else size} is more than the faces of {scarce} allow: at most "
                         f"{capacity} in all, so that each share of the group can be drawn")
    wanted = proportions * (capacity if size is None else size)
    each = np.floor(wanted).astype(int)
    each[np.argsort(-(wanted - each), kind="stable")[: round(wanted.sum()) - each.sum()]] += 1
    each = np.minimum(each, room)
    drawn = []
    for fraction in shares:
        of_focus = np.rint(each * fraction).astype(int)
        drawn.append(np.sort(np.concatenate([np.concatenate([focus[:taken], rest[: number - taken]])
                                             for (focus, rest), taken, number in
                                             zip(sides, of_focus, each, strict=True)])))
    return drawn


def score_compositions(answers: np.ndarray, truth: np.ndarray, groups: np.ndarray, classes: Sequence[str], *,
                       column: str, focus: str, learner: str, shares: Sequence[float], size: int,
                       resampling: Resampling) -> Composition:
    """Score what was learned from each composition.

    Parameters
    ----------
    answers : ndarray of shape (s, r, n), str
        Of s shares and r draws each, for the n test faces.
    truth, groups : ndarray of shape (n,), str
        A group ``""`` is not known.
    classes : sequence of str, of length c
    column, focus, learner, shares, size
        See `Composition`.
    resampling : Resampling
        Every resample holds the same test faces for all shares, and draws among the seeds.

    Raises
    ------
    InputError
        If fewer than two groups are known.
    """
    known = groups != ""
    names, codes = np.unique(groups[known], return_inverse=True)
    if len(names) < 2:
        raise InputError(f"{column}: the test faces are of {len(names)} groups, a comparison needs two")
    n_seeds = answers.shape[1]
    code_of = {name: code for code, name in enumerate((*classes, ""))}
    c = len(classes)
    shown = np.array([code_of[label] for label in truth[known].tolist()])
    cells = np.array([[[code_of[answer] for answer in row.tolist()] for row in draws] for draws in answers[..., known]])
    cells = (codes * c + shown) * (c + 1) + cells
    n, rng, shape = int(known.sum()), np.random.default_rng(resampling.seed), (len(names), c, c + 1)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resampling.resamples)
    picked = rng.integers(n_seeds, size=(resampling.resamples, n_seeds))
    values: dict[str, list[np.ndarray]] = {}
    for draws in cells:  # a row of each: the figures themselves, then those of every resample
        counted = np.stack([np.stack([np.bincount(of_seed, weights=weight, minlength=int(np.prod(shape)))
                                      for weight in (np.ones(n), *weights)]).reshape(-1, *shape) for of_seed in draws])
        whole = parity_figures(counted) | {
            f"group {name}": confusion_figures(counted[:, :, at])["macro_f1"] for at, name in enumerate(names)}
        for name, by_seed in whole.items():
            resampled = by_seed[picked.T, 1 + np.arange(resampling.resamples)].mean(axis=0)
            values.setdefault(name, []).append(np.concatenate([by_seed[:, :1].mean(axis=0), resampled]))

    def figure(spread: np.ndarray) -> Figure:
        ends = Interval(*np.nanquantile(spread[1:], resampling.ends).tolist())
        return Figure(round(float(spread[0]), 6), round(ends.low, 6), round(ends.high, 6))

    middle = int(np.argmin(np.abs(np.asarray(shares) - BALANCE)))
    return Composition(
        column=column, focus=focus, learner=learner, shares=tuple(shares), size=size, seeds=n_seeds,
        classes=tuple(classes), groups={str(name): int((codes == at).sum()) for at, name in enumerate(names)},
        unknown=int((~known).sum()), figures={name: tuple(map(figure, values[name])) for name in TITLES},
        by_group={str(name): tuple(map(figure, values[f"group {name}"])) for name in names},
        gains={name: figure(values[name][middle] - (values[name][0] + values[name][-1]) / 2) for name in TITLES})


def to_json(study: Composition) -> str:
    """Return the whole record."""
    return json.dumps({"format": FORMAT, **asdict(study)}, indent=1, allow_nan=False) + "\n"


def read_composition(folder: Path) -> Composition:
    """Read ``composition.json``. Raises `StoredStateError` if it is missing, damaged or of another format."""
    return RecordFile(NAME, FORMAT, Composition, "composition").read(folder)


def to_csv(study: Composition) -> str:
    """Return a row for every share and figure, and one for every gain, whose share is empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("share", "figure", "group", "value", "low", "high"))
    for name, group, figures in _lines(study):
        for fraction, figure in zip(study.shares, figures, strict=True):
            table.writerow((fraction, name, group, figure.value, figure.low, figure.high))
    for name, gain in study.gains.items():
        table.writerow(("", f"gain_{name}", "", gain.value, gain.low, gain.high))
    return text.getvalue()


def _lines(study: Composition) -> list[tuple[str, str, tuple[Figure, ...]]]:
    return [*((name, "", figures) for name, figures in study.figures.items()),
            *(("macro_f1", group, figures) for group, figures in study.by_group.items())]


def to_html(study: Composition) -> str:
    """Return a page that is complete in itself and loads nothing."""
    return environment().get_template("composition.html.jinja").render(body=to_section(study))


def to_section(study: Composition) -> Markup:
    """Return what the page shows, as a part of another."""
    def written(figure: Figure, sign: str = "") -> tuple[str, str]:
        text = share(figure.value)
        return (sign if figure.value > 0 else "") + text, f"{share(figure.low)} to {share(figure.high)}"

    return Markup(environment().get_template("composition_section.html.jinja").render(
        study=study, groups=_figure("groups", "Macro F1", study, study.by_group),
        parity=_figure("parity", "Parity", study, {
            TITLES[name]: study.figures[name] for name in ("parity_ratio", "total_variation", "equalised_odds")}),
        lines=[(TITLES[name] if not group else f"Macro F1, {group}", [written(figure) for figure in figures])
               for name, group, figures in _lines(study)],
        gains=[(TITLES[name], *written(study.gains[name], "+")) for name in TITLES], headlines=[
            (TITLES[name], *written(study.gains[name], "+")) for name in HEADLINES],
        known=[(name, count(number)) for name, number in study.groups.items()]))


def _figure(name: str, quantity: str, study: Composition, lines: Mapping[str, Sequence[Figure]]) -> str:
    """Draw figures against the share of the focus, a line each with its intervals. Returns an SVG element."""
    canvas = svg.new_figure(400, 250)
    axes = canvas.add_axes((0.1, 0.17, 0.86, 0.62))
    svg.quiet_axes(axes)
    for at, (title, figures) in enumerate(lines.items()):
        tint = svg.colour(at)
        axes.fill_between(study.shares, [figure.low for figure in figures], [figure.high for figure in figures],
                          color=tint, alpha=0.15, linewidth=0)
        axes.plot(study.shares, [figure.value for figure in figures], color=tint, linewidth=pixels(2), marker="o",
                  markersize=pixels(6), label=title)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda value, _: share(value, 1) if value else "0")
    axes.set_xticks(study.shares, [share(fraction, 2) if 0 < fraction < 1 else f"{fraction:g}"
                                   for fraction in study.shares])
    axes.set_xlabel(f"share of {study.focus} among the faces learned from", color=QUIET, fontsize=pixels(10.5))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.1, 1.0), ncols=2, frameon=False, borderpad=0.2,
                fontsize=pixels(10.5), labelcolor=INK)
    spoken = "; ".join(f"{title} " + ", ".join(share(figure.value, 2) for figure in figures)
                       for title, figures in lines.items())
    return svg.as_svg(canvas, f"composition {name}", f"{quantity} at shares of {study.focus} of "
                      f"{', '.join(f'{fraction:g}' for fraction in study.shares)}: {spoken}.")
