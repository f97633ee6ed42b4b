"""Which images of a labelled set are imported, into which split each of them goes, and what is said of them."""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fecemo.data.face_lists import face_id
from fecemo.data.image_files import LabelledImage
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import LabelledSet
from fecemo.data.receipts import Receipt
from fecemo.data.splits import SPLITS, capped_sample, held_out_per_class, make_splits

HELD_OUT = {"valid": "valid_per_class", "test": "test_per_class"}
"""By split, the setting that says how many faces of each emotion are held out for it."""


def chosen_images(labelled_set: LabelledSet, settings: ImportSettings) -> list[LabelledImage]:
    """Return the images to import, in the order of their paths, with the splits that the set comes with."""
    images, ids = list(labelled_set.images), [face_id(image.address, 0, 1, 0, 1) for image in labelled_set.images]
    if settings.per_class is not None:
        rows = capped_sample(ids, [image.label for image in images], [image.split for image in images],
                             per_class=settings.per_class, seed=settings.seed)
        images = [images[row] for row in rows]
    return images


def divided_images(images: Sequence[LabelledImage], settings: ImportSettings,
                   copies: np.ndarray) -> tuple[list[LabelledImage], str]:
    """Return images with their splits, copies of one picture in one, and the rule by which they are divided."""
    ids = [face_id(image.address, 0, 1, 0, 1) for image in images]
    labels = [image.label for image in images]
    splits = np.array([image.split for image in images], dtype="<U5")
    present = set(splits.tolist())
    made: tuple[str, ...] = ()
    if any(labels) and present <= {"", "train"}:
        rows, made = np.arange(len(images)), ("valid", "test")
    elif "train" in present and "valid" not in present:
        rows, made = np.flatnonzero(splits == "train"), ("valid",)
    numbers = {split: number for split in made if (number := getattr(settings, HELD_OUT[split])) is not None}
    if made:
        splits[rows] = make_splits(
            [ids[row] for row in rows], [labels[row] for row in rows], valid_fraction=settings.valid_fraction,
            test_fraction=settings.test_fraction if "test" in made else 0.0, seed=settings.seed, copies=copies[rows],
            **{HELD_OUT[split]: number for split, number in numbers.items()})
    return ([dataclasses.replace(image, split=str(split)) for image, split in zip(images, splits, strict=True)],
            _rule([labels[row] for row in rows], numbers) if numbers else "")


def _rule(labels: Sequence[str], numbers: dict[str, int]) -> str:
    """Return in words how many faces of each emotion are held out, and why they are fewer than the settings say."""
    counts = Counter(labels)
    taken = held_out_per_class(counts, numbers)
    rule = " and ".join(f"{number} of each emotion for {split}" for split, number in taken.items())
    if taken == numbers:
        return rule
    rarest = min(counts, key=lambda label: (counts[label], label))
    wanted = " and ".join(map(str, numbers.values()))
    return f"{rule}, in place of {wanted}: half of {rarest}, {counts[rarest]} in all, stays to be learnt from"


def summary_of(labelled_set: LabelledSet, chosen: Sequence[LabelledImage], stored: Sequence[LabelledImage],
               settings: ImportSettings) -> dict[str, Any]:
    """Return what a receipt says of the images of a set, of those that were chosen, and of those that were stored."""
    return {"left_out": labelled_set.left_out_by_reason(), "remark": labelled_set.remark, "splits": _counts_of(chosen),
            "classes_without_faces": _classes_without_faces(labelled_set), "splits_without": _splits_without(stored),
            "known": _known_of(stored, settings)}


def _known_of(images: Sequence[LabelledImage], settings: ImportSettings) -> dict[str, str]:
    """Return in words of how many images each annotation is known, and between which numbers."""
    known = {}
    for name in (*settings.annotations, *settings.text_annotations):
        cells = [cell for image in images if (cell := image.annotations.get(name))]
        numbers = [float(cell) for cell in cells] if name in settings.annotations else []
        known[name] = f"{len(cells)}" + (f", from {min(numbers):g} to {max(numbers):g}" if numbers else "")
    return known


def _splits_without(images: Sequence[LabelledImage]) -> dict[str, list[str]]:
    """Return by split the classes of which it has no image while another has."""
    labels = {split: {image.label for image in images if image.split == split} for split in SPLITS}
    return {split: lost for split, present in labels.items()
            if present and (lost := sorted(set().union(*labels.values()) - present))}


def _classes_without_faces(labelled_set: LabelledSet) -> list[str]:
    """Return the classes of which the set has no image."""
    labels = {image.label for image in labelled_set.images}
    return [name for name in labelled_set.classes if name not in labels]


def _counts_of(images: Iterable[LabelledImage]) -> dict[str, dict[str, int]]:
    """Return the number of planned faces by split and label, unusable ones included."""
    counts: dict[str, dict[str, int]] = {}
    for image in images:
        row = counts.setdefault(image.split, {})
        row[image.label] = row.get(image.label, 0) + 1
    return {split: dict(sorted(row.items())) for split, row in sorted(counts.items())}


def closing_line(receipt: Receipt) -> str:
    """Return what was imported, and what is to be known of it."""
    summary = receipt.summary
    parts = [f"{summary['faces']} faces"]
    for key in ("rejected", "left_out"):
        if summary[key]:
            reasons = ", ".join(f"{reason} {count}" for reason, count in summary[key].items())
            parts.append(f"{sum(summary[key].values())} {key.replace('_', ' ')} ({reasons})")
    if summary["remark"]:
        parts.append(summary["remark"])
    parts += [f"{name} known of {words}" for name, words in summary["known"].items()]
    if summary["classes_without_faces"]:
        parts.append(f"no image of {', '.join(summary['classes_without_faces'])}")
    for split, classes in summary["splits_without"].items():
        parts.append(f"warning: no {split} image of {', '.join(classes)}")
    if summary["held_out"]:
        parts.append(f"held out {summary['held_out']}")
    if summary["copies"]:
        parts.append(f"{summary['copies']} are copies of others" + (
            f", {summary['copies_of_another_label']} of them under another label"
            if summary["copies_of_another_label"] else ""))
    if summary["copies_across_splits"]:
        parts.append(f"warning: {summary['copies_across_splits']} held-out images are copies of training images")
    return ", ".join(parts) + f" in {receipt.seconds:.1f} s"
