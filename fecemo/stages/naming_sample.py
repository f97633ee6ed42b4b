"""The labelled faces that may name clusters: whether there are as many as a recipe asks for."""

import numpy as np

from fecemo.data.dataset import Dataset
from fecemo.errors import InputError


def refuse_too_large_a_sample(pack: Dataset, sample: int) -> None:
    """Raise `InputError` if the train split has labels, and fewer than ``naming.sample`` asks for.

    Where it has none at all, the way of naming itself says so.
    """
    available = int(np.count_nonzero((pack.splits == "train") & (pack.labels != "")))
    if 0 < available < sample:
        raise InputError(f"naming.sample: {sample} labels are asked for, and the train split of {pack.folder} holds "
                         f"{available}")
