"""A folder of plain photographs without labels."""

from pathlib import Path

from fecemo.data.labelled import (
    IMAGE_SUFFIXES,
    LabelledImage,
    LabelledSet,
    Layout,
    LeftOut,
    ReadOptions,
    image_files,
    labelled_set,
)
from fecemo.errors import InputError


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read every image of a folder and of the folders in it; none has a label or a split.

    Raises
    ------
    InputError
        If the folder is missing or holds no image.
    """
    if options != ReadOptions():
        raise InputError(f"{folder}: photographs have no classes and no annotations; "
                         "for labels choose another layout")
    found = list(image_files(folder))
    return labelled_set(
        folder,
        images=[entry for entry in found if isinstance(entry, LabelledImage)],
        left_out=[entry for entry in found if isinstance(entry, LeftOut)],
        asked=f"files that end in {', '.join(IMAGE_SUFFIXES)}",
    )


LAYOUT = Layout(name="photographs", about="a folder of photographs without labels", read=read)
