"""Where the files of ``data_manifests/`` are: a part of the installed package, and of a clone by a link."""

from importlib.resources import files
from pathlib import Path

from fecemo.errors import InputError


def shipped(path: str) -> Path:
    """Return a file or folder that comes with the package.

    Parameters
    ----------
    path : str
        Relative to ``data_manifests/``, such as ``"published/table1.yaml"``.

    Raises
    ------
    InputError
        If nothing of that name is shipped.
    """
    folder = Path(str(files("fecemo.data_manifests")))
    found = folder / path
    if not found.exists():
        raise InputError(f"{found}: nothing of that name comes with fecemo")
    return found
