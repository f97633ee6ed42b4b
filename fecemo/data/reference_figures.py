"""Figures that others have published of other faces: what a reader compares with care."""

from dataclasses import dataclass
from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.shipped import shipped
from fecemo.errors import nearest


@dataclass(frozen=True)
class ReferenceFigure:
    """One published figure.

    Parameters
    ----------
    system : str
    given : str
        What it was given to learn from, in words.
    measure : str
        Such as ``"accuracy"``.
    figure : float
        A fraction in [0, 1].
    source : str
        Who published it, when and where.
    """

    system: str
    given: str
    measure: str
    figure: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.figure <= 1:
            raise ValueError(f"figure of {self.system} must be a fraction in [0, 1], not {self.figure}")


@dataclass(frozen=True)
class ReferenceFigures:
    """Published figures of one or several data sets.

    Parameters
    ----------
    note : str
        What to know before comparing.
    sources : dict of str to str
        Title of each source.
    figures : tuple of ReferenceFigure
        In the order in which they are shown.
    """

    note: str
    sources: dict[str, str]
    figures: tuple[ReferenceFigure, ...]

    def __post_init__(self) -> None:
        for one in self.figures:
            if one.source not in self.sources:
                raise ValueError(f"figures: the source of {one.system}, {one.source!r}, is none of sources: "
                                 f"{nearest(one.source, self.sources)}")


def read_reference_figures(path: Path | None = None) -> ReferenceFigures:
    """Read published figures: by default those that stand beside Table 2.

    Raises
    ------
    InputError
        If the file is missing or not such a list.
    """
    path = path or shipped("published/table2.yaml")
    return build(ReferenceFigures, read_yaml(path), str(path))
