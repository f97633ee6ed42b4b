"""Faces of a run, with what other stages have found out about them."""

from dataclasses import dataclass

from fecemo.data.dataset import Dataset
from fecemo.data.stored_faces import Faces
from fecemo.study.faces.aligned import AlignedFaces, read_aligned
from fecemo.study.faces.measurements import Measurements, read_measurements
from fecemo.study.layout import RunLayout


@dataclass(frozen=True)
class RunFaces:
    """A face pack of a run, and what is known of its faces beside the pack.

    Parameters
    ----------
    pack : Dataset
    measurements : Measurements, optional
        Where somebody asks for them.
    aligned : AlignedFaces, optional
        Where networks are to see them in the place of the pack's.
    """

    pack: Dataset
    measurements: Measurements | None = None
    aligned: AlignedFaces | None = None

    @property
    def seen(self) -> Faces:
        """Faces: What networks see, one a row of the pack."""
        return self.pack.faces if self.aligned is None else self.aligned.faces

    @property
    def measured(self) -> Measurements:
        """Measurements: Those that were asked for. Raises `ValueError` where nobody asked."""
        if self.measurements is None:
            raise ValueError("the faces were read without their measurements")
        return self.measurements

    def digests(self, name: str) -> dict[str, str]:
        """Return the digests of what this is made of, as inputs of a stage that calls the pack ``name``."""
        besides = {"measurements": self.measurements, "aligned": self.aligned}
        return {name: self.pack.receipt.digest,
                **{f"{name}_{what}": its.receipt.digest for what, its in besides.items() if its is not None}}


def read_run_faces(layout: RunLayout, name: str, measured: bool, seen: str = "cut") -> RunFaces:
    """Return faces of a run, with their measurements and as networks are to see them.

    Parameters
    ----------
    layout : RunLayout
    name : {"source", "target", "triplet_test"}
        Their pack.
    measured : bool
        Whether their measurements are asked for.
    seen : {"cut", "aligned"}

    Raises
    ------
    StoredStateError
        If the pack is missing or unfinished, or its faces are to be measured or aligned first.
    """
    pack = Dataset(layout.pack(name))
    return RunFaces(pack, read_measurements(layout.measurements(name), pack) if measured else None,
                    read_aligned(layout.aligned(name), pack, layout.measurements(name)) if seen == "aligned" else None)
