"""AffectNet+ (Fard and others 2024): AffectNet's images, each with a JSON that holds a human label and soft labels.

The release is handed out on request and was not at hand: what lies where, and the keys, are as public programs of its
users read them. Keys are compared without regard to case, and ``_`` is ``-``.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from fecemo.data.dataset_files import ColumnType
from fecemo.data.image_files import LabelledImage, LeftOut, image_files, opened_folder
from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, labelled_set, refuse_lost_part
from fecemo.data.layouts.affectnet import EXPRESSIONS, NO_EMOTION, NUMBERS, UNKNOWN
from fecemo.errors import InputError, nearest

HUMAN = "human_annotated"
PARTS = {"train_set": "train", "validation_set": "valid", "val_set": "valid"}
SUBSETS = {0: "easy", 1: "challenging", 2: "difficult"}
COLUMNS: dict[str, ColumnType] = {**{f"votes_{name}": "number" for name in EXPRESSIONS.values()},
                                  **dict.fromkeys(NUMBERS, "number"), "subset": "text"}
EXPECTED = f"{HUMAN}/train_set/images/<n>.jpg with annotations/<n>.json beside, whose human-label is 0 to 7"


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read ``human_annotated/train_set`` and ``validation_set``, or a folder that holds these parts.

    A part holds ``images/<n>.jpg`` and ``annotations/<n>.json`` with ``human-label`` (AffectNet's 0 to 10),
    ``soft-label`` (eight shares in the same order) and, there or under ``metadata``, ``valence``, ``arousal`` and
    ``subset``. The shares become the columns ``votes_neutral`` to ``votes_contempt``: a model made them, no raters.
    Age, gender and race in it are a model's guesses, and are not read. ``validation_set`` becomes the test split.
    Raises `InputError` if there is no part, or no image has an emotion.
    """
    for name in (*options.annotations, *options.text_annotations):
        if name not in COLUMNS:
            raise InputError(f"{folder}: of AffectNet+ no annotation {name!r} is read, {nearest(name, COLUMNS)}")
    below = HUMAN if any(entry.name == HUMAN for entry in opened_folder(folder)) else ""
    there = {entry.name for entry in opened_folder(folder / below) if entry.is_dir()}
    parts = {str(Path(below, name)): split for name, split in PARTS.items() if name in there}
    if not parts:
        raise InputError(f"{folder / below} holds none of {', '.join(PARTS)}; expected {EXPECTED}")
    entries = [entry for part, split in parts.items() for entry in _read_part(folder, part, split, options)]
    refuse_lost_part(folder, {}, {split: part for part, split in parts.items()}, entries,
                     "; mend its annotations, or take its folder out of the set")
    images = [entry for entry in entries if isinstance(entry, LabelledImage)]
    known = {name for image in images for name, value in image.annotations.items() if value}
    labels = {image.label for image in images}
    return labelled_set(folder, entries, EXPECTED,
                        classes=options.classes or [name for name in EXPRESSIONS.values() if name in labels],
                        columns={name: kind for name, kind in COLUMNS.items() if name in known},
                        remark="shares in votes_… are a model's soft labels, not the votes of raters")


def _read_part(folder: Path, part: str, split: str, options: ReadOptions) -> Iterator[LabelledImage | LeftOut]:
    for image in image_files(folder, str(Path(part, "images"))):
        if isinstance(image, LeftOut):
            yield image
            continue
        path = folder / part / "annotations" / f"{Path(image.path).stem}.json"
        where = path.relative_to(folder).as_posix()
        try:
            code, annotations = _annotation(json.loads(path.read_bytes()))
        except FileNotFoundError:
            yield LeftOut(image.path, "no_annotation", where)
        except PermissionError as error:
            raise InputError(f"{path} cannot be opened ({error.strerror}), and would be lost") from error
        except (ValueError, TypeError, OSError, RecursionError) as error:
            yield LeftOut(image.path, "bad_annotation", f"{where}: {error}")
        else:
            if code in NO_EMOTION:
                yield LeftOut(image.path, NO_EMOTION[code])
            elif options.classes and EXPRESSIONS[code] not in options.classes:
                yield LeftOut(image.path, "other_class", EXPRESSIONS[code])
            else:
                yield replace(image, label=EXPRESSIONS[code], split=split, annotations=annotations)


def _annotation(document: Any) -> tuple[int, dict[str, str]]:
    """Return the expression, and further annotations as text. Raises `ValueError` for what is none."""
    keys = _plain_keys(document)
    keys = {**_plain_keys(keys.get("metadata", {})), **keys}
    label: Any = keys.get("human-label")
    if isinstance(label, bool) or int(label) not in (*EXPRESSIONS, *NO_EMOTION) or int(label) != float(label):
        raise ValueError(f"expected a human-label of 0 to 10, found {label!r}")
    annotations = {}
    for name in NUMBERS:
        if keys.get(name) is not None and (value := float(keys[name])) != UNKNOWN:
            if not -1 <= value <= 1:
                raise ValueError(f"expected {name} of -1 to 1, found {value}")
            annotations[name] = str(value)
    if (soft := keys.get("soft-label")) is not None:
        shares = [float(share) for share in soft]
        if len(shares) != len(EXPRESSIONS) or not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"expected a soft-label of {len(EXPRESSIONS)} shares, found {soft!r}")
        annotations |= {f"votes_{name}": str(share) for name, share in zip(EXPRESSIONS.values(), shares, strict=True)}
    if (subset := keys.get("subset")) is not None:
        annotations["subset"] = SUBSETS.get(subset, str(subset))
    return int(label), annotations


def _plain_keys(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, found {type(document).__name__}")
    return {str(key).lower().replace("_", "-"): value for key, value in document.items()}


def _fits(place: Path) -> bool:
    return any(any((place / below / part / "annotations").glob("*.json")) for below in ("", HUMAN) for part in PARTS)


LAYOUT = Layout(name="affectnet_plus", about="AffectNet+: AffectNet's images, a human label and soft labels as JSON",
                read=read, tell="annotations as JSON, annotations/<n>.json", fits=_fits)
