"""Words for expressions: the operator's golden numbers, the table, phrases."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from fecemo.archive.spreading import normalized, spread
from fecemo.archive.words import EMOTIONS, emotion_words, known_form, nearest_known, read_query, shares_of
from fecemo.data.manifests import shipped
from fecemo.errors import InputError

PATH = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
WORDS = {
    "anger": "furious rage irritated annoyed mad outraged wrath fury enraged infuriated resentful hostile scowl "
             "exasperated",
    "happy": "joyful delighted cheerful glad merry elated smiling laughing grin pleased ecstatic jolly bliss",
    "sad": "gloomy weeping crying sorrowful unhappy grief miserable melancholy mournful depressed tearful heartbroken",
    "fear": "terrified scared afraid frightened panic horror dread anxious alarmed terror fright",
    "surprise": "startled astonished amazed shocked stunned astonishment amazement dumbfounded flabbergasted",
    "disgust": "revolted nauseated repulsed repelled loathing aversion sickened revulsion distaste repugnance",
    "contempt": "scornful disdain scorn sneer disdainful despise derision haughty",
    "neutral": "calm expressionless indifferent blank impassive deadpan emotionless unemotional",
}


def test_activation_of_a_path_is_the_exponential_of_its_matrix():
    np.testing.assert_allclose(spread(sparse.csr_array(PATH), np.eye(3), 1.0),
                               [[1.589092, 1.368299, 0.589092], [1.368299, 2.178184, 1.368299],
                                [0.589092, 1.368299, 1.589092]], atol=1e-6)


def test_activation_as_cosines_of_a_path():
    """Divided by the activations of both ends by themselves, so that a hub is no nearer to all than others are."""
    activation = spread(sparse.csr_array(PATH), np.eye(3), 1.0)
    cosines = activation / np.sqrt(np.outer(activation.diagonal(), activation.diagonal()))
    np.testing.assert_allclose(cosines[0], [1, 0.73546, 0.37071], atol=1e-5)


def test_a_hub_shares_out_what_it_passes_on():
    star = sparse.csr_array(np.array([[0.0, 2, 2, 0], [2, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(normalized(star).toarray()[0], [0, 1 / np.sqrt(2), 1 / np.sqrt(2), 0])
    assert np.isfinite(normalized(star).toarray()).all()


def test_most_of_85_words_reach_their_emotion():
    listed = [(word, emotion) for emotion, words in WORDS.items() for word in words.split()]
    assert len(listed) == 85
    right = [word for word, emotion in listed
             if (shares := shares_of(word)) is not None and EMOTIONS[int(shares.argmax())] == emotion]
    assert len(right) >= 80, sorted({word for word, _ in listed} - set(right))
    assert {"calm", "irritated", "horror"} <= set(right)


def test_shares_are_shares():
    for word in ("furious", "smile", "pout"):
        assert shares_of(word).sum() == pytest.approx(1, abs=0.1)
    assert shares_of("furious")[EMOTIONS.index("anger")] > 0.9


@pytest.mark.parametrize(("word", "form"), [("Furious", "furious"), ("sobbed", "sob"), ("repelled", "repel"),
                                            ("smiles", "smile"), ("worries", "worry"), ("bicycle", None), ("", None)])
def test_inflections_are_understood(word, form):
    assert known_form(word) == form


def test_an_unknown_word_says_so_and_what_is_near():
    with pytest.raises(InputError, match=r"'furios' is not known, nearest: furious"):
        read_query("furios", EMOTIONS)
    with pytest.raises(InputError, match="no word for one"):
        read_query("a face of", EMOTIONS)
    query = read_query("furious bicycle", EMOTIONS)
    assert [word.word for word in query.words] == ["furious"]
    assert list(query.unknown) == ["bicycle"]
    assert "happy" in nearest_known("hapy")


def test_a_phrase_is_the_sum_of_its_words():
    query = read_query("furious and sad", EMOTIONS)
    expected = shares_of("furious")
    expected[EMOTIONS.index("sad")] += 1
    np.testing.assert_allclose(query.weights, expected)


def test_a_negation_weighs_against():
    classes = ("neutral", "happy", "surprise")
    query = read_query("happy but not surprised", classes)
    assert query.weights.tolist() == [0, 1, -1]
    np.testing.assert_allclose(read_query("isn't happy", classes).weights, [0, -1, 0])


def test_a_phrase_calls_for_the_labels_that_weigh_most():
    def called(phrase):
        return [emotion for emotion, is_called in zip(EMOTIONS, read_query(phrase, EMOTIONS).called, strict=True)
                if is_called]

    assert shares_of("furious")[EMOTIONS.index("contempt")] < 0.5
    assert called("furious") == ["anger"]
    assert called("happy and sad but not surprised") == ["happy", "sad"]
    assert called("not happy") == []


def test_a_run_has_classes_of_its_own():
    query = read_query("upset", ("upset", "happiness"))
    assert query.weights.tolist() == [1, 0]
    assert read_query("joyful", ("upset", "happiness")).weights[1] > 0.9
    assert read_query("not a face", ("not a face", "happy")).weights.tolist() == [1, 0]


def test_the_table_is_small_and_its_notice_beside_it():
    path = Path(shipped("words/emotion_words.csv"))
    assert path.stat().st_size < 200_000
    assert len(emotion_words()) > 4000
    assert "Princeton University" in (path.parent / "WORDNET_LICENSE.txt").read_text()
