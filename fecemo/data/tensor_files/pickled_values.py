"""Read the values in a pickle without running it: a small interpreter that knows no functions.

A pickle is a program that may call anything it names. Here names stay names and calls stay descriptions of calls;
names beyond `KNOWN` and instructions beyond those below are refused.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from fecemo.data.tensor_files import NotTensorsError

KNOWN = frozenset((
    "collections.OrderedDict", "_codecs.encode", "__builtin__.bytes",
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
    "numpy.ndarray", "numpy.dtype", *(f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")),
    *(f"numpy.{core}.numeric._frombuffer" for core in ("core", "_core")),
    *(f"torch.{kind}Storage" for kind in ("Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool")),
))
STORED = "stored elsewhere"
"""Name of what a pickle refers to by a key."""


@dataclass
class Named:
    """A name, such as ``"numpy.dtype"``."""

    name: str


@dataclass
class Called:
    """A call that is not made: the name and arguments of what would be called, and what would be set on the result."""

    name: str
    arguments: Any
    state: Any = None


MARK = object()
CONSTANTS: dict[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "MARK": lambda: MARK,
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False}
LITERALS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING",
                      "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
                      "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"))
PUTS = frozenset(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"))
GETS = frozenset(("GET", "BINGET", "LONG_BINGET"))
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Interpreter:
    """A stack, and what was put aside under a number."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.steps: dict[str, Callable[[Any], None]] = {
            "PROTO": lambda _: None, "FRAME": lambda _: None, "POP": lambda _: self.stack.__delitem__(-1),
            "TUPLE": lambda _: self.stack.append(tuple(self._since_mark())),
            "LIST": lambda _: self.stack.append(self._since_mark()),
            "DICT": lambda _: self.stack.append(_pairs(self._since_mark())),
            "APPEND": lambda _: self._extend([self.stack.pop()]), "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update([self.stack.pop(-2), self.stack.pop()]),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "GLOBAL": lambda names: self._name(*names.split(" ")),
            "STACK_GLOBAL": lambda _: self._name(self.stack.pop(-2), self.stack.pop()),
            "REDUCE": lambda _: self._call(), "NEWOBJ": lambda _: self._call(), "BUILD": lambda _: self._build(),
            "BINPERSID": lambda _: self.stack.append(Called(STORED, self.stack.pop())),
        }

    def do(self, instruction: str, argument: Any) -> None:
        if instruction in CONSTANTS:
            self.stack.append(CONSTANTS[instruction]())
        elif instruction in LITERALS:
            self.stack.append(argument)
        elif instruction in PUTS:
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif instruction in GETS:
            self.stack.append(self.memo[argument])
        elif instruction in TUPLES:
            count = TUPLES[instruction]
            self.stack[-count:] = [tuple(self.stack[-count:])]
        elif instruction in self.steps:
            self.steps[instruction](argument)
        else:
            raise NotTensorsError(f"its pickle has the instruction {instruction}, which no tensors need")

    def _since_mark(self) -> list[Any]:
        at = next(place for place in range(len(self.stack) - 1, -1, -1) if self.stack[place] is MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def _extend(self, items: list[Any]) -> None:
        _expect(self.stack[-1], list).extend(items)

    def _update(self, items: list[Any]) -> None:
        _expect(self.stack[-1], dict).update(_pairs(items))

    def _name(self, module: str, name: str) -> None:
        if f"{module}.{name}" not in KNOWN:
            raise NotTensorsError(f"its pickle names {module}.{name}, which is no tensor; nothing of it was run")
        self.stack.append(Named(f"{module}.{name}"))

    def _call(self) -> None:
        arguments = self.stack.pop()
        name = _expect(self.stack.pop(), Named).name
        self.stack.append({} if name == "collections.OrderedDict" else Called(name, arguments))

    def _build(self) -> None:
        state, built = self.stack.pop(), self.stack[-1]
        if isinstance(built, Called):
            built.state = state  # What is set on a dict is notes beside the tensors.


def read_values(file: IO[bytes]) -> Any:
    """Return what a pickle describes: numbers, strings, containers of them, `Named` and `Called`.

    Raises `NotTensorsError` if it names, or does, what tensors do not need.
    """
    interpreter = _Interpreter()
    try:
        for instruction, argument, _ in pickletools.genops(file):
            if instruction.name == "STOP":
                return interpreter.stack.pop()
            interpreter.do(instruction.name, argument)
    except (IndexError, KeyError, TypeError, StopIteration, AttributeError) as error:
        raise NotTensorsError(f"its pickle is damaged ({error!r})") from error
    raise NotTensorsError("its pickle has no end")


def _pairs(items: list[Any]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise NotTensorsError(f"its pickle treats {type(value).__name__} as {kind.__name__}")
    return value
