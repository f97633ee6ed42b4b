"""A folder for every class, as in the AffectNet copy on Kaggle; above them, perhaps, a folder for every split."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fecemo.data.classes import SPELLINGS, USUAL_CLASSES, read_classes
from fecemo.data.image_files import (
    ARCHIVE_SUFFIXES,
    LabelledImage,
    LeftOut,
    broken_link,
    image_files,
    is_image_name,
    opened_folder,
)
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, refuse_lost_part
from fecemo.data.splits import SPLIT_SPELLINGS, split_of
from fecemo.errors import InputError, nearest


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``CLASS/*.png`` or ``SPLIT/CLASS/*.png``.

    The folder holds class folders, or folders ``train``, ``valid`` (``val``, ``validation``) and ``test`` that do.
    Images in folders within a class folder belong to the class; those of classes that ``options`` do not name are left
    out. Raises `InputError` if a folder cannot be opened, its name is no known class (the nearest spelling is named) or
    a number without a numbering, a class has no image in any split, a split has none, one of them is a packed archive
    or a link to nothing, split folders and class folders are mixed, or there is no image.
    """
    splits = {name: split_of(name) for name in _folders_in(folder)}
    if any(splits.values()):
        for name, split in splits.items():
            if split is None:
                raise InputError(f"{folder / name} is beside folders of splits and is none: "
                                 f"{nearest(name, SPLIT_SPELLINGS)}")
    else:
        splits = {"": ""}
    for part in {"", *splits}:
        _refuse_packed(folder, part, options.classes)
    places = [(str(Path(part, name)), name, split or "") for part, split in splits.items()
              for name in _folders_in(folder / part)]
    files = {below: list(image_files(folder, below)) for below, _, _ in places}
    file_names = (Path(image.path).name for images in files.values() for image in images
                  if isinstance(image, LabelledImage))
    reading = read_classes(folder, {name for _, name, _ in places}, classes=options.classes,
                           numbering=options.numbering, file_names=file_names)
    entries: list[LabelledImage | LeftOut] = []
    for below, name, split in places:
        label = reading.class_of.get(name)
        if label is None and not options.classes:
            raise InputError(f"{folder / below}: the folder's name is no known emotion; {nearest(name, SPELLINGS)}. "
                             "Where the set has classes of its own, name them with classes")
        if label is not None and not files[below]:
            entries.append(LeftOut(below, "empty_class_folder"))
        entries += [entry for entry in files[below] if isinstance(entry, LeftOut)]
        images = [entry for entry in files[below] if isinstance(entry, LabelledImage)]
        entries += [LeftOut(image.path, "other_class", name) for image in images] if label is None else [
            replace(image, label=label, split=split) for image in images]
    for part in {"", *splits}:
        entries += _strays(folder, part)
    refuse_lost_part(folder, {reading.class_of[name]: below for below, name, _ in places if name in reading.class_of},
                     {split: name for name, split in splits.items() if split}, entries,
                     "; mend its images, or take its folder out of the set")
    named = options.classes or USUAL_CLASSES
    return labelled_set(folder, entries, f"folders of images named {', '.join(named)}",
                        classes=reading.classes, remark=reading.remark)


def named_as_classes(place: Path, options: ReadOptions) -> bool:
    """Say whether the folders of a place, perhaps below folders of splits, are named as classes.

    All of them are known emotions, or at least one is of the classes that ``options`` name.
    """
    if not place.is_dir():
        return False
    try:
        parts = _folders_in(place)
        below = [Path(part, name) for part in parts for name in _folders_in(place / part)
                 ] if any(map(split_of, parts)) and all(map(split_of, parts)) else [Path(part) for part in parts]
        names = {path.name for path in below}
        file_names = (Path(image.path).name for path in below for image in image_files(place, str(path))
                      if isinstance(image, LabelledImage))
        known = read_classes(place, names, classes=options.classes, numbering=options.numbering,
                             file_names=file_names).class_of
    except InputError:
        return False
    return bool(known) and (bool(options.classes) or len(known) == len(names))


def _folders_in(folder: Path) -> list[str]:
    """Return the names of the folders in a folder. Raises `InputError` where one is a link that leads nowhere."""
    entries = opened_folder(folder)
    for entry in entries:
        if not Path(entry.name).suffix and (target := broken_link(Path(entry))) is not None:
            raise InputError(f"{entry.path}: the link leads to {target}, and nothing is there, so that what it stands "
                             "for would be lost; mend it, or take it out of the set")
    return [entry.name for entry in entries if entry.is_dir()]


def _refuse_packed(folder: Path, below: str, classes: tuple[str, ...]) -> None:
    """Raise `InputError` for a class or a split that lies there as an archive, and not as a folder."""
    entries = opened_folder(folder / below)
    folders = {entry.name.lower() for entry in entries if entry.is_dir()}
    for entry in entries:
        name = entry.name.partition(".")[0]
        if (Path(entry.name).suffix.lower() in ARCHIVE_SUFFIXES and name.lower() not in folders
                and (split_of(name) or name.lower() in SPELLINGS or name in classes)):
            raise InputError(f"{entry.path} is still packed, and what it holds would be lost; unpack it, or take it "
                             "out of the set")


def _strays(folder: Path, below: str) -> Iterator[LeftOut]:
    """Yield images that lie beside the class folders; other files there, such as a licence, are nobody's loss."""
    for entry in opened_folder(folder / below):
        if entry.is_file() and is_image_name(entry.name):
            yield LeftOut(Path(below, entry.name).as_posix(), "outside_class_folders")


LAYOUT = Layout(name="class_folders", about="a folder of images for every class, perhaps under train, valid and test",
                read=read)
