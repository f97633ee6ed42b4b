"""Whether a recipe uses names that a person gives, and what to write in it where it does not."""

from pathlib import Path

from fecemo.clustering.naming import naming_methods
from fecemo.labelling.material import UseOfNames
from fecemo.study.recipe import Recipe

BY_HAND = "naming: {method: hand}"
"""What a recipe says that uses a person's names."""


def use_of_names(recipe: Recipe, path: Path) -> UseOfNames:
    """Return whether a run of a recipe uses the names of a person who names every cluster, and what to do if not.

    Parameters
    ----------
    path : Path
        The recipe's file, whose line is named.
    """
    naming = naming_methods.find(recipe.naming.method)
    if naming.by == "person":
        return UseOfNames(True, f"{path} says {BY_HAND}: when every cluster has a name, run the same command again, "
                                "and it uses your names")
    if naming.by == "suggestion":
        return UseOfNames(True, f"when every cluster has a name, run the same command again: your names then replace "
                                f"the suggestions (naming.method: {naming.name}) of {path}")
    return UseOfNames(False, f"a run of {path} does not use names given by hand: {_where_it_says(path, naming.name)}. "
                             f"Write {BY_HAND} there and run the same command again: it then waits until every row "
                             "with clusters has your names, and uses them")


def _where_it_says(path: Path, method: str) -> str:
    """Return the line of a recipe that says how clusters are named, in words."""
    import yaml

    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "naming":
            inner = value.value[-1][1] if isinstance(value, yaml.MappingNode) and value.value else value
            first, last = key.start_mark.line + 1, inner.end_mark.line + 1  # a block itself ends where the next begins
            lines = f"line {first}" if first == last else f"lines {first} to {last}"
            return f"its {lines} say{'s' if first == last else ''} naming.method: {method}"
    return f"it has no line that begins with naming:, so that names are given by {method}"
