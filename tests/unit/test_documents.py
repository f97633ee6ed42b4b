"""YAML and JSON into dataclasses: every fault is said by its key."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from fecemo.data.csv_rows import csv_rows
from fecemo.data.documents import build, read_json, read_yaml
from fecemo.errors import InputError
from fecemo.fetch.placeholders import read_placeholders


@dataclass(frozen=True)
class Leaf:
    size: int
    kind: Literal["round", "pointed"] = "round"

    def __post_init__(self):
        if self.size < 0:
            raise ValueError("size must not be negative")


@dataclass(frozen=True)
class Branch:
    leaf: Leaf
    spare: Leaf | None = None
    by_name: dict[str, Leaf] = field(default_factory=dict)
    many: tuple[Leaf, ...] = ()


@dataclass(frozen=True)
class Tree:
    branch: Branch
    name: str = "oak"
    place: Path = Path("wood")
    rings: tuple[int, ...] = ()


def test_a_sound_document_becomes_the_dataclass():
    tree = build(Tree, {"branch": {"leaf": {"size": 3}, "by_name": {"a": {"size": 1, "kind": "pointed"}}},
                        "place": "x/y", "rings": [1, 2]}, "tree.yaml")
    assert tree == Tree(Branch(Leaf(3), by_name={"a": Leaf(1, "pointed")}), place=Path("x/y"), rings=(1, 2))


@pytest.mark.parametrize(("document", "message"), [
    ({"branch": {"leaf": {"size": 1}}, "nmae": "x"}, r"unknown key 'nmae', did you mean 'name'\?"),
    ({"branch": {"leaf": {"size": 1}, "laef": 2}}, r"unknown key 'branch.laef', did you mean 'leaf'\?"),
    ({"branch": {"leaf": {"size": 1, "knid": "round"}}}, r"unknown key 'branch.leaf.knid', did you mean 'kind'\?"),
    ({"branch": {"leaf": {"size": 1}, "spare": {"size": 1, "sise": 2}}}, r"'branch.spare.sise', did you mean 'size'\?"),
    ({"branch": {"leaf": {"size": 1}, "by_name": {"a": {"size": 1, "sise": 2}}}},
     r"'branch.by_name.a.sise', did you mean 'size'\?"),
    ({"branch": {"leaf": {"size": 1}, "many": [{"size": 1}, {"size": 1, "sise": 2}]}},
     r"'branch.many.1.sise', did you mean 'size'\?"),
    ({"branch": {}}, r"the key 'branch.leaf' is missing"),
    ({}, r"the key 'branch' is missing"),
    ({"branch": {"leaf": {"size": "big"}}}, r"branch.leaf.size: .*integer.* got 'big'"),
    ({"branch": {"leaf": {"size": 1, "kind": "square"}}}, r"branch.leaf.kind: .*'round' or 'pointed'.* got 'square'"),
    ({"branch": {"leaf": {"size": -1}}}, r"branch.leaf: size must not be negative"),
    ({"branch": 3}, r"branch: .* got 3"),
])
def test_a_fault_is_named_by_its_key_at_any_depth(document, message):
    with pytest.raises(InputError, match=f"^tree.yaml: .*{message}"):
        build(Tree, document, "tree.yaml")


def test_every_fault_is_listed():
    with pytest.raises(InputError) as caught:
        build(Tree, {"nmae": "x", "rings": ["a"]}, "tree.yaml")
    assert all(part in str(caught.value) for part in ("'nmae'", "rings.0", "'branch' is missing"))


@pytest.mark.parametrize("read", [read_yaml, read_json])
@pytest.mark.parametrize(("content", "message"), [
    (b"{a: [1", "not readable"), (b"\xff\xfe\x00", "not readable"), (b"[1, 2]", "expected a mapping .* found list"),
    (b"3", "found int"), (None, "no such file"),
])
def test_a_file_that_holds_no_mapping_is_refused_by_name(read, content, message, tmp_path):
    path = tmp_path / "recipe.file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"recipe\.file.*{message}"):
        read(path)


def test_broken_yaml_names_its_line(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: x\nfit:\n  epochs: [1, 2\nseed: 3\n")
    with pytest.raises(InputError, match="line 4"):
        read_yaml(tmp_path / "recipe.yaml")


@pytest.mark.parametrize(("text", "message"), [
    ("a: 1\nb: {c: 2}\na: 3\n", r"odd\.yaml, line 3: the key 'a' is in line 1 already"),
    ("b:\n  - {c: 2, c: 3}\n", r"line 2: the key 'c' is in line 2 already"),
    ("x: &x {c: 1}\ny: {<<: *x, d: 1, d: 2}\n", r"line 2: the key 'd'"),
])
def test_a_key_that_stands_twice_is_refused(tmp_path, text, message):
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_yaml(path)


@pytest.mark.parametrize("text", [
    "x: &x {c: 1, e: {f: 1}}\ny: {<<: *x, c: 2}\nz: [*x, *x]\n",  # what is merged may be overridden
    "1: a\n'1': b\n", "a: &a [1]\nb: [*a, *a]\nc: {a: 1}\n",
    "\n".join(["a0: &a0 {k: 1}", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 8))]),
])
def test_keys_of_different_mappings_may_be_equal(tmp_path, text):
    (tmp_path / "fine.yaml").write_text(text)
    read_yaml(tmp_path / "fine.yaml")


def test_a_name_that_is_given_twice_in_json_is_refused(tmp_path):
    path = tmp_path / "names.json"
    path.write_text('{"names": {"3": "happy", "3": "sad"}}')
    with pytest.raises(InputError, match=r"names\.json is not readable JSON: the key '3' occurs twice in one object"):
        read_json(path)


def test_an_empty_yaml_file_is_no_mapping(tmp_path):
    (tmp_path / "recipe.yaml").touch()
    with pytest.raises(InputError, match="found NoneType"):
        read_yaml(tmp_path / "recipe.yaml")


def test_yaml_that_asks_for_python_objects_is_refused(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(InputError, match="not readable YAML"):
        read_yaml(tmp_path / "recipe.yaml")



def test_a_folder_where_a_file_is_expected_is_said(tmp_path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
@pytest.mark.parametrize("read", [read_yaml, read_json, lambda path: list(csv_rows(path)), read_placeholders])
def test_a_text_without_an_end_is_refused_and_not_waited_for(tmp_path, make, read):
    make(tmp_path / "list")
    with pytest.raises(InputError, match="it is no file"):
        read(tmp_path / "list")


def test_what_no_document_may_set_is_not_proposed():
    @dataclass(frozen=True)
    class Named:
        weight: float = 1.0
        name: str = field(default="fixed", init=False)

    with pytest.raises(InputError) as message:
        build(Named, {"nam": "mine"}, "recipe")
    assert "weight" in str(message.value)
    assert "'name'" not in str(message.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True))


@pytest.mark.parametrize(("text", "words"), [
    (BOMB + "title: *h\n", r"line \d+: more than 100000 values, those behind aliases counted at each"),
    ("a: " + "[" * 60 + "]" * 60, "line 1: more than 50 values within each other"),
    ("a: " + "[" * 3000 + "]" * 3000, "more than 50 values within each other"),
    ("a: &a [*a]\n", "line 1: a value that holds itself"),
    ("a: 1\nrate: .nan\n", r"line 2: \.nan is no finite number"),
    ("rate: -.inf\n", r"line 1: -\.inf is no finite number"),
    ("rate: 1.0e+999\n", r"line 1: 1\.0e\+999 is no finite number"),
    (f"seed: {'9' * 5000}\n", "line 1: a number of 5000 digits"),
])
def test_yaml_bombs_and_numbers_that_are_none_are_refused_by_their_line(tmp_path, text, words):
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        read_yaml(tmp_path / "odd.yaml")
    assert len(str(refused.value)) < 1000


def test_aliases_and_numbers_of_use_are_read(tmp_path):
    (tmp_path / "fit.yaml").write_text("fit: &fit {epochs: 3, rate: 1.0e-3}\nother: *fit\nmask: 0x1F\ntime: 1:30\n")
    assert read_yaml(tmp_path / "fit.yaml") == {
        "fit": {"epochs": 3, "rate": 0.001}, "other": {"epochs": 3, "rate": 0.001}, "mask": 31, "time": 90}


def test_brackets_without_end_in_json_are_refused(tmp_path):
    (tmp_path / "odd.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="too many values within each other"):
        read_json(tmp_path / "odd.json")


def test_a_fault_is_told_in_few_words_whatever_came():
    with pytest.raises(InputError) as refused:
        build(Tree, {"name": [["long" * 100] * 100] * 100, "height": "x" * 10**6, "rings": ["r" * 10**6] * 1000},
              "tree.yaml")
    assert len(str(refused.value)) < 25_000
