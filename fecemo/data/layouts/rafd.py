"""RaFD, the Radboud Faces Database (Langner et al. 2010): 67 models, eight emotions, five cameras, three gazes."""

from pathlib import Path

from fecemo.data.layouts import LabelledSet, Layout, ReadOptions, names_are
from fecemo.data.posed_names import read_posed

PATTERN = (r"Rafd(?P<camera>\d{3})_(?P<person>\d+)_(?P<people>[A-Z]+)_(?P<gender>male|female)_"
           r"(?P<emotion>angry|contemptuous|disgusted|fearful|happy|neutral|sad|surprised)_(?P<gaze>frontal|left|right)")
EMOTIONS = {"angry": "anger", "contemptuous": "contempt", "disgusted": "disgust", "fearful": "fear", "happy": "happy",
            "neutral": "neutral", "sad": "sad", "surprised": "surprise"}


def read(folder: Path, options: ReadOptions) -> LabelledSet:
    """Read images such as ``Rafd090_01_Caucasian_female_angry_frontal.jpg``.

    Columns are ``person``, ``people`` (``caucasian``, ``kid``, ``moroccan``), ``gender``, ``camera`` in degrees, 090
    from the front, and ``gaze``. Raises `InputError` as `read_posed` does.
    """
    return read_posed(
        folder, options, pattern=PATTERN, emotions=EMOTIONS, example="Rafd090_01_Caucasian_female_angry_frontal.jpg",
        columns={name: lambda parts, name=name: parts[name]  # type: ignore[misc]
                 for name in ("person", "people", "gender", "camera", "gaze")})


LAYOUT = Layout(name="rafd", about="RaFD, by names such as Rafd090_01_Caucasian_female_angry_frontal.jpg", read=read,
                tell="names such as Rafd090_01_Caucasian_female_angry_frontal.jpg", fits=names_are(PATTERN))
