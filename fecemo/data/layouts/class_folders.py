"""A folder for every class, as in the AffectNet copy on Kaggle; above them, perhaps, a folder for every split."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fecemo.data.classes import SPELLINGS, USUAL_CLASSES, read_classes
from fecemo.data.labelled import (
    LabelledImage,
    LabelledSet,
    Layout,
    LeftOut,
    ReadOptions,
    image_files,
    is_image_name,
    is_passed_over,
    labelled_set,
    opened_folder,
)
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest

OUTSIDE = "outside_class_folders"
OTHER_CLASS = "other_class"
EMPTY = "empty_class_folder"


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``CLASS/*.png`` or ``SPLIT/CLASS/*.png``.

    Parameters
    ----------
    folder : Path
        Holds the class folders, or folders ``train``, ``valid`` (``val``, ``validation``) and ``test`` that do.
        Images in folders within a class folder belong to the class.
    options : ReadOptions
        Images of folders that are none of ``classes`` are left out, where these are named.

    Raises
    ------
    InputError
        If a folder cannot be opened, its name is no known class (the nearest spelling is named) or a number of which
        nobody says what it means, a class has no image in any split, split folders and class folders are mixed, or
        there is no image at all.
    """
    splits = {name: split_of(name) for name in _folders_in(folder)}
    if any(splits.values()):
        for name, split in splits.items():
            if split is None:
                raise InputError(f"{folder / name} stands beside folders of splits and is none: "
                                 f"{nearest(name, SPLIT_SPELLINGS)}")
    else:
        splits = {"": ""}
    finds = [(str(Path(part, name)), name, split or "") for part, split in splits.items()
             for name in _folders_in(folder / part)]
    found = {below: list(image_files(folder, below)) for below, _, _ in finds}
    file_names = (Path(image.path).name for images in found.values() for image in images
                  if isinstance(image, LabelledImage))
    reading = read_classes(folder, {name for _, name, _ in finds}, classes=options.classes,
                           numbering=options.numbering, file_names=file_names)
    images: list[LabelledImage] = []
    left_out: list[LeftOut] = []
    for below, name, split in finds:
        label = reading.class_of.get(name)
        if label is None and not options.classes:
            raise InputError(f"{folder / below}: the folder's name is no known emotion; {nearest(name, SPELLINGS)}. "
                             "Where the set has classes of its own, name them with classes")
        usable = [image for image in found[below] if isinstance(image, LabelledImage)]
        left_out += [entry for entry in found[below] if isinstance(entry, LeftOut)]
        if label is None:
            left_out += [LeftOut(image.path, OTHER_CLASS, name) for image in usable]
        else:
            images += [replace(image, label=label, split=split) for image in usable]
            left_out += [] if found[below] else [LeftOut(below, EMPTY)]
    for part in {"", *splits}:
        left_out += _strays(folder, part)
    _refuse_lost_classes(folder, finds, reading.class_of, images, left_out)
    named = options.classes or USUAL_CLASSES
    return labelled_set(folder, images, left_out, f"folders of images named {', '.join(named)}",
                        classes=reading.classes, remark=reading.remark)


def _refuse_lost_classes(folder: Path, finds: list[tuple[str, str, str]], class_of: Mapping[str, str],
                         images: list[LabelledImage], left_out: list[LeftOut]) -> None:
    """Refuse a set where a class, or a split, has a folder and no image, while others have some."""
    for what, wanted, held in (
            ("class", {class_of[name]: below for below, name, _ in finds if name in class_of},
             {image.label for image in images}),
            ("split", {split: below for below, _, split in finds}, {image.split for image in images})):
        for name, below in wanted.items():
            if images and name not in held:
                first = next((entry for entry in left_out if entry.where.startswith(below)), None)
                raise InputError(f"{folder / below}: the {what} {name!r} has no usable image" + (
                    f" ({first.where}: {first.reason})" if first else "")
                    + "; mend its images, or take its folder out of the set")


def _folders_in(folder: Path) -> list[str]:
    return [entry.name for entry in opened_folder(folder) if entry.is_dir() and not is_passed_over(entry.name)]


def _strays(folder: Path, below: str) -> Iterator[LeftOut]:
    """Find images that lie beside the class folders; other files there, such as a licence, are nobody's loss."""
    for entry in opened_folder(folder / below):
        if entry.is_file() and is_image_name(entry.name) and not is_passed_over(entry.name):
            yield LeftOut(Path(below, entry.name).as_posix(), OUTSIDE)


LAYOUT = Layout(name="class_folders", about="a folder of images for every class, perhaps under train, valid and test",
                read=read)
