"""One of two views of a face altered further than the other, for losses that compare them."""

from dataclasses import dataclass, field
from typing import Any

from fecemo.data.documents import build
from fecemo.errors import InputError
from fecemo.registry import find
from fecemo.training.augmentation import AUGMENTATIONS, Augmentation, augment


@dataclass(frozen=True)
class SecondView(Augmentation):
    """Alter the second view of each face alone: a weakly and a strongly altered face (Sohn et al. 2020, section 2)."""

    #: Augmentations by name, or by name with settings, in their order: ``[crop, {erase: {max_area: 0.2}}]``. None may
    #: emit a target.
    augment: Any = ("colour", "blur", "resolution", "noise", "erase")
    name: str = field(default="second_view", init=False)

    group_size = 2

    def __post_init__(self) -> None:
        if not isinstance(self.augment, list | tuple) or not self.augment:
            raise ValueError(f"augment: expected a list of augmentations, found {self.augment!r}")
        chosen = tuple(map(_chosen, self.augment))
        if emitting := [way.name for way in chosen if way.targets or way.group_size > 1]:
            raise ValueError(f"augment: {emitting[0]} does not go into second_view")
        object.__setattr__(self, "augment", chosen)

    def apply(self, faces: Any, seed_generator: Any) -> Any:
        """Return the faces, the views of each one after the other; see `Augmentation.apply`."""
        from keras import ops

        views = ops.reshape(faces, (-1, 2, *faces.shape[1:]))
        second, _ = augment(views[:, 1], self.augment, seed_generator)
        return ops.reshape(ops.stack([views[:, 0], second], axis=1), faces.shape)


def _chosen(choice: Any) -> Augmentation:
    """Return the augmentation that a name, or a name with settings, says. Raises `ValueError` if there is none."""
    if isinstance(choice, Augmentation):
        return choice
    named = {choice: {}} if isinstance(choice, str) else choice
    if not isinstance(named, dict) or len(named) != 1:
        raise ValueError(f"augment: expected the name of an augmentation, or one name with settings, found {choice!r}")
    (name, settings), = named.items()
    try:
        kind: type[Augmentation] = find(AUGMENTATIONS, "AUGMENTATION", name, "augmentation")
        return build(kind, settings or {}, "augment")
    except InputError as error:
        raise ValueError(f"augment: {error}") from error


AUGMENTATION = SecondView
