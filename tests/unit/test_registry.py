"""A file that holds an entry is found, and so is what another distribution adds; nothing lists them."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fecemo import registry
from fecemo.errors import InputError, ResourceError, nearest
from fecemo.registry import Registry

ANIMALS, PETS = Registry("made_up", "ENTRY", "animal"), Registry("made_up.pets", "ENTRY", "pet")
THING = """
class Thing:
    def __init__(self, name):
        self.name = name
"""


@pytest.fixture
def forgetful():
    """Nothing that a test registers is known after it, and nothing was known before."""
    for function in (registry._entries, registry._modules, registry._points):
        function.cache_clear()
    yield
    for function in (registry._entries, registry._modules, registry._points):
        function.cache_clear()
    for name in [name for name in sys.modules if name.startswith(("made_up", "peer_"))]:
        del sys.modules[name]


@pytest.fixture
def room(tmp_path, monkeypatch, forgetful):
    """A package of two modules with entries and one without."""
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").touch()
    add(folder, "second", "ENTRY = Thing('zebra')")
    add(folder, "ant", "ENTRY = Thing('ant')")
    add(folder, "other", "NO_ENTRY = Thing('bee')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def add(folder: Path, module: str, source: str) -> None:
    (folder / f"{module}.py").write_text(textwrap.dedent(THING) + source + "\n")


def install(folder: Path, name: str, points: str) -> None:
    """Make a distribution that has entry points and nothing else, as pip leaves it."""
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(points)


def test_entries_are_found_by_the_name_they_give_themselves(room):
    assert list(ANIMALS()) == ["ant", "zebra"]
    assert ANIMALS()["zebra"].name == "zebra"


def test_an_entry_added_as_a_file_is_found(room):
    add(room, "third", "ENTRY = Thing('cat')")
    assert list(ANIMALS()) == ["ant", "cat", "zebra"]


def test_a_file_may_hold_several_entries_and_a_module_may_stand_in_the_place_of_a_package(room):
    add(room, "pets", "ENTRY = (Thing('cat'), Thing('dog'))")
    assert list(ANIMALS()) == ["ant", "cat", "dog", "zebra"]
    assert list(PETS()) == ["cat", "dog"]
    assert PETS.find("dog").name == "dog"


def test_an_unknown_entry_names_the_nearest(room):
    with pytest.raises(InputError, match=r"no animal 'zebr': did you mean 'zebra'\? Known: ant, zebra"):
        ANIMALS.find("zebr")


def test_one_entry_is_found_without_importing_the_others(room):
    assert ANIMALS.find("ant").name == "ant"
    assert "made_up.ant" in sys.modules
    assert "made_up.second" not in sys.modules
    assert ANIMALS.find("zebra").name == "zebra"  # the module bears another name


def test_a_name_that_stands_twice_is_refused(room):
    add(room, "third", "ENTRY = Thing('ant')")
    with pytest.raises(InputError, match=r"called 'ant': in made_up\.ant and in made_up\.third"):
        ANIMALS()


class TestOtherDistributions:
    @pytest.fixture(autouse=True)
    def installed(self, room, tmp_path):
        self.folder = tmp_path
        install(tmp_path, "peer-animals", "[fecemo.made_up]\nyak = peer_animals:YAK\n")
        add(tmp_path, "peer_animals", "YAK = Thing('yak')")

    def test_what_they_add_stands_beside_our_own(self):
        assert list(ANIMALS()) == ["ant", "yak", "zebra"]
        assert ANIMALS.find("yak").name == "yak"

    def test_what_cannot_be_imported_names_whom_to_ask(self):
        install(self.folder, "peer-broken", "[fecemo.made_up]\ncow = peer_missing:COW\n")
        with pytest.raises(ResourceError, match=r"peer-broken adds 'cow' to fecemo\.made_up.*peer_missing"):
            ANIMALS()

    def test_what_is_called_otherwise_than_it_says_is_refused(self):
        install(self.folder, "peer-misnamed", "[fecemo.made_up]\nox = peer_animals:YAK\n")
        with pytest.raises(InputError, match=r"entry point 'ox' of fecemo\.made_up.*whose name is 'yak'"):
            ANIMALS()

    def test_none_takes_the_place_of_our_own(self):
        install(self.folder, "peer-ants", "[fecemo.made_up]\nant = peer_ants:ANT\n")
        add(self.folder, "peer_ants", "ANT = Thing('ant')")
        with pytest.raises(InputError, match=r"in made_up\.ant and in peer_ants:ANT"):
            ANIMALS()
        with pytest.raises(InputError, match=r"in made_up\.ant and in peer_ants:ANT"):
            ANIMALS.find("ant")


def test_a_recipe_can_name_an_augmentation_of_another_distribution(tmp_path):
    """In a process of its own, as a user has it: installed and named, nothing else."""
    install(tmp_path, "peer-augmentations", "[fecemo.augmentations]\ninvert = peer_invert:AUGMENTATION\n")
    (tmp_path / "peer_invert.py").write_text(textwrap.dedent("""
        from dataclasses import dataclass, field
        from fecemo.training.augmentation import Augmentation

        @dataclass(frozen=True)
        class Invert(Augmentation):
            white: float = 255.0
            name: str = field(default="invert", init=False)

            def apply(self, faces, seed_generator):
                return self.white - faces

        AUGMENTATION = Invert
    """))
    program = ("from fecemo.data.choices import choose\n"
               "from fecemo.training.augmentation import augmentations\n"
               "print(choose(augmentations, {'invert': {'white': 250.0}}, 'r.yaml'))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True,
                          env={"PYTHONPATH": f"{tmp_path}:{Path(registry.__file__).parents[1]}"})
    assert "Invert(name='invert', white=250.0)" in done.stdout


def test_nothing_near_names_all_that_is_known():
    assert nearest("xyz", ["rgb", "gray"]) == "Known: gray, rgb"
