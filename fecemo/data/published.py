"""Figures that the study has published, read from a data file that names its source."""

from dataclasses import dataclass, field
from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.shipped import shipped


@dataclass(frozen=True)
class Source:
    """Where published figures stand.

    Parameters
    ----------
    authors : tuple of str
    title, venue, date, place : str
        ``date`` as YYYY-MM-DD; ``place`` within the publication, such as ``"Table 1"``.
    """

    authors: tuple[str, ...]
    title: str
    venue: str
    date: str
    place: str

    def __str__(self) -> str:
        return f"{', '.join(self.authors)}: {self.title} ({self.venue}, {self.date}), {self.place}"


@dataclass(frozen=True)
class PublishedTable:
    """A published table of one measure.

    Parameters
    ----------
    title : str
        Caption, as published.
    measure : str
        What the figures are, such as ``"accuracy"``; fractions in [0, 1].
    source : Source
    figures : dict of str to dict of str to float
        By approach and variant, in the published order; or by the rows of a recipe, and metrics.
    titles : dict of str to str
        Headings of rows that are no approaches.
    """

    title: str
    measure: str
    source: Source
    figures: dict[str, dict[str, float]]
    titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for approach, row in self.figures.items():
            for variant, figure in row.items():
                if not 0 <= figure <= 1:
                    raise ValueError(f"figures.{approach}.{variant} must be a fraction in [0, 1], not {figure}")

    def figure(self, approach: str, variant: str) -> float | None:
        """Return one figure, or None where the publication has none."""
        return self.figures.get(approach, {}).get(variant)


def read_published(path: Path | None = None) -> PublishedTable:
    """Return a published table: by default the study's own, its Table 1.

    Raises
    ------
    InputError
        If the file is missing or not such a table.
    """
    path = path or shipped("published/table1.yaml")
    return build(PublishedTable, read_yaml(path), str(path))
