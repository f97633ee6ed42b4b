"""Write recipe_keys.md: every key of a recipe, from the dataclasses that read it.

python docs/write_recipe_keys.py
"""

import dataclasses
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm, losses
from fecemo.study.datasets import DatasetRecipe, dataset_ways
from fecemo.study.fit_choices import CHOICES
from fecemo.study.recipe import Recipe
from fecemo.study.rows import ApproachRecipe
from fecemo.training.settings import FitSettings

PAGE = Path(__file__).parent / "recipe_keys.md"
OPENING = """# Keys of a recipe

A recipe is a YAML file, such as `pipelines/recipes/demo.yaml`. An unknown key, a value of another type and a name that
does not exist are refused by `snakemake -n`, with the nearest known one. Written by `python docs/write_recipe_keys.py`
from the code.
"""


def settings_in(hint: Any) -> Iterator[type]:
    """Yield the dataclasses that a type hint names."""
    if inspect.isclass(hint) and dataclasses.is_dataclass(hint):
        yield hint
    for inner in typing.get_args(hint):
        yield from settings_in(inner)


def words_of(hint: Any) -> str:
    """Return a type in words, such as ``"tuple of int"``."""
    origin, parts = typing.get_origin(hint), [part for part in typing.get_args(hint) if part not in (type(None), ...)]
    if origin is typing.Literal:
        return "{" + ", ".join(f'"{part}"' for part in parts) + "}" if len(parts) > 1 else f'"{parts[0]}"'
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(words_of, parts)))
    if origin is tuple:
        return f"tuple of {inner}" if (inner := words_of(parts[0])) else "tuple"
    if origin is dict:
        return "dict" if parts[1] is Any else f"dict of {words_of(parts[0])} to {words_of(parts[1])}"
    return "" if hint is Any else str(getattr(hint, "__name__", hint))


def described(kind: type) -> dict[str, tuple[str, str]]:
    """Return type and meaning of each field, from the comment beside it."""
    hints = typing.get_type_hints(kind)
    meanings: dict[str, tuple[str, str]] = {}
    for base in reversed(kind.__mro__):
        for name, meaning in commented(base).items():
            meanings[name] = (words_of(hints[name]), meaning)
    return {name: ("", "") if name not in hints else (words_of(hints[name]), "") for name in hints} | meanings


def commented(kind: type) -> dict[str, str]:
    """Return what is said beside the fields of a dataclass: behind them, or above one or several that are named."""
    if not dataclasses.is_dataclass(kind):
        return {}
    meanings: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.getsource(kind).splitlines():
        if comment := re.fullmatch(r" +#: (.*)", line):
            above.append(comment[1])
        elif field := re.match(r"    (\w+): [^#]*(?:#: (.*))?", line):
            text = field[2] or " ".join(above)
            names, _, shared = text.partition(": ")
            if field[1] not in meanings and re.fullmatch(r"`\w+`(, `\w+`)+", names):
                meanings |= dict.fromkeys(names.replace("`", "").split(", "), shared)
            elif text:
                meanings[field[1]] = text
            above = []
    return meanings


def default_of(field: dataclasses.Field) -> str:
    """Return a field's default as a recipe would state it; ``"required"`` where it has none."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "" if dataclasses.is_dataclass(value) else f"`{value}`".replace("()", "[]")
    if field.default is dataclasses.MISSING:
        return "required"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return "" if value is None else f"`{getattr(value, 'name', value)}`"


def table_of(kind: type) -> list[str]:
    """Return the keys of a dataclass as a Markdown table."""
    known = described(kind)
    fields = [field for field in dataclasses.fields(kind) if (field.init and field.name != "name") or kind is Recipe]
    if not fields:
        return ["No keys."]
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for field in fields:
        value_kind, meaning = (text.replace("|", "\\|") for text in known.get(field.name, ("", "")))
        lines.append(f"| `{field.name}` | {value_kind.removesuffix(', optional')} | {default_of(field)} | {meaning} |")
    return lines


def terms() -> list[str]:
    """Return the keys of a term; a recipe may leave all but its loss to the phase and the loss."""
    return [line if line.startswith("| `loss`") else re.sub(r"\| (required|`1\.0`) \|", "|  |", line)
            for line in table_of(LossTerm)]


def headline(kind: type) -> str:
    """Return the first sentence of a docstring."""
    return inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def nested(kind: type, path: str = "") -> Iterator[tuple[str, type]]:
    """Yield the dataclasses within a recipe, by the key that holds them."""
    for name, hint in typing.get_type_hints(kind).items():
        for inner in settings_in(hint):
            if inner not in (ApproachRecipe, DatasetRecipe):
                yield path + name, inner
                yield from nested(inner, f"{path}{name}.")


def page() -> str:
    """Return the whole page."""
    parts = [OPENING, "## The recipe\n", *table_of(Recipe)]
    for name, way in dataset_ways().items():
        parts += [f"\n## `datasets.NAME.{name}`\n", headline(way.settings), "", *table_of(way.settings)]
    sections: dict[type, list[str]] = {}
    for key, kind in nested(Recipe):
        sections.setdefault(kind, []).append(key)
    for kind, keys in sections.items():
        parts += [f"\n## {' and '.join(f'`{key}`' for key in keys)}\n", headline(kind), "", *table_of(kind)]
    parts += ["\n## `approaches.ROW`\n", headline(ApproachRecipe), "", *table_of(ApproachRecipe),
              "\n## `approaches.ROW.fit.PHASE`\n", headline(FitSettings), "", *table_of(FitSettings)]
    for key, (_, registry) in {"loss": (None, losses), **CHOICES}.items():
        if key == "corrupt":
            continue  # the same augmentations
        if key == "loss":
            parts += ["\n## A term of `approaches.ROW.fit.PHASE.losses`\n", headline(LossTerm), "", *terms()]
        parts.append(f"\n## `approaches.ROW.fit.PHASE.{key}`\n")
        for name, kind in registry().items():
            parts += [f"\n### {registry.kind} `{name}`\n", headline(kind), "", *table_of(kind)]
    parts.append("\n## `approaches.ROW.model`\n")
    for name, approach in approaches().items():
        phases = ", ".join(f"`{phase.name}`" for phase in approach.phases) or "none"
        parts += [f"\n### `{name}`: {approach.title}\n", f"Phases: {phases}.", "", *table_of(approach.config)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE, file=sys.stderr)
