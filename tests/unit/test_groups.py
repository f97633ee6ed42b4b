"""Groups: figures and differences by hand, and what luck alone gives."""

import numpy as np
import pytest
from cell_evidence import N, cell_evidence

from fecemo.errors import InputError
from fecemo.evaluation.cell_metric import read_records
from fecemo.evaluation.cell_metrics.groups import (
    METRIC,
    SMALL,
    group_differences,
    group_names,
    measure_groups,
    score_groups,
)
from fecemo.evaluation.settings import EvaluationSettings, Resampling

TWO = ("happy", "sad")
SETTINGS = Resampling(200, 0.95, 1)


def faces(*cells):
    """Return truth and predictions of (truth, prediction, times)."""
    truth = np.concatenate([np.full(times, truth) for truth, _, times in cells])
    return truth, np.concatenate([np.full(times, prediction) for _, prediction, times in cells])


def test_differences_by_hand():
    # Rows happy and sad; columns happy, sad and no answer. A: 8 of 10 right. B: 5 of 10.
    counts = np.array([[[4, 1, 0], [1, 4, 0]], [[2, 2, 1], [1, 3, 1]]])
    result = group_differences(counts)
    assert result["accuracy_gap"][0] == pytest.approx(0.8 - 0.5)
    # F1 of A: .8 and .8. Of B: happy 2·2 / (5 + 3) = .5, sad 2·3 / (5 + 5) = .6.
    assert result["macro_f1_gap"][0] == pytest.approx(0.8 - 0.55)
    # Happy is given to 5/10 and 3/10, sad to 5/10 and 5/10.
    np.testing.assert_allclose(result["demographic_parity"][1], [0.2, 0])
    # Happy: true positives 4/5 and 2/5, false positives 1/5 and 1/5. Sad: 4/5 and 3/5, 1/5 and 2/5.
    np.testing.assert_allclose(result["equalised_odds"][1], [0.4, 0.2])
    assert result["equalised_odds"][0] == pytest.approx(0.4)


def test_an_emotion_that_one_group_lacks_is_compared_where_it_can_be():
    # B shows no happy face: its true positive rate is not defined. Its false positive rate is 2/4, that of A 0.
    counts = np.array([[[2, 0, 0], [0, 2, 0]], [[0, 0, 0], [2, 2, 0]]])
    np.testing.assert_allclose(group_differences(counts)["equalised_odds"][1][0], 0.5)
    # Neither group shows anything but happy: no false positive rate of it is defined, and nothing differs.
    np.testing.assert_allclose(group_differences(np.array([[[2, 0, 0], [0, 0, 0]]] * 2))["equalised_odds"][0], 0)


def test_equal_groups_have_no_gap_and_an_unfair_answer_is_more_than_luck():
    truth, prediction = faces(("happy", "happy", 60), ("sad", "sad", 60), ("happy", "happy", 60), ("sad", "happy", 60))
    groups = np.repeat(["old", "young"], 120)
    result = score_groups("age", groups, truth, prediction, TWO, SETTINGS)
    assert result is not None
    accuracies = {group.name: group.accuracy for group in result.groups}
    assert accuracies == {"old": 1, "young": 0.5}
    for name, value in (("accuracy_gap", 0.5), ("demographic_parity", 0.5), ("equalised_odds", 1.0)):
        difference = result.differences[name]
        assert difference.value == pytest.approx(value)
        assert difference.low <= difference.value <= difference.high
        assert difference.value > difference.luck
    fair = score_groups("age", np.tile(["old", "young"], 120), truth, prediction, TWO, SETTINGS)
    assert fair is not None
    assert fair.differences["accuracy_gap"].value == 0


def test_luck_is_what_groups_drawn_at_random_show():
    rng = np.random.default_rng(0)
    truth = rng.choice(TWO, 300)
    prediction = np.where(rng.random(300) < 0.7, truth, "sad")
    above = 0
    for seed in range(20):
        groups = np.random.default_rng(seed).choice(["a", "b", "c"], 300)
        result = score_groups("x", groups, truth, prediction, TWO, Resampling(20, 0.95, 1))
        assert result is not None
        above += result.differences["accuracy_gap"].value > result.differences["accuracy_gap"].luck
    assert above <= 4  # one in twenty is to be expected


def test_a_small_group_is_flagged_and_makes_no_gap():
    truth, prediction = faces(("happy", "happy", 100), ("sad", "happy", SMALL - 1))
    groups = np.r_[np.full(100, "many"), np.full(SMALL - 1, "few")]
    result = score_groups("age", groups, truth, prediction, TWO, SETTINGS)
    assert result is not None
    assert [(group.name, group.small) for group in result.groups] == [("many", False), ("few", True)]
    assert result.differences == {}


def test_unknown_groups_are_counted_and_none_are_known_is_nothing():
    truth, prediction = faces(("happy", "happy", 40), ("sad", "sad", 40))
    result = score_groups("age", np.r_[np.full(40, ""), np.full(40, "x")], truth, prediction, TWO, SETTINGS)
    assert result is not None
    assert (result.unknown, len(result.groups), result.groups[0].n_scored) == (40, 1, 40)
    assert score_groups("age", np.full(80, ""), truth, prediction, TWO, SETTINGS) is None


def test_an_abstention_counts_as_wrong_in_its_group():
    truth, prediction = faces(("happy", "happy", 20), ("happy", "", 20))
    result = score_groups("age", np.full(40, "x"), truth, prediction, TWO, SETTINGS)
    assert result is not None
    assert result.groups[0].accuracy == 0.5


def test_numbers_become_groups():
    assert group_names(np.array([1.0, 2.0, np.nan])).tolist() == ["1", "2", ""]
    ages = np.r_[np.arange(30.0), np.nan]
    names, counts = np.unique(group_names(ages), return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {
        "": 1, "0 to 10": 10, "10 to 19": 10, "19 to 29": 10}
    assert group_names(np.array(["a", ""])).tolist() == ["a", ""]


def test_a_cell_names_its_groups_and_a_wrong_name_is_refused(tmp_path):
    columns = {"age": np.arange(N) % 3.0, "light": np.zeros(N)}
    result = measure_groups(cell_evidence(columns=columns, settings=EvaluationSettings(bootstrap=20, groups=("age",))))
    assert result is not None
    assert [column.name for column in result.columns] == ["age"]
    METRIC.record.write(tmp_path, result)
    assert read_records(tmp_path)["groups"] == result
    assert measure_groups(cell_evidence(columns=columns)) is None
    with pytest.raises(InputError, match="did you mean 'age'"):
        measure_groups(cell_evidence(columns=columns, settings=EvaluationSettings(groups=("agee",))))
    with pytest.raises(InputError, match="about_faces"):
        measure_groups(cell_evidence(settings=EvaluationSettings(groups=("age",))))
