"""YAML and JSON into dataclasses: every fault is said by its key."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from fecemo.errors import InputError
from fecemo.manifests.documents import build, read_json, read_yaml


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


@pytest.mark.parametrize(("document", "said"), [
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
def test_a_fault_is_named_by_its_key_at_any_depth(document, said):
    with pytest.raises(InputError, match=f"^tree.yaml: .*{said}"):
        build(Tree, document, "tree.yaml")


def test_every_fault_is_listed():
    with pytest.raises(InputError) as caught:
        build(Tree, {"nmae": "x", "rings": ["a"]}, "tree.yaml")
    assert all(part in str(caught.value) for part in ("'nmae'", "rings.0", "'branch' is missing"))


@pytest.mark.parametrize("read", [read_yaml, read_json])
@pytest.mark.parametrize(("content", "said"), [
    (b"{a: [1", "not readable"), (b"\xff\xfe\x00", "not readable"), (b"[1, 2]", "expected a mapping .* found list"),
    (b"3", "found int"), (None, "no such file"),
])
def test_a_file_that_holds_no_mapping_is_refused_by_name(read, content, said, tmp_path):
    path = tmp_path / "recipe.file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"recipe\.file.*{said}"):
        read(path)


def test_broken_yaml_names_its_line(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: x\nfit:\n  epochs: [1, 2\nseed: 3\n")
    with pytest.raises(InputError, match="line 4"):
        read_yaml(tmp_path / "recipe.yaml")


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


def test_what_no_document_may_set_is_not_proposed():
    @dataclass(frozen=True)
    class Named:
        weight: float = 1.0
        name: str = field(default="fixed", init=False)

    with pytest.raises(InputError) as said:
        build(Named, {"nam": "mine"}, "recipe")
    assert "weight" in str(said.value)
    assert "'name'" not in str(said.value)
