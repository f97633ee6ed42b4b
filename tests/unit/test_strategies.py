"""Ways of spending a person's acts, on piles of which is known what each must reach."""

import numpy as np
import pytest

from fecemo.clustering.settings import CostCurveSettings, KMeansSettings
from fecemo.clustering.softmax import OffsetSoftmax
from fecemo.clustering.strategies.labels import of_each_class, rounds
from fecemo.clustering.strategies.training import quotas
from fecemo.clustering.strategy import Person, Pile, strategies
from fecemo.evaluation.figures.cost import REFERENCES

CLASSES = ("calm", "glad", "cross", "sad")
EACH = 30


def planted(spread=0.1, suggestions=None, seed=0):
    """Return a pile of four tight groups far from each other, a class each, its labels, and those of scored faces."""
    rng = np.random.default_rng(1)
    labels = np.repeat(CLASSES, EACH)
    vectors, scored = (np.repeat(np.eye(4) * 5, EACH, axis=0) + rng.normal(scale=spread, size=(4 * EACH, 4))
                       for _ in range(2))
    vectors, scored = vectors.astype(np.float32), scored.astype(np.float32)
    pile = Pile(vectors, scored, vectors, scored, CLASSES, KMeansSettings(n_init=3), seed, suggestions)
    return pile, labels, labels


def spend(name, acts, pile, labels, **options):
    person = Person(labels, CLASSES, pile.seed, **options)
    return strategies()[name].answer(pile, person, acts), person


@pytest.mark.parametrize(("name", "acts", "named", "labelled"), [
    ("looks", 4, 4, 0), ("looks", 12, 12, 0), ("few_labels", 20, 0, 20), ("self_training", 4, 4, 0),
    ("random_labels", 40, 0, 40), ("typical_labels", 4, 0, 4), ("unsure_labels", 16, 0, 16),
    ("typical_then_unsure", 17, 0, 17),
    ("taught_names", 8, 8, 0), ("names_and_labels", 16, 4, 12),
    ("names_and_unsure_labels", 16, 4, 12)])
def test_groups_of_one_class_are_all_told_at_exactly_the_acts_that_were_counted(name, acts, named, labelled):
    pile, labels, truth = planted()
    answers, person = spend(name, acts, pile, labels, shown=10)
    assert (answers == truth).all()
    assert (person.clusters_named, person.faces_labelled, person.acts) == (named, labelled, acts)
    assert person.labels_behind_looks == (sum(min(10, size) for size in pile.clustering(named).sizes) if named else 0)


def test_no_strategy_spends_more_than_it_may_or_answers_without_an_act_what_nobody_suggested():
    pile, labels, _ = planted()
    for name in strategies():
        for acts in (0, 1, 3, 9):
            answers, person = spend(name, acts, pile, labels)
            assert person.acts <= acts
            assert answers is None or acts


def test_all_labels_are_each_asked_for_once():
    pile, labels, truth = planted()
    answers, person = spend("random_labels", 4 * EACH, pile, labels)
    assert person.faces_labelled == 4 * EACH
    assert (answers == truth).all()


def test_a_look_names_a_mixed_cluster_by_what_most_faces_show_or_by_what_is_rare_elsewhere():
    labels = np.array(["calm"] * 6 + ["sad"] * 4 + ["calm"] * 10)
    mixed, pure = np.arange(10), np.arange(10, 20)
    person = Person(labels, CLASSES, 0, shown=24)
    first, second = person.look([mixed, pure])
    assert (first.name, first.share, second.name, second.share) == ("calm", 0.6, "calm", 1)
    # Shown were 16 calm faces and 4 sad ones: 6/17 against 4/5, and 6/√17 against 4/√5.
    for exponent in (1.0, 0.5):
        person = Person(labels, CLASSES, 0, shown=24, rare_class_exponent=exponent)
        assert [look.name for look in person.look([mixed, pure])] == ["sad", "calm"]
    assert (person.clusters_named, person.labels_behind_looks) == (2, 20)


def test_clusters_take_the_name_that_is_suggested_for_most_of_their_faces():
    suggested = np.log(np.repeat(np.full((4, 4), 0.1) + 0.6 * np.eye(4), EACH, axis=0))
    suggested[::3] = suggested[::3, ::-1]  # a third of the faces of each group is suggested wrongly
    pile, labels, truth = planted(suggestions={"drawn_faces": (suggested, suggested)})
    answers, person = spend("drawn_faces", 0, pile, labels)
    assert (answers == truth).all()
    assert person.acts == 0
    assert spend("action_units", 0, pile, labels)[0] is None
    assert spend("drawn_faces", 8, pile, labels)[0] is None


def test_rare_classes_are_sought_as_often_as_frequent_ones():
    logs = np.log(np.array([[0.9, 0.05, 0.05]] * 90 + [[0.7, 0.28, 0.02]] * 5 + [[0.7, 0.02, 0.28]] * 5))
    chosen = of_each_class(logs, 9)
    assert len(set(chosen.tolist())) == 9
    assert [(chosen[turn::3] // 5).tolist() for turn in (1, 2)] == [[18, 18, 18], [19, 19, 19]]


def test_the_figure_tells_apart_strategies_that_there_are():
    assert set(REFERENCES) <= {strategy.title for strategy in strategies().values()}


def test_rounds_spend_every_act_and_grow():
    assert list(rounds(20)) == [8, 8, 4]
    assert list(rounds(40, first=20)) == [20, 8, 8, 4]
    assert sum(rounds(2400)) == 2400
    assert len(list(rounds(2400))) < 40


def test_quotas_follow_the_named_faces_and_are_evened():
    names = np.array(["calm"] * 90 + ["glad"] * 10)
    assert quotas(names, CLASSES, even=0) == pytest.approx([0.9, 0.1, 0, 0])
    assert quotas(names, CLASSES, even=1) == pytest.approx([0.5, 0.5, 0, 0])
    assert quotas(names, CLASSES, even=0.5) == pytest.approx([0.75, 0.25, 0, 0])  # √90 : √10 = 3 : 1


def test_a_regularised_classifier_says_what_its_offset_says_and_learns_from_labels_where_it_may():
    rng = np.random.default_rng(0)
    labels = np.array(CLASSES)[np.arange(80) % 4]
    values = np.eye(4)[np.arange(80) % 4] + rng.normal(scale=0.1, size=(80, 4))
    wrong = np.log(np.full((80, 4), 0.1) + 0.6 * np.eye(4)[(np.arange(80) + 1) % 4])
    held, free = (OffsetSoftmax(CLASSES, penalty).fit(values, labels, wrong) for penalty in (1e-6, 10.0))
    assert (held.predict(values, wrong) == np.array(CLASSES)[(np.arange(80) + 1) % 4]).all()
    assert (free.predict(values, wrong) == labels).all()
    assert np.exp(free.log_proba(values, wrong)).sum(axis=1) == pytest.approx(1)


def test_a_classifier_is_that_of_scikit_learn_and_never_answers_a_class_that_nobody_showed():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    labels = np.array(CLASSES)[rng.choice(3, 90, p=[0.6, 0.3, 0.1])]
    values = rng.normal(size=(90, 5)) + 0.7 * (labels == "glad")[:, None]
    model = OffsetSoftmax(CLASSES, 0.5).fit(values, labels)
    peer = LogisticRegression(C=0.5, class_weight="balanced", tol=1e-8, max_iter=1000).fit(values, labels)
    columns = [CLASSES.index(name) for name in peer.classes_]
    assert np.exp(model.log_proba(values)[:, columns]) == pytest.approx(peer.predict_proba(values), abs=2e-3)
    assert np.isneginf(model.log_proba(values)[:, 3]).all()


@pytest.mark.parametrize(("settings", "message"), [
    ({"acts": (8, 8)}, "acts must be different numbers"), ({"strategies": ("look",)}, "no strategy 'look'.*looks"),
    ({"seconds_per_face": 0.0}, "seconds_per_face must be above 0"), ({"seeds": 0}, "seeds must be at least 1")])
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CostCurveSettings(**settings)
