"""What is known of a data set beside its faces: who made it, of what, and what may be done with it."""

from dataclasses import dataclass
from pathlib import Path

from fecemo.data.documents import build, read_yaml
from fecemo.data.shipped import shipped
from fecemo.errors import InputError, nearest

FOLDER = "sets"


@dataclass(frozen=True)
class DataStatement:
    """A data set in words; what is not known is left empty, and printed as not stated.

    Parameters
    ----------
    name : str
    by : str
        Who made it, and when.
    origin : str
        Where its pictures and labels come from.
    licence, terms : str
        Under which it was given, and what else binds who uses it.
    people : str
        Who is shown, and whether they were asked.
    url : str
        Where its makers tell of it.
    """

    name: str
    by: str = ""
    origin: str = ""
    licence: str = ""
    terms: str = ""
    people: str = ""
    url: str = ""


def read_statement(name: str) -> DataStatement:
    """Return the statement of a data set.

    Parameters
    ----------
    name : str
        Of a statement that comes with fecemo, such as ``"fec"``, or the path of a YAML file.

    Raises
    ------
    InputError
        If there is none such, or the file is not a statement.
    """
    known = {path.stem: path for path in shipped(FOLDER).glob("*.yaml")}
    if not name.endswith((".yaml", ".yml")) and name not in known:
        raise InputError(f"{name!r} is neither a statement of a data set nor a YAML file: {nearest(name, known)}")
    path = known.get(name, Path(name))
    return build(DataStatement, read_yaml(path), str(path))
