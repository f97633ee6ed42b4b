"""What holds for every layout of labelled images, also for one that is added tomorrow."""

from pathlib import Path

import pytest
from labelled_miniatures import write_miniatures

from fecemo.data.layouts import Layout, ReadOptions, layouts
from fecemo.errors import InputError

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(params=list(layouts()))
def layout(request):
    return layouts.find(request.param)


def test_the_issued_layouts_are_found():
    assert set(layouts()) >= {"affectnet", "class_folders", "path_label", "photographs"}


def test_a_layout_says_what_it_is(layout):
    assert isinstance(layout, Layout)
    assert 10 < len(layout.about) < 100


def test_a_layout_is_named_as_it_is_found_and_the_pages_say_it(layout, request):
    name = request.node.callspec.params["layout"]
    assert layout.name == name
    assert f"``{name}``" in (DOCS / "recipe_keys.md").read_text(encoding="utf-8")
    row = f"| `{name}` |" if layout.fits is not None else f"`{name}`"
    assert row in (DOCS / "data_sets.md").read_text(encoding="utf-8"), f"docs/data_sets.md says nothing of {name}"


def test_a_place_that_is_not_there_is_named(layout, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        layout.read(tmp_path / "nowhere", ReadOptions())


def test_an_empty_place_is_named(layout, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty"):
        layout.read(tmp_path / "empty", ReadOptions())


def test_labels_are_the_sets_classes_or_none_at_all(layout, labelled_places):
    listing = layout.read(labelled_places[layout.name], ReadOptions())
    labels = {image.label for image in listing.images}
    assert labels == {""} or labels == set(listing.classes)
    assert [image.path for image in listing.images] == sorted(image.path for image in listing.images)
    assert len({image.address for image in listing.images}) == len(listing.images)
    assert all(image.pixels or image.read or (listing.folder / image.path).is_file() for image in listing.images)


@pytest.fixture
def labelled_places(tmp_path):
    return write_miniatures(tmp_path)


def test_an_unknown_layout_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'class_folders'"):
        layouts.find("class_folder")
