"""What to import, and how."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fecemo.data.classes import NUMBERING_NAMES
from fecemo.errors import nearest


@dataclass(frozen=True)
class ImportSettings:
    """What to import, and how."""

    images: Path  #: The folder that holds the images; for the layout ``path_label``, the CSV.
    #: How they lie there: ``auto`` (as one of the following, recognised by its tell-tale, which the closing line says;
    #: two that fit are refused, folders named as classes among them), ``class_folders`` (a folder an emotion, perhaps
    #: under train, valid and test), ``affectnet`` (AffectNet's own release), ``affectnet_plus`` (AffectNet+, with soft
    #: labels), ``affectnet_lists`` (its first, by CSVs of boxes), ``kdef``, ``jaffe`` and ``rafd`` (by the names of
    #: their images), ``fer2013`` (its CSV of pixels, perhaps with FER+'s votes), ``expw`` (boxes in a list),
    #: ``ck_plus`` (sequences; first frames are neutral where ``classes`` name ``neutral``), ``raf_db`` (its list of
    #: labels), ``sfew`` (frames of films, also AFEW's), ``path_label`` (a CSV of path, label and perhaps split),
    #: ``webdataset`` (tars of images and labels), or ``parquet`` (images inside of tables). Never recognised, only
    #: named: ``photographs`` (a folder without labels).
    layout: str = "auto"
    #: The set's own classes in their order, where they are others than the usual emotions, or fewer. Images of any
    #: other class are then left out and counted.
    classes: tuple[str, ...] = ()
    #: What labels mean that are numbers: ``affectnet``, ``fer2013``, ``rafdb``, ``alphabetical`` (from 0 on), or
    #: ``listed`` (from 0 on in the order of ``classes``). Numbers are never guessed; those of RAF-DB and FER2013 are
    #: recognised by the names of their images, and the closing line says so.
    numbering: str = ""
    #: What else to read of each face as numbers: columns of a CSV, or ``valence`` and ``arousal`` of AffectNet's
    #: release. An empty cell is not known.
    annotations: tuple[str, ...] = ()
    #: Columns of a CSV to read as words, such as ``age`` where it holds ``20-29``.
    text_annotations: tuple[str, ...] = ()
    #: Share of the faces for the validation split. Where the set comes with splits of its own, they are kept, and only
    #: a validation split that it lacks is taken from its train split.
    valid_fraction: float = 0.0
    #: Share of the faces for the test split, where the set does not come with splits. A set that comes in two parts is
    #: scored on the one that is not called train.
    test_fraction: float = 0.2
    #: So many faces of each emotion, in place of ``valid_fraction``: held out are then equally many of each. Half of
    #: the rarest emotion stays to be learnt from; where it has too few faces, this and ``test_per_class`` become
    #: smaller in proportion. The receipt and the report's data card state what was held out.
    valid_per_class: int | None = None
    test_per_class: int | None = None  #: The same in place of ``test_fraction``.
    seed: int = 0  #: Of the splits and of ``per_class``.
    #: Import at most this many faces of each emotion, drawn by seed, from the splits that the set comes with in
    #: proportion; for photographs, this many in all.
    per_class: int | None = None
    #: What happens to an image that is not square: its middle is kept, black bars are added, or its proportions change.
    #: It is then resampled to 200×200, by area averages where it shrinks and cubic interpolation where it grows.
    shape: Literal["crop", "pad", "stretch"] = "crop"
    threads: int = 4  #: Images that are decoded at once. The data set does not depend on it.

    def __post_init__(self) -> None:
        if self.numbering and self.numbering not in NUMBERING_NAMES:
            raise ValueError(f"numbering is {self.numbering!r}, {nearest(self.numbering, NUMBERING_NAMES)}")
        columns = (*self.annotations, *self.text_annotations)
        if len(set(columns)) < len(columns) or {"label", "split", "path", "row", ""} & set(columns):
            raise ValueError(f"annotations {list(columns)} must be different names, and not "
                             "label, split, path or row")
        if len(set(self.classes)) < len(self.classes) or "" in self.classes:
            raise ValueError(f"classes {list(self.classes)} must be different names")
        if not (self.valid_fraction >= 0 and self.test_fraction >= 0 and self.valid_fraction + self.test_fraction < 1):
            raise ValueError(f"valid_fraction {self.valid_fraction} and test_fraction {self.test_fraction} must be at "
                             "least 0 and together below 1")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed must be from 0 to 2^32 - 1, not {self.seed}")
        for name in ("per_class", "valid_per_class", "test_per_class", "threads"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
