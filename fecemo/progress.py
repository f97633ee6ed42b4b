"""Progress of long work: a bar in a terminal, a plain line every two seconds anywhere else."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from fecemo.errors import InputError

LINES_VARIABLE = "FECEMO_PROGRESS"
"""Set to ``lines`` where several stages share one terminal, so that they do not overwrite each other's bars."""


LINE_FORMAT = "{desc}: {n_fmt}/{total_fmt} UNITS [{elapsed}<{remaining}, {rate_fmt}{postfix}]"


class _Lines:
    """A text stream that turns tqdm's carriage returns into whole lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        line = text.strip("\r\n ")
        if line:
            with suppress(OSError):  # nobody reads it any more: the work is worth more than its progress
                self._stream.write(line + "\n")
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def isatty(self) -> bool:
        return False


def progress(total: int | None, title: str, unit: str, *, initial: int = 0) -> Any:
    """Return a tqdm bar that writes to standard error.

    Parameters
    ----------
    total : int or None
        Units of work in all, or None where that is not known.
    title : str
        What is being done, such as ``"train conv_autoencoder rgb"``.
    unit : str
        One of what is counted, such as ``"face"``.
    initial : int
        Units already done by an earlier run.

    Returns
    -------
    tqdm.tqdm
        Use as a context manager; call ``update(n)`` and ``set_postfix_str``.

    Raises
    ------
    InputError
        If a variable of the environment, such as ``TQDM_NCOLS``, is nothing that tqdm understands.
    """
    try:
        from tqdm import tqdm
    except ValueError as error:
        variables = ", ".join(f"{name}={text}" for name, text in sorted(os.environ.items()) if name.startswith("TQDM_"))
        raise InputError(f"progress cannot be shown: tqdm refuses a variable of the environment ({error}); unset it. "
                         f"Set are {variables}") from error

    units = f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"  # of the total; a rate is so many a second
    in_lines = not sys.stderr.isatty() or os.environ.get(LINES_VARIABLE) == "lines"
    return tqdm(
        total=total,
        desc=title,
        unit=unit,
        unit_scale=False,
        initial=initial,
        disable=total == 0,  # nothing to do is no progress
        file=_Lines(sys.stderr) if in_lines else sys.stderr,
        mininterval=2.0 if in_lines else 0.2,
        ncols=160 if in_lines else None,
        dynamic_ncols=not in_lines,
        bar_format=LINE_FORMAT.replace("UNITS", units) if in_lines else None,
    )
