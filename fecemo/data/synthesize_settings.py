"""What the synthesize stage makes of a data set: whose faces, with which expressions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fecemo.data.receipts import plain

METHOD = "mean moves and creases of a class, a quarter of the donor's own, mouths that darken towards the lips"
"""How faces are moved: sets that were made in another way are stale."""


@dataclass(frozen=True)
class SynthesizeSettings:
    """Which neutral faces of a data set are given which expressions.

    Only faces of the train split are read. A synthetic face costs the labels of the neutral face and of its donor,
    which people gave.
    """

    dataset: Path  #: A labelled dataset; in a recipe, the name of one of its data sets.
    per_class: int = 500  #: Synthetic faces of every other class than the neutral one.
    #: Where an expression comes from: a donor, another person's face of that class; a donor of rated valence and
    #: arousal, each square of the plane in the place of a class; or published action units, which need no label but the
    #: neutral one, and of which a mouth that opens is dark inside.
    by: Literal["donors", "affect", "action_units"] = "donors"
    gain: tuple[float, float] = (0.6, 1.1)  #: Least and most of the expression; 1 is all of the donor's.
    neutral: str = "neutral"  #: The class of faces that are given expressions.
    #: Share of a donor's votes (columns ``votes_CLASS``) that are for its label, at least; 0 takes every face.
    min_agreement: float = 0.0
    #: Share of all labels from which parents are taken: those that a phase of the same ``label_fraction`` and ``seed``
    #: learns from. All of the train split without it.
    label_fraction: float | None = None
    seed: int = 0  #: Of parents and gains.
    #: Google's ``face_landmarker.task`` (Apache-2.0): a file, or the name of one that ``00_models.py`` has fetched.
    landmark_model: Path = Path("face_landmarker.task")
    #: Faces that are made at once; as many as there are cores without it. The faces do not depend on it.
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.per_class < 1:
            raise ValueError(f"per_class must be at least 1, not {self.per_class}")
        if not 0 <= self.gain[0] <= self.gain[1] <= 2:
            raise ValueError(f"gain must be two numbers from 0 to 2, the least first, not {self.gain}")
        if not 0 <= self.min_agreement <= 1:
            raise ValueError(f"min_agreement must be from 0 to 1, not {self.min_agreement}")
        if self.label_fraction is not None and not 0 < self.label_fraction <= 1:
            raise ValueError(f"label_fraction must be above 0 and at most 1, not {self.label_fraction}")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed must be from 0 to 2^32 - 1, not {self.seed}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")

    @property
    def shaping(self) -> dict[str, Any]:
        """Dict of str to object: Those of the settings that shape the faces, as JSON values."""
        return {"method": METHOD, **{name: value for name, value in plain(self).items()
                                     if name not in ("dataset", "landmark_model", "threads")}}
