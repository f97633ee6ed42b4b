"""The kinds of numbers that are measured on a face, and which of them an approach takes."""

from typing import Any

GROUPS = ("distances", "blendshapes", "gradients")
"""Distances between landmarks, a model's blendshapes, and gradients of mouth and brows; stored in this order."""


def chosen_groups(config: Any) -> tuple[str, ...]:
    """Return the groups that a config takes: those whose field of that name is above 0, in the order of `GROUPS`."""
    return tuple(name for name in GROUPS if getattr(config, name) > 0)


def refuse_no_group(config: Any) -> None:
    """Raise `ValueError`, a field's name first, if a config takes no group, or one less than not at all."""
    for name in GROUPS:
        if not 0 <= getattr(config, name) < float("inf"):
            raise ValueError(f"{name} must be at least 0, not {getattr(config, name)}")
    if not chosen_groups(config):
        raise ValueError(f"{GROUPS[0]}: nothing is left of a face where {', '.join(GROUPS)} are all left out")
