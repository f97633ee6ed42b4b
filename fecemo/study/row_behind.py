"""The row behind a row: whose embeddings enter its networks."""

from typing import TYPE_CHECKING

from fecemo.errors import InputError, nearest

if TYPE_CHECKING:
    from fecemo.study.recipe import Recipe


def check_row_behind(recipe: "Recipe", row: str, variant: str, key: str) -> None:
    """Raise `InputError` if a row takes embeddings and does not say whose, or of rows that can give none."""
    of = recipe.said_of(row).of
    if (recipe.approach_of(row).takes == "embedding") != (of is not None):
        raise InputError(f"{key}.of: " + (
            "name the row whose embeddings this one takes" if of is None else
            f"{recipe.approach_of(row).name} takes {recipe.approach_of(row).takes}, and no other row's embeddings"))
    behind = [row]
    while of is not None:
        if of not in recipe.approaches:
            raise InputError(f"{key}.of: no row {of!r} in this recipe: {nearest(of, recipe.approaches)}")
        if of in behind:
            raise InputError(f"{key}.of: {' of '.join([*behind, of])}: a row cannot be made of itself")
        if recipe.approach_of(of).predicts_by != "clusters":
            raise InputError(f"{key}.of: {of} gives probabilities of emotions and no embeddings; name a row whose "
                             "faces are clustered")
        if (of, variant) not in recipe.cells:
            raise InputError(f"{key}.of: {of} does not run on {variant}; leave {variant} out of {key}.only too")
        behind.append(of)
        of = recipe.approaches[of].of
