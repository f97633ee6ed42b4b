"""A folder of plain photographs without labels."""

from pathlib import Path

from fecemo.data.image_files import IMAGE_SUFFIXES, image_files
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set
from fecemo.errors import InputError


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read every image of a folder and of the folders in it; none has a label or a split.

    Raises `InputError` if the folder is missing or holds no image.
    """
    if options != ReadOptions():
        raise InputError(f"{folder}: photographs have no classes and no annotations; "
                         "for labels choose another layout")
    return labelled_set(folder, image_files(folder), f"files that end in {', '.join(IMAGE_SUFFIXES)}")


LAYOUT = Layout(name="photographs", about="a folder of photographs without labels", read=read)
