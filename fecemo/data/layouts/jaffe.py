"""JAFFE, Japanese Female Facial Expressions (Lyons, Akamatsu, Kamachi and Gyoba 1998): ten women, seven emotions."""

from pathlib import Path

from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, names_are
from fecemo.data.posed_names import read_posed

PATTERN = r"(?P<person>[A-Z]{2})\.(?P<emotion>AN|DI|FE|HA|NE|SA|SU)(?P<take>\d+)(\.(?P<number>\d+))?"
EMOTIONS = {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happy", "ne": "neutral", "sa": "sad", "su": "surprise"}


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read images such as ``KA.AN1.39.tiff``: person KA, angry, take 1, number 39.

    The columns are ``person`` and ``take``. Raises `InputError` as `read_posed` does.
    """
    return read_posed(folder, options, pattern=PATTERN, emotions=EMOTIONS, example="KA.AN1.39.tiff", columns={
        "person": lambda parts: parts["person"].upper(), "take": lambda parts: parts["take"]})


LAYOUT = Layout(name="jaffe", about="JAFFE, by names such as KA.AN1.39.tiff", read=read,
                tell="names such as KA.AN1.39.tiff", fits=names_are(PATTERN))
