"""AffectNet as its authors release it: numbered images beside arrays of annotations."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fecemo.data.emotions import EMOTIONS
from fecemo.data.labelled import (
    LabelledImage,
    LabelledSet,
    Layout,
    LeftOut,
    image_files,
    labelled_set,
)
from fecemo.errors import InputError
from fecemo.progress import progress

PARTS = {"train_set": "train", "val_set": "valid", "test_set": "test"}
NO_EMOTION = {8: "none", 9: "uncertain", 10: "no_face"}


def read(folder: Path) -> LabelledSet:
    """Read the release's parts ``train_set/`` and ``val_set/``, or a folder that is such a part itself.

    A part holds ``images/<n>.jpg`` and ``annotations/<n>_exp.npy``.
    The expressions 0–7 are the eight emotions. 8 (none), 9 (uncertain) and 10 (no face) are left out under these
    names, as is an image without a readable annotation. ``val_set`` becomes the test split, because results on
    AffectNet are reported on it: the authors keep their own test set to themselves.

    Raises
    ------
    InputError
        If neither is there, or no image has an emotion.
    """
    parts = {name: split for name, split in PARTS.items() if (folder / name).is_dir()}
    if not parts:
        parts = {"": ""}
    for name in parts:
        for needed in ("images", "annotations"):
            if not (folder / name / needed).is_dir():
                raise InputError(f"{folder / name} has no folder {needed!r}; AffectNet's release has images/ and "
                                 f"annotations/, in {' and '.join(PARTS)} or side by side")
    images: list[LabelledImage] = []
    left_out: list[LeftOut] = []
    with progress(None, "read annotations", "image") as bar:
        for name, split in parts.items():
            for found in _read_part(folder, name, split):
                if isinstance(found, LeftOut):
                    left_out.append(found)
                else:
                    images.append(found)
                bar.update()
    return labelled_set(folder, images, left_out, "images/<n>.jpg with annotations/<n>_exp.npy of 0 to 7")


def _read_part(folder: Path, part: str, split: str) -> Iterator[LabelledImage | LeftOut]:
    for found in image_files(folder, str(Path(part, "images"))):
        if isinstance(found, LeftOut):
            yield found
            continue
        annotation = folder / part / "annotations" / f"{Path(found.path).stem}_exp.npy"
        try:
            code = _expression(annotation)
        except FileNotFoundError:
            yield LeftOut(found.path, "no_annotation", annotation.relative_to(folder).as_posix())
        except (ValueError, EOFError, OSError) as error:
            yield LeftOut(found.path, "bad_annotation", f"{annotation.relative_to(folder).as_posix()}: {error}")
        else:
            if code in NO_EMOTION:
                yield LeftOut(found.path, NO_EMOTION[code])
            else:
                yield LabelledImage(found.path, EMOTIONS[code], split)


def _expression(path: Path) -> int:
    """Return the expression that an array of one number, or of one number written as text, holds.

    Raises
    ------
    ValueError
        If it holds anything else; an array of Python objects is never opened.
    """
    array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.size != 1:
        raise ValueError(f"expected one expression, found {getattr(array, 'shape', type(array).__name__)}")
    value = array.reshape(-1)[0]
    code = int(value.decode() if isinstance(value, bytes) else value)
    if array.dtype.kind == "f" and code != value:
        raise ValueError(f"expected a whole number, found {value}")
    if not 0 <= code < len(EMOTIONS) + len(NO_EMOTION):
        raise ValueError(f"expected an expression of 0 to 10, found {code}")
    return code


LAYOUT = Layout(name="affectnet", about="AffectNet's own release: images and arrays of annotations", read=read)
