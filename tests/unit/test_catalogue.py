"""A file that holds an offer is found; nothing lists it."""

import sys
import textwrap

import pytest

from fecemo.errors import InputError, nearest
from fecemo.registry import offer, offers


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A package of two offers and one module without."""
    folder = tmp_path / "made_up_room"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for file, source in {
        "second.py": "OFFER = Thing('zebra')",
        "first.py": "OFFER = Thing('ant')",
        "other.py": "NOT_AN_OFFER = Thing('bee')",
    }.items():
        thing = """
            class Thing:
                def __init__(self, name):
                    self.name = name
        """
        (folder / file).write_text(textwrap.dedent(thing) + source)
    monkeypatch.syspath_prepend(str(tmp_path))
    offers.cache_clear()
    yield "made_up_room"
    offers.cache_clear()
    for name in [name for name in sys.modules if name.startswith("made_up_room")]:
        del sys.modules[name]


def test_offers_are_found_by_the_name_they_give_themselves(room):
    found = offers(room, "OFFER")
    assert list(found) == ["ant", "zebra"]
    assert found["zebra"].name == "zebra"


def test_an_offer_added_as_a_file_is_found(room, tmp_path):
    (tmp_path / room / "third.py").write_text("class Thing:\n    name = 'cat'\nOFFER = Thing()\n")
    assert list(offers(room, "OFFER")) == ["ant", "cat", "zebra"]


def test_an_unknown_offer_names_the_nearest(room):
    assert offer(room, "OFFER", "ant", "animal").name == "ant"
    with pytest.raises(InputError, match=r"no animal 'zebr': did you mean 'zebra'\? Known: ant, zebra"):
        offer(room, "OFFER", "zebr", "animal")


def test_nothing_near_names_all_that_is_known():
    assert nearest("xyz", ["rgb", "gray"]) == "Known: gray, rgb"
