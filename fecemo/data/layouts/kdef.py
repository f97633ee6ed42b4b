"""KDEF, the Karolinska Directed Emotional Faces (Lundqvist, Flykt and Öhman 1998): 70 actors, seven emotions."""

from pathlib import Path

from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, names_are
from fecemo.data.posed_names import read_posed

PATTERN = r"(?P<session>[AB])(?P<gender>[FM])(?P<person>\d\d)(?P<emotion>AF|AN|DI|HA|NE|SA|SU)(?P<angle>S|HL|HR|FL|FR)"
EMOTIONS = {"af": "fear", "an": "anger", "di": "disgust", "ha": "happy", "ne": "neutral", "sa": "sad", "su": "surprise"}
GENDERS = {"f": "female", "m": "male"}
ANGLES = {"s": "straight", "hl": "half left", "hr": "half right", "fl": "full left", "fr": "full right"}


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read images such as ``AF01ANS.JPG``: session A, female actor 01, angry, straight.

    Columns are ``person``, the same in both sessions, ``gender``, ``angle`` and ``session``. Raises `InputError` as
    `read_posed` does.
    """
    return read_posed(folder, options, pattern=PATTERN, emotions=EMOTIONS, example="AF01ANS.JPG", columns={
        "person": lambda parts: (parts["gender"] + parts["person"]).upper(),
        "gender": lambda parts: GENDERS[parts["gender"]], "angle": lambda parts: ANGLES[parts["angle"]],
        "session": lambda parts: parts["session"].upper()})


LAYOUT = Layout(name="kdef", about="KDEF, by names such as AF01ANS.JPG", read=read,
                tell="names such as AF01ANS.JPG", fits=names_are(PATTERN))
