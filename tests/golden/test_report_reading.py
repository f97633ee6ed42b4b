import re
from dataclasses import replace

import pytest
from markupsafe import Markup
from synthetic_scores import synthetic_score, synthetic_table

from fecemo.evaluation.metrics.seeds import spread_over_seeds
from fecemo.evaluation.metrics.verdict import Verdict, verdict
from fecemo.evaluation.records.score_parts import Chance, ClassScore, Interval
from fecemo.evaluation.report.reading import read_cell, read_table


def plain(said: list[Markup]) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", sentence) for sentence in said)


@pytest.mark.parametrize(("accuracy", "balanced", "expected"), [
    ((0.30, 0.40), (0.30, 0.40), Verdict.ABOVE),
    ((0.25, 0.35), (0.20, 0.30), Verdict.PARTLY),  # tells emotions apart, yet "always happy" scores .26
    ((0.22, 0.30), (0.10, 0.15), Verdict.AT),
    ((0.10, 0.14), (0.10, 0.14), Verdict.AT),  # covers the uniform guess
    ((0.02, 0.10), (0.02, 0.10), Verdict.BELOW),
    ((0.13, 0.20), (0.10, 0.14), Verdict.AT),  # between the two guesses
    ((0.26, 0.30), (0.10, 0.15), Verdict.AT),  # touches the majority's share
])
def test_verdict_compares_whole_intervals_with_guessing(accuracy, balanced, expected):
    score = replace(synthetic_score("supervised", "rgb"), chance=Chance(0.125, 0.26),
                    intervals={"accuracy": Interval(*accuracy), "balanced_accuracy": Interval(*balanced)})
    assert verdict(score) is expected


def test_balanced_chance_counts_only_emotions_that_were_scored():
    score = replace(synthetic_score("supervised", "rgb"), chance=Chance(0.125, 0.6),
                    intervals={"accuracy": Interval(0.4, 0.5), "balanced_accuracy": Interval(0.3, 0.4)})
    assert verdict(score) is Verdict.PARTLY
    two = {emotion: ClassScore(10 * (number < 2), 0) for number, emotion in enumerate(score.emotions)}
    assert verdict(replace(score, classes=two)) is Verdict.AT


def test_a_cell_says_its_best_and_worst_emotion_and_what_it_never_answers():
    said = plain(read_cell(synthetic_score("supervised", "rgb")))
    assert "It recognises neutral most often (.938) and contempt least (.406)." in said
    assert "never answers" not in said
    score = synthetic_score("supervised", "rgb")
    silent = {**score.classes, "sad": replace(score.classes["sad"], answered=0)}
    assert "It never answers sad." in plain(read_cell(replace(score, classes=silent)))


def test_an_abstaining_cell_says_so_and_an_oracle_is_called_an_upper_bound():
    said = plain(read_cell(synthetic_score("conv_autoencoder", "gray")))
    assert "44 of 344 scored faces fell into clusters without an emotion and count as wrong." in said
    assert "Upper bound, not a result" in said
    assert "The best names with each emotion once, which names that repeat one can beat, reach" in said
    assert "Upper bound" not in plain(read_cell(synthetic_score("supervised", "gray")))


def test_the_table_is_read_from_its_numbers():
    said = plain(read_table(synthetic_table()))
    assert said.startswith("Highest: Supervised on Cropped faces, .840 (.801 to .879), scored on 344 faces. "
                           "It read 1,200 labels for training, 0 for choosing settings and 0 for naming.")
    assert "At chance: Stacked autoencoder (RGB, Grayscale), Stacked convolutional autoencoder (RGB)." in said
    assert "Below chance: Stacked convolutional autoencoder (Grayscale)." in said
    assert "Above chance, with their whole interval: Stacked autoencoder (Cropped), Stacked convolutional " \
           "autoencoder (Cropped), Semi-supervised (all 3), Supervised (all 3)." in said
    assert "Ahead of every other approach on RGB, Grayscale and Cropped faces: Supervised." in said
    assert "Supervised: Cropped faces (.840) are ahead of RGB faces (.712)." in said
    assert "Semi-supervised: Grayscale faces (.590) are ahead of RGB faces (.488)." in said
    alone = plain(read_table(synthetic_table(compared=False)))  # by the intervals of each cell alone
    assert "The variants of Semi-supervised are not told apart" in alone
    assert "Of 12 cells with a published figure, 3 hold it within their interval, 8 lie above it and 1 below." in said


def test_the_highest_is_that_of_the_mean_where_cells_ran_with_several_seeds():
    table = synthetic_table()
    lucky, steady = ("supervised", "tight"), ("supervised", "gray")  # of the first seed, .840 and less
    spreads = {cell: spread_over_seeds([table.scores[cell], replace(
        table.scores[cell], seed=8, accuracy=other)]) for cell, other in ((lucky, 0.5), (steady, 0.9))}
    said = plain(read_table(replace(table, spreads=spreads)))
    first = table.scores[steady].accuracy
    assert first < table.scores[lucky].accuracy
    mean, deviation = (first + 0.9) / 2, (0.9 - first) / 2 ** 0.5
    assert said.startswith(f"Highest: Supervised on Grayscale faces, {mean:.3f}".replace("0.", ".")
                           + f" ± {deviation:.3f} over 2 seeds; of these, seed 7 has {first:.3f} (".replace("0.", "."))
    assert "What follows is of the first seed of the recipe." in said
    assert "first seed" not in plain(read_table(table))


def test_an_empty_table_has_nothing_to_read():
    empty = replace(synthetic_table(), scores={})
    assert plain(read_table(empty)) == "No cell has run yet, so there is nothing to read."
    assert "published" not in plain(read_table(synthetic_table(with_published=False)))


def test_the_bound_that_is_printed_holds_for_every_naming():
    # On uneven faces a vote may beat the best one-to-one names, so that only the purity bounds what naming can reach.
    score = synthetic_score("dense_autoencoder", "tight")
    score = replace(score, clusters=replace(score.clusters, oracle_accuracy=0.05))
    table = replace(synthetic_table(), scores={(score.approach, score.variant): score})
    assert score.clusters.purity > score.accuracy > score.clusters.oracle_accuracy
    assert "the best name for every named group would reach .298; no way of naming" in plain(read_table(table))
