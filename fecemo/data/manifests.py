"""The files of ``data_manifests/``: figures that others have published, and what is known of data sets.

They are a part of the installed package, and of a clone by a link. Each names its source.
"""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.errors import InputError, nearest


def shipped(path: str) -> Path:
    """Return a file or folder of ``data_manifests/``, such as ``"published/table1.yaml"``.

    Raises `InputError` if nothing of that name is shipped.
    """
    place = Path(str(files("fecemo.data_manifests"))) / path
    if not place.exists():
        raise InputError(f"{place}: nothing of that name comes with fecemo")
    return place


def _check_fraction(figure: float, name: str) -> None:
    if not 0 <= figure <= 1:
        raise ValueError(f"{name} must be a fraction in [0, 1], not {figure}")


@dataclass(frozen=True)
class Source:
    """Where figures were published."""

    authors: tuple[str, ...]
    #: `title`, `venue`, `date`, `place`: ``date`` as YYYY-MM-DD; ``place`` within the publication, such as
    #: ``"Table 1"``.
    title: str
    venue: str
    date: str
    place: str

    def __str__(self) -> str:
        return f"{', '.join(self.authors)}: {self.title} ({self.venue}, {self.date}), {self.place}"


@dataclass(frozen=True)
class PublishedTable:
    """A published table of one measure."""

    title: str  #: Caption, as published.
    measure: str  #: What the figures are, such as ``"accuracy"``; fractions in [0, 1].
    source: Source
    #: By approach and variant, in the published order; or by the rows of a recipe, and metrics.
    figures: dict[str, dict[str, float]]
    titles: dict[str, str] = field(default_factory=dict)  #: Headings of rows that are no approaches.

    def __post_init__(self) -> None:
        for approach, row in self.figures.items():
            for variant, figure in row.items():
                _check_fraction(figure, f"figures.{approach}.{variant}")

    def figure(self, approach: str, variant: str) -> float | None:
        """Return one figure, or None where the publication has none."""
        return self.figures.get(approach, {}).get(variant)


def read_published(path: Path | None = None) -> PublishedTable:
    """Return a published table: by default the study's Table 1. Raises `InputError` for a file that holds none."""
    path = path or shipped("published/table1.yaml")
    return build(PublishedTable, read_yaml(path), str(path))


@dataclass(frozen=True)
class ReferenceFigure:
    """One figure that others have published of other faces: what a reader compares with care."""

    system: str
    supervision: str  #: What it was trained on, in words.
    measure: str  #: Such as ``"accuracy"``.
    figure: float  #: A fraction in [0, 1].
    source: str  #: Who published it, when and where.

    def __post_init__(self) -> None:
        _check_fraction(self.figure, f"figure of {self.system}")


@dataclass(frozen=True)
class ReferenceFigures:
    """Published figures of one or several data sets."""

    note: str  #: What to know before comparing.
    sources: dict[str, str]  #: Title of each source.
    figures: tuple[ReferenceFigure, ...]  #: In the order in which they are shown.

    def __post_init__(self) -> None:
        for figure in self.figures:
            if figure.source not in self.sources:
                raise ValueError(f"figures: the source of {figure.system}, {figure.source!r}, is none of sources: "
                                 f"{nearest(figure.source, self.sources)}")


def read_reference_figures(path: Path | None = None) -> ReferenceFigures:
    """Return published figures: by default those beside Table 2. Raises `InputError` for a file that holds none."""
    path = path or shipped("published/table2.yaml")
    return build(ReferenceFigures, read_yaml(path), str(path))


@dataclass(frozen=True)
class DataStatement:
    """A data set in words; what is not known is left empty, and printed as not stated."""

    name: str
    by: str = ""  #: Who made it, and when.
    origin: str = ""  #: Where its pictures and labels come from.
    #: `licence`, `terms`: Under which it was published, and what else binds who uses it.
    licence: str = ""
    terms: str = ""
    people: str = ""  #: Who is shown, and whether they were asked.
    url: str = ""  #: Where its makers describe it.
    access: str = ""  #: How to get it, and what does in its place: for whoever has it not.


def read_statement(name: str) -> DataStatement:
    """Return the statement of a data set: one that comes with fecemo, such as ``"fec"``, or a YAML file by its path.

    Raises `InputError` if there is none such, or the file is not a statement.
    """
    known = {path.stem: path for path in shipped("sets").glob("*.yaml")}
    if not name.endswith((".yaml", ".yml")) and name not in known:
        raise InputError(f"{name!r} is neither a statement of a data set nor a YAML file: {nearest(name, known)}")
    path = known.get(name, Path(name))
    return build(DataStatement, read_yaml(path), str(path))
