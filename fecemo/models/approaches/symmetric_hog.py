"""Gradients of a face and of its mirror image: no network learns, and no landmark is known but where eyes may be."""

from dataclasses import dataclass

from fecemo.models.approach import IMAGE, Approach, ModelConfig, refuse_sizes_below_one


@dataclass(frozen=True)
class SymmetricHogConfig(ModelConfig):
    """How finely a face is described, and how much of its picture; see `fecemo.imaging.oriented_gradients`."""

    cells: int = 9  #: Along each side of what is described; at least 2.
    directions: int = 9  #: Into which half a circle is divided.
    share: float = 0.65  #: Of the picture's side that is described.
    #: How far the middle of the part lies below the picture's, of the picture's side; in [0, 1], and no lower than
    #: where the part ends with the picture. By default the part reaches, in aligned pictures, from the brows to the
    #: chin: hair and the outline of the head say nothing of expression.
    below: float = 0.04

    def __post_init__(self) -> None:
        refuse_sizes_below_one(self, "directions")
        if self.cells < 2:
            raise ValueError(f"cells must be at least 2, not {self.cells}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {self.share}")
        if not 0 <= self.below <= 1:
            raise ValueError(f"below must be from 0 to 1, not {self.below}")


APPROACH = Approach(
    name="symmetric_hog",
    title="Symmetric HOG",
    config=SymmetricHogConfig,
    inputs={"image": IMAGE},
    build=None,
    phases=(),
    readouts={"embedding": "clusters"},
    descriptor="symmetric_hog",
)
