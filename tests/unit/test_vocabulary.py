"""A house's vocabulary: what stands above names, what they count as, their keywords, and labels of several names."""

import numpy as np
import pytest

from fecemo.archive.tags import ShownNames
from fecemo.archive.words import read_query
from fecemo.data.vocabulary import Name, Term, Vocabulary, with_also
from fecemo.data.vocabulary_file import house_vocabulary, read_vocabulary
from fecemo.errors import InputError

CLASSES = ("neutral", "happy", "sad", "anger")
TABLE = """name,under,counts_as,words,keyword
upset,,,,
sad,upset,,blue; down,grief
cross,upset,anger,"mad;hopping mad",
tired,,-,,
neutral,,,,-
"""
YAML = """
names:
  upset:
  sad: {under: upset, words: [blue, down], keyword: grief}
  cross: {under: upset, counts_as: anger, words: [mad, hopping mad]}
  tired: {counts_as: "-"}
  neutral: {keyword: "-"}
"""
HOUSE = Vocabulary(names={"upset": Name(), "sad": Name(under="upset", words=("blue", "down"), keyword="grief"),
                          "cross": Name(under="upset", counts_as="anger", words=("mad", "hopping mad")),
                          "tired": Name(counts_as="-"), "neutral": Name(keyword="-")})


def test_a_table_and_yaml_say_the_same(tmp_path):
    for name, text in (("house.csv", TABLE), ("house.yaml", YAML)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert read_vocabulary(tmp_path / name) == HOUSE


def test_keywords_are_paths_in_the_house_s_words(tmp_path):
    assert Vocabulary().term("happy") == Term((("fecemo", "shows", "happy"),), "shows: happy")
    assert HOUSE.term("sad") == Term((("fecemo", "shows", "upset", "grief"),), "shows: grief")
    assert HOUSE.term("neutral") is None
    path = tmp_path / "words.yaml"
    path.write_text("prefix: [Gefühle]\nwording: 'zeigt: {}'\nnames: {happy: {keyword: Freude 😀}}\n", encoding="utf-8")
    assert read_vocabulary(path).term("happy") == Term((("Gefühle", "Freude 😀"),), "zeigt: Freude 😀")
    with pytest.raises(InputError, match="vocabulary file"):
        Vocabulary().term("up/down")


@pytest.mark.parametrize(("label", "counts"), [
    ("sad", ["sad"]), ("cross", ["anger"]), ("upset", []), ("tired", []), ("tired; cross", ["anger"]),
    ("cross; sad", ["anger", "sad"]), ("", [])])
def test_a_name_counts_as_what_is_said_or_as_itself(label, counts):
    assert list(HOUSE.counted_as(label, CLASSES)) == counts


def test_a_name_counts_as_what_stands_above_it():
    house = Vocabulary().with_name("broad smile", "happy").with_name("with teeth", "broad smile")
    assert house.counted_as("with teeth", CLASSES) == ("happy",)
    assert house.above("with teeth") == ("happy", "broad smile")


@pytest.mark.parametrize(("name", "text"), [
    ("a.csv", "name,under,counts_as,keyword\nweeping,upset; tearful,,\nupset,strong,sad,\ntearful,,fear,damp\n"),
    ("a.yaml", "names: {weeping: {under: upset; tearful}, upset: {under: strong, counts_as: sad}, "
               "tearful: {counts_as: fear, keyword: damp}}")])
def test_a_name_may_stand_under_several_others(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    house = read_vocabulary(tmp_path / name)
    assert house.above("weeping") == ("strong", "upset", "tearful")
    assert house.term("weeping") == Term((("fecemo", "shows", "strong", "upset", "weeping"),
                                          ("fecemo", "shows", "damp", "weeping")), "shows: weeping")
    assert house.counted_as("weeping", CLASSES) == ("sad",)  # the first name above it says so
    shares = np.array([0.1, 0.2, 0.3, 0.0, 0.4])
    names = dict(ShownNames(house, (*CLASSES, "weeping")).of("weeping", shares))
    assert names == pytest.approx(dict.fromkeys(("strong", "upset", "tearful", "weeping"), 0.4))
    for phrase in ("upset", "tearful", "strong"):
        assert read_query(phrase, (*CLASSES, "weeping"), house).weights.tolist() == [0, 0, 0, 0, 1]
    assert house.read_label("tearful/weeping", CLASSES) == ("weeping", house)
    with pytest.raises(InputError, match="write 'upset; tearful; gloom' into the vocabulary"):
        house.read_label("gloom/weeping", CLASSES)
    with pytest.raises(ValueError, match="a/b/a are under each other"):
        Vocabulary(names={"a": Name(under="c; b"), "b": Name(under="a")})
    with pytest.raises(ValueError, match="'' is no name"):
        Vocabulary(names={"a": Name(under="b; ")})


def test_labels_hold_several_names_and_paths_say_what_stands_above():
    assert HOUSE.read_label("Tired ;  sadness", CLASSES) == ("tired; sad", HOUSE)
    assert HOUSE.read_label("mad", CLASSES)[0] == "cross"
    label, extended = Vocabulary().read_label("upset / sad; happy", CLASSES)
    assert (label, extended.above("sad"), extended.known) == ("sad; happy", ("upset",), ("upset", "sad"))
    with pytest.raises(InputError, match="did you mean 'tired'"):
        HOUSE.read_label("sad; tird", CLASSES)
    with pytest.raises(InputError, match="did you mean 'sad'"):  # what is misspelt is no new name below another
        HOUSE.read_label("upset/sda", CLASSES)
    with pytest.raises(InputError, match="'sad' is under 'upset' already"):
        HOUSE.read_label("gloom/sad", CLASSES)


def test_a_further_name_joins_a_label_and_leaves_it():
    assert with_also("sad", "tired") == "sad; tired"
    assert with_also("sad; tired", "sad") == "tired"
    assert with_also("sad", "sad") == "sad"


def test_a_face_shows_what_stands_above_more_surely_than_either_name_below():
    labels = (*CLASSES, "cross", "sad; tired")
    names = ShownNames(HOUSE, labels)
    shares = np.array([0.05, 0, 0.2, 0.05, 0.35, 0.35])
    # sad: .2 + .35; upset: sad, cross, and "sad; tired"; anger is no name below upset here.
    assert dict(names.of("sad; tired", shares)) == pytest.approx({"upset": 0.9, "sad": 0.55, "tired": 0.35})
    assert names.confidence("sad; tired", shares) == pytest.approx(0.55)
    assert names.confidence("", shares) == 0


def test_words_reach_all_labels_that_hold_the_name():
    labels = (*CLASSES, "cross", "sad; tired")
    for phrase, weights in (("upset", [0, 0, 1, 0, 1, 1]), ("sad", [0, 0, 1, 0, 0, 1]), ("blue", [0, 0, 1, 0, 0, 1]),
                            ("hopping mad but not tired", [0, 0, 0, 0, 1, -1]), ("anger", [0, 0, 0, 1, 0, 0])):
        assert read_query(phrase, labels, HOUSE).weights.tolist() == weights
    furious = read_query("furious", labels, HOUSE).weights  # a word of the table: by what names count as
    assert furious[4] == furious[3] > 0.5
    assert furious[5] == furious[2] < 0.3


@pytest.mark.parametrize(("name", "text", "fault"), [
    ("a.yaml", "wording: happy", "has no {}"), ("a.yaml", "prefx: [a]", "did you mean"),
    ("a.yaml", "names: {happy: {keyword: 'a; b'}}", "divides"), ("a.yaml", "names: {happy: {undr: a}}", "undr"),
    ("a.yaml", 'prefix: ["a\\tb\\x07"]', "XML cannot hold"), ("a.yaml", "names: {'a/b': {}}", "is no name"),
    ("a.yaml", "names: {a: {under: b}, b: {under: a}}", "are under each other"),
    ("a.csv", "nam,under\n", "heading"), ("a.csv", "", "heading"), ("a.csv", "name,under\na\n", "line 2: 1 cells"),
    ("a.csv", "name\na\na\n", "line 3: the name 'a'"), ("a.csv", 'name\n"a\n', "line 2")])
def test_a_vocabulary_that_is_none_is_named_with_its_fault(tmp_path, name, text, fault):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=fault):
        read_vocabulary(tmp_path / name)


def test_what_counts_as_no_class_at_all_is_misspelt():
    Vocabulary(names={"cross": Name(counts_as="contempt")}).require_counted(CLASSES)  # another set's class
    with pytest.raises(InputError, match="did you mean 'anger'"):
        Vocabulary(names={"cross": Name(counts_as="angr")}).require_counted(CLASSES)


def test_the_file_of_the_house_holds_before_another_and_stands_alone(tmp_path):
    assert house_vocabulary(tmp_path) == Vocabulary()
    (tmp_path / "vocabulary.csv").write_text(TABLE)
    older = Vocabulary(names={"sad": Name(under="gloom"), "pained": Name()})
    both = house_vocabulary(tmp_path).over(older)
    assert (both.above("sad"), "pained" in both.known) == (("upset",), True)
    (tmp_path / "vocabulary.yaml").write_text(YAML)
    with pytest.raises(InputError, match="keep one"):
        house_vocabulary(tmp_path)
