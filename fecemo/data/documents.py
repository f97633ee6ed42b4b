"""Read YAML and JSON into frozen dataclasses; an unknown key is an error that names the nearest known one."""

import dataclasses
import json
import math
import re
import reprlib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fecemo.data.durable import refuse_endless
from fecemo.errors import InputError, nearest

if TYPE_CHECKING:
    import yaml

T = TypeVar("T")
MAX_DEPTH = 50
"""Of mappings and lists within each other."""
MAX_VALUES = 100_000
"""In a document, those behind its aliases counted at each."""
MAX_DIGITS = 400
"""Of a number."""
NAME_RULE = re.compile(r"\w[\w .-]*")
"""Names that become folders: letters, digits, _, blank, point and hyphen, the first a letter, a digit or _."""
MAX_NAME = 100
MAX_FAULTS, MAX_FAULT = 20, 1000
"""Faults of one document that are reported, and letters of each."""

_shorten = reprlib.Repr()
_shorten.maxstring = _shorten.maxother = 120


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises `InputError` if the file is missing, is not YAML, has a key twice or a number that is none (the line is
    named), grows beyond measure by its aliases, or does not hold a mapping.
    """
    import yaml

    try:
        text = _text(path)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_unsound(root, path)
        document = yaml.safe_load(text)
    except RecursionError:
        raise InputError(f"{path} holds more than {MAX_DEPTH} values within each other") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path} is not readable YAML: {error}") from error
    return _mapping(document, path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds. Raises `InputError` as `read_yaml` does."""
    try:
        document = json.loads(_text(path), object_pairs_hook=_each_once)
    except RecursionError:
        raise InputError(f"{path} is not readable JSON: too many values within each other") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not readable JSON: {error}") from error
    return _mapping(document, path)


def require_name(name: str, key: str) -> None:
    """Raise `ValueError` for a name that cannot be that of a folder: names of recipes, rows and data sets are."""
    if len(name) > MAX_NAME or not NAME_RULE.fullmatch(name) or name != name.strip():
        raise ValueError(f"{key} {_shorten.repr(name)} is no name: expected letters, digits, _, blanks, points and "
                         f"hyphens, the first a letter, a digit or _, {MAX_NAME} at most")


def _refuse_unsound(root: "yaml.Node | None", path: Path) -> None:
    """Raise `InputError` for a key twice in a mapping, for no numbers, and for a document too deep or too large.

    Its size is that with all aliases written out.
    """
    import yaml

    sizes: dict[int, int] = {}

    def size(node: "yaml.Node", depth: int) -> int:
        line = node.start_mark.line + 1
        if depth > MAX_DEPTH:
            raise InputError(f"{path}, line {line}: more than {MAX_DEPTH} values within each other")
        if not isinstance(node, yaml.CollectionNode):
            if node.tag.endswith((":float", ":int")):
                _refuse_no_number(str(node.value), f"{path}, line {line}")
            return 1
        if id(node) in sizes:  # an alias is the very node that it names
            if not sizes[id(node)]:
                raise InputError(f"{path}, line {line}: a value that holds itself")
            return sizes[id(node)]
        sizes[id(node)] = 0
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated([key for key, _ in node.value if isinstance(key, yaml.ScalarNode)], path)
        parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        total = 1 + sum(size(part, depth + 1) for part in parts)
        if total > MAX_VALUES:
            raise InputError(f"{path}, line {line}: more than {MAX_VALUES} values, those behind aliases counted at "
                             "each")
        sizes[id(node)] = total
        return total

    if root is not None:
        size(root, 1)


def _refuse_repeated(keys: "list[yaml.ScalarNode]", path: Path) -> None:
    """Raise `InputError` for a key that occurs twice in one mapping, of which YAML would keep the last in silence."""
    lines: dict[tuple[str, str], int] = {}
    for key in keys:
        line = key.start_mark.line + 1
        if (before := lines.get((key.tag, key.value))) is not None:
            raise InputError(f"{path}, line {line}: the key {key.value!r} is in line {before} already")
        lines[key.tag, key.value] = line


def _refuse_no_number(text: str, where: str) -> None:
    """Raise `InputError` for NaN, infinity and numbers that fill pages: none is a setting."""
    if len(text) > MAX_DIGITS:
        raise InputError(f"{where}: a number of {len(text)} digits, expected {MAX_DIGITS} at most")
    word = text.lower().lstrip("+-").lstrip(".")
    if word in ("nan", "inf") or (word[:1].isdigit() and _is_infinite(text)):
        raise InputError(f"{where}: {text} is no finite number")


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text.replace("_", "")))
    except ValueError:  # octal, hexadecimal or sexagesimal
        return False


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raises `ValueError` for a key that occurs twice, of which the last would be kept."""
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} occurs twice in one object")
        document[key] = value
    return document


def _text(path: Path) -> str:
    try:
        refuse_endless(path)
        return path.read_text(encoding="utf-8-sig")  # a byte order mark, as Notepad writes it, is no content
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _mapping(document: Any, path: Path) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise InputError(f"{path}: expected a mapping of keys to values, found {type(document).__name__}")
    return document


def build(kind: type[T], document: dict[str, Any], where: str) -> T:
    """Return a dataclass made of a plain document, checked against its type hints by pydantic.

    Raises `InputError` for unknown, missing or ill-typed keys; every fault is listed, and the nearest known key named.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are plain values, tuples, mappings or dataclasses. A field without a default must
        be given. Its own ``__post_init__`` may raise `ValueError`.
    document : dict
        What a file holds.
    where : str
        What the message begins with, such as ``"recipes/demo.yaml: approaches.dense_autoencoder"``.
    """
    import pydantic

    try:
        value = pydantic.TypeAdapter(_strict(kind)).validate_python(document)
    except pydantic.ValidationError as error:
        faults = [_explain(kind, fault) for fault in error.errors()[:MAX_FAULTS]]
        faults += [f"and {more} more"] if (more := error.error_count() - MAX_FAULTS) > 0 else []
        raise InputError(f"{where}: " + "; ".join(fault if len(fault) <= MAX_FAULT else f"{fault[:MAX_FAULT]}…"
                                                  for fault in faults)) from error
    if misread := list(_misread(document, value, "")):
        raise InputError(f"{where}: {'; '.join(misread[:MAX_FAULTS])}")
    return value


def _misread(document: Any, value: Any, key: str) -> Iterator[str]:
    """Yield where a truth value was taken for a number, or anything else for a truth value."""
    if isinstance(document, dict):
        for name, inner in document.items():
            part = value.get(name) if isinstance(value, Mapping) else getattr(value, str(name), None)
            yield from _misread(inner, part, f"{key}.{name}" if key else str(name))
    elif isinstance(document, list):
        parts = value if isinstance(value, tuple | list) else ()
        for place, (inner, part) in enumerate(zip(document, parts, strict=False)):
            yield from _misread(inner, part, f"{key}.{place}")
    elif isinstance(document, bool) and isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{key}: expected a number, got {str(document).lower()}"
    elif isinstance(value, bool) and not isinstance(document, bool):
        yield f"{key}: expected true or false, got {_shorten.repr(document)}"


def _strict(kind: type[T]) -> type[T]:
    """Make pydantic refuse unknown keys in this dataclass and in those it holds, without asking them to know of it."""
    for inner in (kind, *_dataclasses_in(kind)):
        if "__pydantic_config__" not in vars(inner):
            inner.__pydantic_config__ = {"extra": "forbid"}
    return kind


def _dataclasses_in(hint: Any) -> list[Any]:
    is_class = isinstance(hint, type) and dataclasses.is_dataclass(hint)
    kinds: list[Any] = []
    for inner in typing.get_type_hints(hint).values() if is_class else typing.get_args(hint):
        kinds += [*([inner] if dataclasses.is_dataclass(inner) else []), *_dataclasses_in(inner)]
    return kinds


def _explain(kind: Any, fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"unknown key {path!r}, {nearest(str(fault['loc'][-1]), _known_keys(kind, fault['loc'][:-1]))}"
    if fault["type"] in ("missing", "missing_argument"):
        return f"the key {path!r} is missing"
    if fault["type"] == "value_error":  # it names the key and what came
        return ": ".join(filter(None, (path, fault["msg"].removeprefix("Value error, "))))
    if fault["type"] in ("tuple_type", "list_type"):
        return f"{path}: expected a list, such as [{str(fault['input'])[:120]}], got {_shorten.repr(fault['input'])}"
    return f"{path or 'value'}: {fault['msg']}, got {_shorten.repr(fault['input'])}"


def _known_keys(kind: Any, location: tuple[Any, ...]) -> list[str]:
    for part in location:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            kind = typing.get_type_hints(kind).get(str(part), kind)
        else:
            kind = next((inner for inner in typing.get_args(kind) if dataclasses.is_dataclass(inner)), kind)
    if not dataclasses.is_dataclass(kind):
        kind = next((inner for inner in _dataclasses_in(kind)), None)
    return [field.name for field in dataclasses.fields(kind) if field.init] if kind is not None else []
