"""What a figure draws on a scale is read back from the picture, by the scale's own ticks, and is what was stored."""

import re

import numpy as np
import pytest
from synthetic_scores import synthetic_score

from fecemo.evaluation.cell_metrics.groups import GroupColumn, GroupScore, groups_figure
from fecemo.evaluation.cell_metrics.probes import Probes, probes_figure
from fecemo.evaluation.figures.scores import Bar, overview_figure
from fecemo.evaluation.probing.probe import ProbeScore
from fecemo.evaluation.records.score import Interval

SCORE = synthetic_score("supervised", "rgb")


class Drawn:
    """Dots and lines of a picture in the numbers of its horizontal scale."""

    def __init__(self, svg: str) -> None:
        texts = [(float(x), float(y), text) for x, y, text in re.findall(
            r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>([\d.]+)</text>', svg)]
        lowest = max(y for _, y, _ in texts)
        places, numbers = zip(*[(x, float(text)) for x, y, text in texts if y == lowest], strict=True)
        step, start = np.polyfit(places, numbers, 1)
        self.printed = [text for _, y, text in texts if y < lowest]
        self.dots = [step * float(x) + start for x in re.findall(r'<use [^>]*x="([\d.]+)"', svg)]
        self.lines = [(step * float(a) + start, step * float(b) + start) for a, b in re.findall(
            r'<path d="M ([\d.]+) [\d.]+\s+L ([\d.]+) [\d.]+\s*" [^>]*stroke: (?!var)', svg)]

    def assert_lines(self, *expected: tuple[float, float]) -> None:
        assert self.lines == [pytest.approx(line, abs=1e-4) for line in expected]


def test_accuracies_stand_at_their_values_with_interval_chance_and_what_was_published():
    interval, chance = SCORE.intervals["accuracy"], SCORE.chance
    drawn = Drawn(overview_figure([("Supervised", [Bar("RGB", SCORE.accuracy, interval.low, interval.high, 0.5615),
                                                   Bar("Grayscale")])],
                                  uniform=chance.uniform, majority=chance.majority))
    assert drawn.dots == pytest.approx([0.5615, SCORE.accuracy], abs=1e-4)
    drawn.assert_lines((interval.low, interval.high), (chance.uniform, chance.uniform),
                       (chance.majority, chance.majority))


def test_probes_stand_at_their_balanced_accuracies():
    def answered(balanced):
        return ProbeScore(accuracy=0.9, balanced_accuracy=balanced, intervals={
            "accuracy": Interval(0.8, 1.0), "balanced_accuracy": Interval(balanced - 0.05, balanced + 0.04)})

    drawn = Drawn(probes_figure(Probes(
        labels=400, n_scored=90, chance=0.2, majority=0.3, length=5, used=5, penalty=1.0, metric="cosine",
        neighbours=20, linear=answered(0.6), nearest=answered(0.4)), SCORE))
    bounds = SCORE.intervals["balanced_accuracy"]
    assert drawn.dots == pytest.approx([SCORE.balanced_accuracy, 0.4, 0.6], abs=1e-4)
    assert drawn.printed == [f"{SCORE.balanced_accuracy:.3f}"[1:], ".400", ".600"]
    drawn.assert_lines((bounds.low, bounds.high), (0.35, 0.44), (0.55, 0.64), (0.2, 0.2))


def test_groups_stand_at_their_accuracies_and_a_small_one_is_a_ring():
    def group(name, n, accuracy):
        return GroupScore(name, n, n < 30, accuracy, 0.9, 0.9, {"accuracy": Interval(accuracy - 0.1, accuracy + 0.2)})

    svg = groups_figure("cell", GroupColumn("age", 0, (group("old", 70, 0.5), group("young", 29, 0.3))), SCORE)
    drawn = Drawn(svg)
    assert drawn.dots == pytest.approx([0.5, 0.3], abs=1e-4)
    assert drawn.printed == ["70", "29"]
    drawn.assert_lines((0.4, 0.7), (0.2, 0.5), (SCORE.accuracy, SCORE.accuracy),
                       (SCORE.chance.majority, SCORE.chance.majority))
    assert [("fill-opacity: 0" in style) for style in re.findall(r'<use [^>]*style="([^"]+)"', svg)] == [False, True]
