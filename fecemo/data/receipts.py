"""Receipts: what says that a stage's output is complete, and what it was made of.

A receipt is written last and renamed into place, so that a folder holds one only when everything else in it is whole.
Whoever reads an output holds it against the receipt first: a file that is no longer what its stage wrote is damaged.
"""

import hashlib
import json
import platform
import stat
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from fecemo.data.durable import LOCK_NAME, atomic_write, explained, refuse_endless
from fecemo.errors import InputError, StoredStateError
from fecemo.version import __version__

RECEIPT_NAME = "receipt.json"
RECEIPT_FORMAT = "fecemo.receipt/1"
DIGEST_NAME = "digest.txt"
"""Holds `Receipt.digest` alone: what a workflow engine may watch and remove, where it must never remove a receipt."""
DIGESTED_BYTES = 16 * 2**20
"""Up to this size a file is held against its digest whenever it is read; of a larger one the size alone is compared."""
RECORDED_PACKAGES = ("numpy", "opencv-python-headless", "keras", "tensorflow", "tensorflow-cpu", "jax", "torch",
                     "scikit-learn", "openTSNE", "pandas", "ai-edge-litert")


@dataclass(frozen=True)
class Receipt:
    """What a finished stage says of itself."""

    stage: str  #: Name of the stage, such as ``"train"``.
    config: dict[str, Any]  #: The stage's configuration, as plain JSON values.
    inputs: dict[str, str]  #: Digest of each input, by its name in the stage.
    #: sha256 of each output file, by its path relative to the folder. The digest of an output of this stage, as an
    #: input of the next, is `Receipt.digest`.
    outputs: dict[str, str]
    seed: int | None  #: The seed of everything random in the stage.
    seconds: float  #: Wall-clock seconds of work, over all the runs that it took.
    message: str = ""  #: The stage's closing line, which a run that finds everything done repeats.
    #: Counts and figures worth keeping: faces, rejects by reason, images per second, …
    summary: dict[str, Any] = field(default_factory=dict)
    #: Versions of Python, fecemo and the packages that shape the numbers.
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)  #: System and, where one was used, Keras backend and device.
    #: ``bytes`` of each output file and, up to `DIGESTED_BYTES`, its ``sha256``. That of ``outputs`` may be of the
    #: value in the file alone.
    written: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for mapping in (self.config, self.inputs, self.outputs, self.summary, self.versions, self.machine):
            if not isinstance(mapping, dict):
                raise TypeError(f"it has {type(mapping).__name__} where a mapping belongs")
        if not all(isinstance(mark, dict) and isinstance(mark.get("bytes"), int) for mark in self.written.values()):
            raise TypeError("it does not say how many bytes were written")
        if not isinstance(self.seconds, int | float):
            raise TypeError(f"its seconds are {type(self.seconds).__name__}")

    @property
    def digest(self) -> str:
        """str: Digest of what was stored: of the output files alone, so that an equal rerun has an equal digest."""
        return digest_json(self.outputs)

    def made_of(self, config: dict[str, Any], inputs: dict[str, str]) -> bool:
        """Tell whether this output is what ``config`` and ``inputs`` would give again."""
        return self.inputs == inputs and digest_json(self.config) == digest_json(config)


def digest_bytes(data: bytes) -> str:
    """Return the sha256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """Return the sha256 of a JSON value, independent of the order of keys."""
    return digest_bytes(_json_bytes(value))


def digest_json_list(items: Iterable[Any]) -> str:
    """Return `digest_json` of a list without having all of it in memory."""
    digest, border = hashlib.sha256(b"["), b""
    for item in items:
        digest.update(border + _json_bytes(item))
        border = b","
    digest.update(b"]")
    return digest.hexdigest()


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()


def digest_file(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal, reading it in pieces.

    Raises `OSError` for what cannot be opened, and for a pipe or a device, which has no end.
    """
    refuse_endless(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_place(place: Path) -> str:
    """Return by what a receipt tells from which list or folder its output came, without naming it."""
    return digest_json(str(place))


def plain(settings: Any) -> Any:
    """Return settings as JSON values: dataclasses as dicts, tuples as lists, paths as strings."""
    if is_dataclass(settings) and not isinstance(settings, type):
        return {field.name: plain(getattr(settings, field.name)) for field in fields(settings)}
    if isinstance(settings, dict):
        return {str(key): plain(value) for key, value in settings.items()}
    if isinstance(settings, tuple | list):
        return [plain(value) for value in settings]
    return str(settings) if isinstance(settings, Path) else settings


def write_receipt(folder: Path, stage: str, *, config: dict[str, Any], inputs: dict[str, str], files: list[str],
                  seconds: float, seed: int | None = None, message: str = "", summary: dict[str, Any] | None = None,
                  machine: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> Receipt:
    """Write the receipt of a finished stage: the last thing that the stage does.

    Parameters
    ----------
    folder, stage, config, inputs, seed, seconds, message, summary, machine
        See `Receipt`.
    files : list of str
        Paths, relative to ``folder``, whose sha256 is taken now.
    outputs : dict of str to str, optional
        Digests already known, such as a dataset's, for files too large to read twice.
    """
    digests = {**{name: digest_file(folder / name) for name in files}, **(outputs or {})}
    receipt = Receipt(
        stage=stage, config=config, inputs=inputs, outputs=digests,
        written={name: _mark(folder / name) for name in digests if (folder / name).is_file()},
        seed=seed, seconds=round(seconds, 3), message=message, summary=summary or {}, versions=_versions(),
        machine={"system": platform.platform(), "processor": platform.machine(), **(machine or {})},
    )
    finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    document = {"format": RECEIPT_FORMAT, **asdict(receipt), "finished": finished}
    atomic_write(folder / RECEIPT_NAME, json.dumps(document, indent=1, default=str) + "\n")
    _write_digest(folder, receipt)
    return receipt


def read_receipt(folder: Path) -> Receipt | None:
    """Return a folder's receipt, or None where there is none because the stage has not finished.

    Raises `StoredStateError` if the receipt is there and cannot be read.
    """
    path = folder / RECEIPT_NAME
    try:
        refuse_endless(path)
        document = dict(json.loads(path.read_text(encoding="utf-8")))
        for key in ("format", "finished"):
            document.pop(key, None)
        return Receipt(**document)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StoredStateError(f"{path} is not a receipt ({error}); run the stage again") from error
    except OSError as error:
        raise StoredStateError(f"{path} cannot be read ({error.strerror}); run the stage again") from error


def require_receipt(folder: Path, stage: str) -> Receipt:
    """Return the receipt of an input that must be finished.

    Raises `StoredStateError` if the stage that makes it has not finished, or the folder belongs to another stage.
    """
    receipt = read_receipt(folder)
    if receipt is None:
        raise StoredStateError(f"{folder} has no {RECEIPT_NAME}: the stage {stage!r} has not finished there; "
                               "run it first")
    if receipt.stage != stage:
        raise StoredStateError(f"{folder} was written by the stage {receipt.stage!r}, expected {stage!r}")
    return receipt


def refuse_folder_of_others(folder: Path) -> None:
    """Refuse a folder that no stage has written to and that holds files: a stage's would lie among them.

    Names that begin with a dot do not count, nor do folders with outputs, such as the shards of a list. Raises
    `InputError`, which names one of the files.
    """
    def is_output(path: Path, depth: int) -> bool:
        return path.is_dir() and (any((path / name).exists() for name in (LOCK_NAME, RECEIPT_NAME)) or (
            depth > 0 and any(is_output(inner, depth - 1) for inner in path.iterdir())))

    if not folder.is_dir() or is_output(folder, 0):
        return
    with explained(folder):
        others = sorted(path.name for path in folder.iterdir()
                        if not path.name.startswith(".") and path.name != "lost+found" and not is_output(path, 1))
    if others:
        raise InputError(f"{folder} holds {others[0]}" + (f" and {len(others) - 1} more" if others[1:] else "")
                         + ", which nothing here has written; name a new folder for what is made")


def current_receipt(folder: Path, config: dict[str, Any], inputs: dict[str, str]) -> Receipt | None:
    """Return the receipt of a folder that already holds what these would give: finished, and as it was written.

    Writes the digest file again where it has been removed, as a workflow engine does before it asks for the work. Where
    something was damaged since, that is said on stderr, and the work is to be done again.
    """
    try:
        receipt = read_receipt(folder)
    except StoredStateError as error:
        print(f"warning: {error}", file=sys.stderr)
        return None
    if receipt is None or not receipt.made_of(config, inputs):
        return None
    if (words := damage(folder, receipt)) is not None:
        print(f"{receipt.stage}: {folder}: {words}; doing the work again", file=sys.stderr)
        return None
    _write_digest(folder, receipt)
    return receipt


def sound_receipt(folder: Path) -> Receipt | None:
    """Return the receipt of a finished folder, or None where it or an output is missing or damaged."""
    try:
        receipt = read_receipt(folder)
    except StoredStateError:
        return None
    return receipt if receipt is not None and damage(folder, receipt) is None else None


def damage(folder: Path, receipt: Receipt) -> str | None:
    """Return which output is no longer what the stage wrote, and how, in words; None where all are.

    The size of every file is compared, and the digest of those up to `DIGESTED_BYTES`. A file is read once as long as
    neither its size nor its times change.
    """
    return next((words for name in receipt.outputs if (words := _damage(folder, name, receipt)) is not None), None)


def open_output(folder: Path, name: str, stage: str = "") -> Path:
    """Return the path of a stage's output, held against the receipt.

    A folder without a receipt, as of a stage at work, promises nothing: there the path is returned as it is. Raises
    `StoredStateError` if the file is missing or is not what the stage wrote.

    Parameters
    ----------
    folder : Path
        The stage's output folder.
    name : str
        Path relative to it.
    stage : str, optional
        For the message; by default that of the receipt.
    """
    receipt = read_receipt(folder)
    if receipt is not None and name in receipt.outputs and (words := _damage(folder, name, receipt)) is not None:
        raise StoredStateError(f"{folder}: {words}; run the {stage or receipt.stage} stage again")
    return folder / name


def _damage(folder: Path, name: str, receipt: Receipt) -> str | None:
    path, mark = folder / name, receipt.written.get(name, {})
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"{name} is missing"
    if stat.S_ISDIR(state.st_mode) and not mark:
        return None
    if not stat.S_ISREG(state.st_mode):
        return f"{name} is no file"
    if mark and state.st_size != mark["bytes"]:
        return f"{name} has {state.st_size} bytes, and {mark['bytes']} were written"
    if mark.get("sha256") and _digest_of_state(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns,
                                               state.st_ino) != mark["sha256"]:
        return f"{name} is not what was written: its digest differs"
    return None


@lru_cache(maxsize=1 << 16)
def _digest_of_state(path: Path, *state: int) -> str:
    """Return a file's digest, computed once for a state of it: its size, times and inode."""
    return digest_file(path)


def _mark(path: Path) -> dict[str, Any]:
    n_bytes = path.stat().st_size
    return {"bytes": n_bytes, **({"sha256": digest_file(path)} if n_bytes <= DIGESTED_BYTES else {})}


def _write_digest(folder: Path, receipt: Receipt) -> None:
    path, line = folder / DIGEST_NAME, receipt.digest + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != line:
        atomic_write(path, line)


def _versions() -> dict[str, str]:
    versions = {"python": sys.version.split()[0], "fecemo": __version__}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
