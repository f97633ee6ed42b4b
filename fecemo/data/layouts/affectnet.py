"""AffectNet as its authors release it: numbered images beside arrays of annotations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fecemo.data.classes import NUMBERINGS
from fecemo.data.csv_rows import strict_number
from fecemo.data.image_files import LabelledImage, LeftOut, image_files, opened_folder
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, refuse_lost_part
from fecemo.errors import InputError, nearest
from fecemo.progress import progress

PARTS = {"train_set": "train", "val_set": "valid", "test_set": "test"}
EXPRESSIONS = NUMBERINGS["affectnet"]
NUMBERS = {"valence": "val", "arousal": "aro"}
"""Annotations that are numbers in [-1, 1], and how their files are called."""
UNKNOWN = -2
"""Written where the annotators could not tell."""
NO_EMOTION = {8: "none", 9: "uncertain", 10: "no_face"}


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read the release's parts ``train_set/`` and ``val_set/``, or a folder that is such a part itself.

    A part holds ``images/<n>.jpg`` and ``annotations/<n>_exp.npy``; and perhaps ``<n>_val.npy`` and ``<n>_aro.npy``,
    which become the columns ``valence`` and ``arousal``. The expressions 0–7 are the eight emotions. 8 (none), 9
    (uncertain) and 10 (no face) are left out under these names, as is an image without a readable annotation.
    ``val_set`` becomes the test split, because results on AffectNet are reported on it: the authors keep their own test
    set to themselves. Raises `InputError` if neither is there, or no image has an emotion.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in NUMBERS:
            raise InputError(f"{folder}: AffectNet's release has no annotation {name!r}, {nearest(name, NUMBERS)}")
    there = {entry.name for entry in opened_folder(folder) if entry.is_dir()}
    parts = {name: split for name, split in PARTS.items() if name in there}
    if not parts:
        parts = {"": ""}
    for name in parts:
        folders = {entry.name for entry in opened_folder(folder / name) if entry.is_dir()}
        for needed in ("images", "annotations"):
            if needed not in folders:
                raise InputError(f"{folder / name} has no folder {needed!r}; AffectNet's release has images/ and "
                                 f"annotations/, in {' and '.join(PARTS)} or side by side")
    entries = []
    with progress(None, "read annotations", "image") as bar:
        for name, split in parts.items():
            for entry in _read_part(folder, name, split, options.classes):
                entries.append(entry)
                bar.update()
    refuse_lost_part(folder, {}, {split: name for name, split in parts.items() if split}, entries,
                     "; mend its annotations, or take its folder out of the set")
    images = [entry for entry in entries if isinstance(entry, LabelledImage)]
    labels = {image.label for image in images}
    numbers = {name for image in images for name in image.annotations}
    return labelled_set(
        folder, entries, "images/<n>.jpg with annotations/<n>_exp.npy of 0 to 7",
        classes=options.classes or [name for name in EXPRESSIONS.values() if name in labels],
        columns={name: "number" for name in NUMBERS if name in numbers})


def _read_part(folder: Path, part: str, split: str, classes: Sequence[str]) -> Iterator[LabelledImage | LeftOut]:
    for image in image_files(folder, str(Path(part, "images"))):
        if isinstance(image, LeftOut):
            yield image
            continue
        stem = folder / part / "annotations" / Path(image.path).stem
        annotation = Path(f"{stem}_exp.npy")
        try:
            code = _expression(annotation)
            numbers = {}
            for name, suffix in NUMBERS.items():
                annotation = Path(f"{stem}_{suffix}.npy")
                if annotation.exists():
                    numbers[name] = _number(annotation)
        except FileNotFoundError:
            yield LeftOut(image.path, "no_annotation", annotation.relative_to(folder).as_posix())
        except PermissionError as error:
            raise InputError(f"{annotation} cannot be opened ({error.strerror}), and would be lost") from error
        except (ValueError, EOFError, OSError) as error:
            yield LeftOut(image.path, "bad_annotation", f"{annotation.relative_to(folder).as_posix()}: {error}")
        else:
            if code in NO_EMOTION:
                yield LeftOut(image.path, NO_EMOTION[code])
            elif classes and EXPRESSIONS[code] not in classes:
                yield LeftOut(image.path, "other_class", EXPRESSIONS[code])
            else:
                yield replace(image, label=EXPRESSIONS[code], split=split, annotations=numbers)


def _scalar(path: Path) -> str | float:
    """Return the number, or the text of a number, that an array holds. Raises `ValueError` for anything else."""
    array = np.load(path, allow_pickle=False)  # an array of Python objects is never opened
    if not isinstance(array, np.ndarray) or array.size != 1:
        raise ValueError(f"expected one number, found {getattr(array, 'shape', type(array).__name__)}")
    value = array.reshape(-1)[0]
    text = value.decode() if isinstance(value, bytes) else value
    return str(text) if isinstance(text, str) else float(text)


def _expression(path: Path) -> int:
    """Return the expression that an array holds. Raises `ValueError` where it is none."""
    value = _scalar(path)
    code = int(value)
    if isinstance(value, float) and code != value:
        raise ValueError(f"expected a whole number, found {value}")
    if not 0 <= code < len(EXPRESSIONS) + len(NO_EMOTION):
        raise ValueError(f"expected an expression of 0 to 10, found {code}")
    return code


def _number(path: Path) -> str:
    """Return a number in [-1, 1] as text, ``""`` where the annotators could not tell. Raises `ValueError`."""
    text = str(_scalar(path)).strip()
    value = strict_number(text)
    if value == UNKNOWN:
        return ""
    if not -1 <= value <= 1:
        raise ValueError(f"expected a number of -1 to 1, found {text}")
    return text


LAYOUT = Layout(name="affectnet", about="AffectNet's own release: images and arrays of annotations", read=read,
                tell="expressions as arrays, annotations/<n>_exp.npy",
                fits=lambda place: any(any((place / part / "annotations").glob("*_exp.npy")) for part in ("", *PARTS)))
