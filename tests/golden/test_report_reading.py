import re
from dataclasses import replace

import pytest
from markupsafe import Markup
from synthetic_scores import COLUMNS, HITS, ROWS, synthetic_results, synthetic_score

from fecemo.evaluation.cells import CellRecords
from fecemo.evaluation.records.score import Chance, ClassScore, Interval
from fecemo.evaluation.report.reading import Lookup, first_sentence, read_cell, read_run
from fecemo.evaluation.result_rows import cell_rows, verdict
from fecemo.evaluation.results import results_of
from fecemo.evaluation.writers import grids_of


def plain(lines: list[Markup]) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", sentence) for sentence in lines)


@pytest.mark.parametrize(("accuracy", "balanced", "expected"), [
    ((0.30, 0.40), (0.30, 0.40), 1),
    ((0.25, 0.35), (0.20, 0.30), 0.5),  # tells emotions apart, yet "always happy" scores .26
    ((0.22, 0.30), (0.10, 0.15), 0),
    ((0.10, 0.14), (0.10, 0.14), 0),  # covers the uniform guess
    ((0.02, 0.10), (0.02, 0.10), -1),
    ((0.13, 0.20), (0.10, 0.14), 0),  # between the two guesses
    ((0.26, 0.30), (0.10, 0.15), 0),  # touches the majority's share
])
def test_verdict_compares_whole_intervals_with_guessing(accuracy, balanced, expected):
    score = replace(synthetic_score("supervised", "rgb"), chance=Chance(0.125, 0.26),
                    intervals={"accuracy": Interval(*accuracy), "balanced_accuracy": Interval(*balanced)})
    assert verdict(score) == expected


def test_balanced_chance_counts_only_emotions_that_were_scored():
    score = replace(synthetic_score("supervised", "rgb"), chance=Chance(0.125, 0.6),
                    intervals={"accuracy": Interval(0.4, 0.5), "balanced_accuracy": Interval(0.3, 0.4)})
    assert verdict(score) == 0.5
    two = {emotion: ClassScore(10 * (number < 2), 0) for number, emotion in enumerate(score.emotions)}
    assert verdict(replace(score, classes=two)) == 0


def read(score):
    """Return what is said of one score."""
    heading = {heading_of.name: heading_of for heading_of in (*ROWS, *COLUMNS)}
    cell = CellRecords(heading[score.approach], heading[score.variant], score=score)
    return plain(read_cell(Lookup(results_of(cell_rows(cell, seed=7))), score))


def read_all(results):
    return plain(read_run(Lookup(results), ROWS, COLUMNS))


def opening(results):
    return plain([first_sentence(Lookup(results), ROWS, COLUMNS, 8)])


def test_a_cell_says_its_best_and_worst_emotion_and_what_it_never_answers():
    score = synthetic_score("supervised", "rgb")
    lines = read(score)
    assert "It recognises neutral most often (.938) and contempt least (.406)." in lines
    assert "never answers" not in lines
    silent = {**score.classes, "sad": replace(score.classes["sad"], answered=0)}
    assert "It never answers sad." in read(replace(score, classes=silent))


def test_an_abstaining_cell_says_so_and_an_oracle_is_called_an_upper_bound():
    lines = read(synthetic_score("conv_autoencoder", "gray"))
    assert "44 of 344 scored faces fell into clusters without a class and count as wrong." in lines
    assert "Upper bound, not a result" in lines
    assert "the best names that name each class once" in lines
    assert "Upper bound" not in read(synthetic_score("supervised", "gray"))


def test_the_first_sentence_states_the_best_accuracy_and_chance():
    assert opening(synthetic_results()) == (
        "Accuracy on 344 labelled faces of 8 classes, where guessing gives .125 and always naming the most frequent "
        "class .186. Best: Supervised on Cropped faces, .840 (.801 to .879), from 1,200 labels for training, 0 for "
        "choosing settings and 0 for naming.")


def test_the_table_is_read_from_its_numbers():
    lines = read_all(synthetic_results())
    assert ("Not significantly different from chance: Stacked autoencoder (RGB, Grayscale), Stacked convolutional "
            "autoencoder (RGB).") in lines
    assert "Below chance: Stacked convolutional autoencoder (Grayscale)." in lines
    assert "Above chance, with their whole interval: Stacked autoencoder (Cropped), Stacked convolutional " \
           "autoencoder (Cropped), Semi-supervised (all 3), Supervised (all 3)." in lines
    assert "Ahead of every other approach on RGB, Grayscale and Cropped faces: Supervised." in lines
    assert "Supervised: Cropped faces (.840) are ahead of RGB faces (.712)." in lines
    assert "Semi-supervised: Grayscale faces (.590) are ahead of RGB faces (.488)." in lines
    alone = read_all(synthetic_results(compared=False))  # by the intervals of each cell alone
    assert "The variants of Semi-supervised cannot be told apart" in alone
    assert "Of 12 cells with a published figure, 3 hold it within their interval, 8 are above it and 1 below." in lines


def test_the_highest_is_that_of_the_mean_where_cells_ran_with_several_seeds():
    rows = []
    for variant, other in (("tight", 0.5), ("gray", 0.9)):  # of the first seed, .840 and less
        score = synthetic_score("supervised", variant)
        second = replace(score, seed=8, accuracy=other)
        column = next(heading_of for heading_of in COLUMNS if heading_of.name == variant)
        rows += cell_rows(CellRecords(ROWS[3], column, score=score), seed=7, further=[second])
    first = synthetic_score("supervised", "gray").accuracy
    mean, deviation = (first + 0.9) / 2, (0.9 - first) / 2 ** 0.5
    lines = opening(results_of(rows))
    assert f"Supervised on Grayscale faces, {mean:.3f} ± {deviation:.3f} over 2 seeds".replace("0.", ".") in lines


def test_a_table_with_missing_cells_claims_nothing_of_them():
    done = ("supervised", "gray")
    missing = [cell for cell in HITS if cell[1] == "rgb" and cell[0] != "semi_supervised"]
    lookup = Lookup(synthetic_results(missing=tuple(missing)))
    first, read = plain([first_sentence(lookup, ROWS, COLUMNS, 8, missing)]), plain(
        read_run(lookup, ROWS, COLUMNS, missing))
    assert f"Best of the {len(HITS) - len(missing)} cells that are done: Supervised on Cropped" in first
    assert "Ahead of every other approach on Grayscale and Cropped faces: Supervised." in read  # whole columns
    missing = [cell for cell in HITS if cell[1] == "gray" and cell not in (done, ("semi_supervised", "gray"))]
    read = plain(read_run(Lookup(synthetic_results(missing=tuple(missing))), ROWS, COLUMNS, missing))
    assert "Ahead of every other approach on RGB and Cropped faces: Supervised." in read
    assert "Ahead of every other approach of those that are done on Grayscale faces: Supervised." in read


def test_scores_on_unequal_numbers_of_faces_say_so_beside_each():
    fewer = replace(synthetic_score("supervised", "rgb"), n_scored=200)
    results = synthetic_results(changed={("supervised", "rgb"): fewer}, compared=False)
    assert opening(results).startswith("Accuracy on labelled faces (their number n is beside each score; 344 for the")
    (grid, *_), = [grids_of("table1", results)[0]]
    beside = {names[0]: [cell.plain_beside.partition(", n = ")[2] for cell in cells] for names, cells in grid.lines}
    assert beside["Supervised"] == ["200", "344", "344"]
    even = grids_of("table1", synthetic_results())[0][0]
    assert not any("n =" in cell.plain_beside for _, cells in even.lines for cell in cells)


def test_an_empty_table_has_nothing_to_read():
    empty = synthetic_results(missing=tuple(HITS))
    assert read_all(empty) == "No cell has run yet, so there is nothing to read."
    assert opening(empty) == "No cell has run yet."
    assert "published" not in read_all(synthetic_results(with_published=False))


def test_the_bound_that_is_printed_holds_for_every_naming():
    # On uneven faces a vote may beat the best one-to-one names, so that only the purity bounds what naming can reach.
    score = synthetic_score("dense_autoencoder", "tight")
    score = replace(score, clusters=replace(score.clusters, oracle_accuracy=0.05))
    assert score.clusters.purity > score.accuracy > score.clusters.oracle_accuracy
    results = results_of(cell_rows(CellRecords(ROWS[0], COLUMNS[2], score=score, clustered=True), seed=7))
    assert "the best name for every group would reach .298; no way of naming" in read_all(results)
