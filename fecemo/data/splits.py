"""Train, validation and test splits, and samples: stratified by label, decided by the faces' ids and a seed alone.

The order in which faces are listed changes nothing, and faces that join or leave a set move few of the others.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from fecemo.errors import InputError

SPLITS = ("train", "valid", "test")

SPLIT_SPELLINGS = {
    "train": "train", "training": "train", "train_set": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "valid_set": "valid", "val_set": "valid",
    "dev": "valid", "development": "valid", "publictest": "valid", "public_test": "valid",
    "test": "test", "testing": "test", "test_set": "test", "privatetest": "test", "private_test": "test",
    "holdout": "test", "hold_out": "test", "heldout": "test", "held_out": "test",
}
"""How labelled sets call their parts; ``PublicTest`` and ``PrivateTest`` are FER2013's."""


def split_of(spelling: str) -> str | None:
    """Return the split that a folder name or CSV cell means, or None if it means none."""
    return SPLIT_SPELLINGS.get(spelling.strip().lower().replace("-", "_").replace(" ", "_"))


def make_splits(ids: Sequence[str] | np.ndarray, labels: Sequence[str] | np.ndarray, *, valid_fraction: float = 0.0,
                test_fraction: float = 0.2, valid_per_class: int | None = None, test_per_class: int | None = None,
                seed: int = 0, copies: np.ndarray | None = None) -> np.ndarray:
    """Divide labelled faces into train, validation and test.

    Held out is the whole set's share of every label or, by counts, as many faces of every label. Within a label the
    faces are in the order of a digest of seed and id: the first are the test split, the next the validation split,
    the others the train split. The test split therefore does not depend on ``valid_fraction``. Raises `InputError` if
    the fractions are out of range, or a label has too few faces.

    Parameters
    ----------
    ids, labels : sequence of str, of length n
    valid_fraction, test_fraction : float
        Shares of all faces, in [0, 1); together below 1. The number of faces is rounded to the nearest.
    valid_per_class, test_per_class : int, optional
        Faces of every label, in place of a share; see `held_out_per_class` for labels that have too few.
    copies : ndarray of shape (n,), int, optional
        Faces with one number are copies of one picture and come into one split, that of the first of them.

    Returns
    -------
    ndarray of shape (n,), str
        ``"train"``, ``"valid"`` or ``"test"``.
    """
    if not (valid_fraction >= 0 and test_fraction >= 0 and valid_fraction + test_fraction < 1):
        raise InputError(f"valid_fraction {valid_fraction} and test_fraction {test_fraction} must be at least 0, and "
                         "together below 1 to leave something to train on")
    rows_by_label = _ordered_rows(ids, labels, f"split:{seed}")
    counts = {label: len(rows) for label, rows in rows_by_label.items()}
    n = sum(counts.values())
    fixed = held_out_per_class(counts, {split: number for split, number in (
        ("test", test_per_class), ("valid", valid_per_class)) if number is not None})
    n_test_by_label = dict.fromkeys(counts, fixed["test"]) if "test" in fixed else proportional_counts(
        counts, _rounded(test_fraction * n))
    left = {label: count - n_test_by_label[label] for label, count in counts.items()}
    n_valid_by_label = (
        {label: min(fixed["valid"], count) for label, count in left.items()} if "valid" in fixed else
        proportional_counts(left, min(_rounded(valid_fraction * n), sum(left.values()))))
    splits = np.full(n, "", dtype="<U5")
    members: dict[int, list[int]] = {}
    for row, picture in enumerate(np.arange(n) if copies is None else copies):
        members.setdefault(int(picture), []).append(row)
    labels = np.asarray(labels)
    for split, wanted in (("test", n_test_by_label), ("valid", n_valid_by_label)):
        for label, rows in rows_by_label.items():
            left_to_take = wanted[label] - int(((splits == split) & (labels == label)).sum())
            for row in rows.tolist():
                group = members[int(row if copies is None else copies[row])]
                alike = sum(labels[member] == label for member in group) if len(group) > 1 else 1
                if not splits[row] and alike <= left_to_take:  # what does not fit leaves the place to the next
                    splits[group] = split
                    left_to_take -= alike
    splits[splits == ""] = "train"
    return splits


def held_out_per_class(counts: Mapping[str, int], quotas: Mapping[str, int]) -> dict[str, int]:
    """Return how many faces of every label are held out, by split: as many as asked, or equally fewer of each.

    Half of the rarest label stays to be learnt from. Where it has too few faces for that, all numbers become smaller in
    proportion, rounded down. Raises `InputError` if none would be left of a number that is above 0.
    """
    whole = sum(quotas.values())
    rarest = min(counts, key=lambda label: (counts[label], label), default="")
    available = counts.get(rarest, 0) // 2
    if whole <= available:
        return dict(quotas)
    taken = {split: number * available // whole for split, number in quotas.items()}
    for split, number in quotas.items():
        if number and not taken[split]:
            raise InputError(f"{number} faces of every label were asked for as the {split} split, and of "
                             f"{rarest or 'no label'!r} there are {counts.get(rarest, 0)}: too few to hold out any and "
                             "learn from half; hold out fractions instead")
    return taken


def stratified_sample(ids: Sequence[str] | np.ndarray, labels: Sequence[str] | np.ndarray, *, count: int,
                      seed: int = 0) -> np.ndarray:
    """Draw ``count`` rows, ascending, int64, so that every label has its share: exactly proportional by remainders.

    A label gets at least one face wherever there are enough. The draw depends on ids and seed, not on the order of the
    rows. Raises `InputError` if there are fewer faces.
    """
    if not 0 <= count <= len(ids):
        raise InputError(f"a sample of {count} faces was asked for, and there are {len(ids)}")
    rows_by_label = _ordered_rows(ids, labels, f"sample:{seed}")
    drawn = proportional_counts({label: len(rows) for label, rows in rows_by_label.items()}, count)
    return np.sort(np.concatenate([np.empty(0, np.int64), *(rows[: drawn[label]]
                                                            for label, rows in rows_by_label.items())]))


def capped_sample(ids: Sequence[str] | np.ndarray, labels: Sequence[str] | np.ndarray,
                  splits: Sequence[str] | np.ndarray, *, per_class: int, seed: int = 0) -> np.ndarray:
    """Draw at most ``per_class`` faces of every label, from its splits in proportion; decided by ids and seed.

    Returns rows, ascending, int64. All splits may be ``""``. Raises `InputError` if ``per_class`` is below 1.
    """
    if per_class < 1:
        raise InputError(f"per_class must be at least 1, not {per_class}")
    ids, labels, splits = np.asarray(ids), np.asarray(labels), np.asarray(splits)
    chosen = [np.empty(0, np.int64)]
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        drawn = stratified_sample(ids[rows], splits[rows], count=min(per_class, len(rows)), seed=seed)
        chosen.append(rows[drawn])
    return np.sort(np.concatenate(chosen))


def proportional_counts(counts: dict[str, int], total: int) -> dict[str, int]:
    """Share ``total`` out among labels in proportion to their counts, by largest remainder; none gets more than it has.

    Every label's quota ``total · count / n`` is rounded down; what is then left goes, one each, to the largest
    remainders (ties: the larger count, then the name). Where ``total`` is not below the number of labels, a label
    that would come away empty gets one face from the label that is furthest above its quota.
    """
    present = {label: count for label, count in counts.items() if count > 0}
    n = sum(present.values())
    if n == 0:
        return dict.fromkeys(counts, 0)
    # Whole-number arithmetic: a remainder is compared exactly, in n-ths of a face.
    shares = {label: total * count // n for label, count in present.items()}
    by_remainder = sorted(present, key=lambda label: (-(total * present[label] % n), -present[label], label))
    for label in by_remainder[: total - sum(shares.values())]:
        shares[label] += 1
    if total >= len(present):
        for label in sorted(label for label, share in shares.items() if share == 0):
            giver = max((name for name, share in shares.items() if share > 1),
                        key=lambda name: (shares[name] * n - total * present[name], present[name], name))
            shares[giver] -= 1
            shares[label] = 1
    return {label: shares.get(label, 0) for label in counts}


def _ordered_rows(ids: Sequence[str] | np.ndarray, labels: Sequence[str] | np.ndarray,
                  salt: str) -> dict[str, np.ndarray]:
    """Return each label's rows in the order of a digest of salt and id; the labels in alphabetical order."""
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} ids for {len(labels)} labels")
    # The salt names the purpose too, so that a sample drawn with the seed of the splits is not tied to them.
    keys = [hashlib.sha256(f"{salt}:{face}".encode()).digest() for face in ids]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    ordered = np.asarray(labels, str)[order]
    return {str(label): order[ordered == label] for label in np.unique(ordered)}


def _rounded(number: float) -> int:
    return int(np.floor(number + 0.5))
