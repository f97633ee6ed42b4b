"""Faces of a run, with what other stages have found out about them."""

from dataclasses import dataclass

from fecemo.packs.face_pack import FacePack
from fecemo.stages.layout import RunLayout
from fecemo.stages.measurements import Measurements, read_measurements


@dataclass(frozen=True)
class RunFaces:
    """A face pack of a run, and what is known of its faces beside the pack.

    Parameters
    ----------
    pack : FacePack
    measurements : Measurements, optional
        Where somebody asks for them.
    """

    pack: FacePack
    measurements: Measurements | None = None

    @property
    def measured(self) -> Measurements:
        """Measurements: Those that were asked for. Raises `ValueError` where nobody asked."""
        if self.measurements is None:
            raise ValueError("the faces were read without their measurements")
        return self.measurements

    def digests(self, name: str) -> dict[str, str]:
        """Return the digests of what this is made of, as inputs of a stage that calls the pack ``name``."""
        measured = {} if self.measurements is None else {f"{name}_measurements": self.measurements.receipt.digest}
        return {name: self.pack.receipt.digest, **measured}


def read_run_faces(layout: RunLayout, name: str, measured: bool) -> RunFaces:
    """Return the ``"source"`` or ``"target"`` faces of a run.

    Raises
    ------
    StoredStateError
        If the pack is missing or unfinished, or its faces are to be measured first.
    """
    pack = FacePack({"source": layout.source, "target": layout.target}[name])
    return RunFaces(pack, read_measurements(layout.measurements(name), pack) if measured else None)
