"""One of two views of a face altered further than the other, for losses that compare them."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.data.choices import choose_within
from fecemo.lazy_keras import ops
from fecemo.training.augmentation import Augmentation, augment, augmentations


@dataclass(frozen=True)
class SecondView(Augmentation):
    """Alter the second view of each face alone: a weakly and a strongly altered face (Sohn et al. 2020, section 2)."""

    #: Augmentations by name, or by name with settings, in their order: ``[crop, {erase: {max_area: 0.2}}]``. None may
    #: emit a target.
    augment: Any = ("colour", "blur", "resolution", "noise", "erase")
    name: str = field(default="second_view", init=False)

    group_size = 2

    def __post_init__(self) -> None:
        if not self.augment:
            raise ValueError("augment: expected one augmentation at least")
        chosen = choose_within(self, "augment", augmentations)
        if emitting := [way.name for way in chosen if way.targets or way.group_size > 1]:
            raise ValueError(f"augment: {emitting[0]} does not go into second_view")
        object.__setattr__(self, "augment", chosen)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces, the views of each one after the other; see `Augmentation.apply`."""
        views = ops.reshape(faces, (-1, 2, *faces.shape[1:]))
        second, _ = augment(views[:, 1], self.augment, seed_generator)
        return ops.reshape(ops.stack([views[:, 0], second], axis=1), faces.shape)


AUGMENTATION = SecondView
