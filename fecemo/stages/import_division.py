"""Which images of a labelled set are imported, and into which split each of them goes."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from fecemo.data.face_lists import face_id
from fecemo.data.image_files import LabelledImage
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import LabelledSet
from fecemo.data.splits import capped_sample, held_out_per_class, make_splits

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
