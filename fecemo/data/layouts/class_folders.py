"""A folder for every class, as in the AffectNet copy on Kaggle; above them, perhaps, a folder for every split."""

from collections.abc import Iterator
from pathlib import Path

from fecemo.data.emotions import EMOTIONS, SPELLINGS, emotion_of
from fecemo.data.labelled import (
    LabelledImage,
    LabelledSet,
    Layout,
    LeftOut,
    image_files,
    is_image_name,
    is_passed_over,
    labelled_set,
)
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

OUTSIDE = "outside_class_folders"


def read(folder: Path) -> LabelledSet:
    """Read ``CLASS/*.png`` or ``SPLIT/CLASS/*.png``.

    Parameters
    ----------
    folder : Path
        Holds the class folders, or folders ``train``, ``valid`` (``val``, ``validation``) and ``test`` that do.
        Images in folders within a class folder belong to the class.

    Raises
    ------
    InputError
        If a folder's name is no emotion (the nearest known spelling is named), split folders and class folders
        stand side by side, or there is no image at all.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    left_out: list[LeftOut] = []
    images: list[LabelledImage] = []
    splits = {name: split_of(name) for name in _folders_in(folder)}
    if any(splits.values()):
        for name, split in splits.items():
            if split is None:
                raise InputError(f"{folder / name} stands beside folders of splits and is none: "
                                 f"{nearest(name, SPLIT_SPELLINGS)}")
            left_out += _strays(folder, name)
            _read_classes(folder, name, split, images, left_out)
    else:
        _read_classes(folder, "", "", images, left_out)
    left_out += _strays(folder, "")
    return labelled_set(folder, images, left_out, f"folders of images named {', '.join(EMOTIONS)}")


def _read_classes(folder: Path, below: str, split: str, images: list[LabelledImage], left_out: list[LeftOut]) -> None:
    for name in _folders_in(folder / below):
        label = emotion_of(name)
        if label is None:
            raise InputError(f"{folder / below / name}: the folder's name is no known emotion; "
                             f"{nearest(name, SPELLINGS)}")
        for found in image_files(folder, str(Path(below, name))):
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                images.append(LabelledImage(found.path, label, split))


def _folders_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not is_passed_over(entry.name))


def _strays(folder: Path, below: str) -> Iterator[LeftOut]:
    """Find images that lie beside the class folders; other files there, such as a licence, are nobody's loss."""
    for entry in sorted((folder / below).iterdir()):
        if entry.is_file() and is_image_name(entry.name) and not is_passed_over(entry.name):
            yield LeftOut(entry.relative_to(folder).as_posix(), OUTSIDE)


LAYOUT = Layout(name="class_folders", about="a folder of images for every emotion, perhaps under train, valid and test",
                read=read)
