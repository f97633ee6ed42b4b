"""Keras, imported when something of it is first asked for: recipes and ``--help`` stay quick without it."""

import importlib
from typing import Any


class LazyModule:
    """A module that is imported when an attribute of it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


keras, layers, ops = LazyModule("keras"), LazyModule("keras.layers"), LazyModule("keras.ops")
