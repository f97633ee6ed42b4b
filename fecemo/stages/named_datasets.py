"""Data sets anywhere that are looked at together, each under a name."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NamedDatasets:
    """Data sets, and what to call them."""

    datasets: tuple[Path, ...]  #: Folders of data sets.
    names: tuple[str, ...] = ()  #: What to call them; by default their folders' names.

    def __post_init__(self) -> None:
        if self.names and len(self.names) != len(self.datasets):
            raise ValueError(f"{len(self.datasets)} data sets need as many names, got {len(self.names)}")
        if len(set(self.called)) < len(self.datasets):
            raise ValueError(f"two data sets are called the same ({', '.join(self.called)}); give them different names")

    @property
    def called(self) -> tuple[str, ...]:
        """Names in use."""
        return self.names or tuple(path.resolve().name for path in self.datasets)
