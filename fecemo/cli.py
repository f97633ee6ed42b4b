"""The one way in for every script: read the arguments, call the stage, and tell a user's error from a fault."""

import dataclasses
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fecemo.errors import FecemoError

MIN_COLUMNS = 40
DECODER_LIMITS = ("OPENCV_IO_MAX_IMAGE_PIXELS", "OPENCV_IO_MAX_IMAGE_WIDTH", "OPENCV_IO_MAX_IMAGE_HEIGHT")
"""Variables that OpenCV reads: a smaller limit than the settings' own calls sound pictures damaged."""


def run_cli(run: Callable[..., Any]) -> None:
    """Call a stage's ``run`` with the command line's arguments, taken from its signature and docstring.

    Exits with 2 and one message where the user can act on it, and with 130 after Ctrl-C.
    """
    import tyro

    pin_environment()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # help and tables hold signs such as × that not every terminal knows
            stream.reconfigure(errors="replace")
    try:
        tyro.cli(run, config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagConversionOff, tyro.conf.AvoidSubcommands))
    except FecemoError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("stopped; what is done is kept: run the same command again to resume", file=sys.stderr)
        sys.exit(130)


def pin_environment() -> None:
    """Let go of what a process must not take from the user's machine."""
    for name in DECODER_LIMITS:
        os.environ.pop(name, None)
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and len(columns) < 4 and int(columns) < MIN_COLUMNS:
        del os.environ["COLUMNS"]  # in one column the layout of the help finds no end
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  for as long as it runs


def command_line(settings: Any) -> list[str]:
    """Return the command-line arguments that give a stage these settings: the inverse of `run_cli`.

    Parameters
    ----------
    settings : dataclass instance
        Flat: plain values, paths, None, or tuples of them.
    """
    arguments = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value == field.default or (field.default_factory is not dataclasses.MISSING
                                      and value == field.default_factory()):
            continue
        values = value if isinstance(value, tuple) else (value,)
        arguments += [f"--{field.name.replace('_', '-')}", *(str(element) for element in values)]
    return arguments


def say_done(stage: str, folder: Path, message: str) -> None:
    """Print a stage's closing line: what it did and where it put it."""
    print(f"{stage}: {message} → {folder}", file=sys.stderr)
