"""Choose Keras's backend, once, before Keras is imported."""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fecemo.errors import InputError, ResourceError, nearest
from fecemo.machine import allowed_cores, available_cores, install_command

DEFAULT_BACKEND = "tensorflow"
BACKENDS = ("jax", "tensorflow", "torch")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")

OPTIONAL_PACKAGES = ("matplotlib", "IPython", "pandas", "sklearn")
"""What Keras imports where it is installed, for plots, notebooks and wrappers: a third of its start."""

FLOATX, IMAGE_DATA_FORMAT, EPSILON = "float32", "channels_last", 1e-7
"""Keras's own defaults, which a user's ``~/.keras/keras.json`` would change in silence, and networks with them."""


def backend_name() -> str:
    """Return the backend that ``KERAS_BACKEND`` names, or else TensorFlow, without importing it."""
    return os.environ.get("KERAS_BACKEND") or DEFAULT_BACKEND


def import_keras(threads: int | None = None, *, optional: bool = False) -> Any:
    """Return the module ``keras``, on the backend that ``KERAS_BACKEND`` names, or else on TensorFlow.

    Every stage that touches a network calls this before it imports `fecemo.models` or `fecemo.training` code. Whatever
    the user's ``keras.json`` says, channels come last and numbers are float32. A backend counts the machine's cores;
    where the process's group is allowed fewer, it is told so, unless ``OMP_NUM_THREADS`` or
    ``TF_NUM_INTRAOP_THREADS`` says otherwise.

    Parameters
    ----------
    threads : int, optional
        Cores for the backend's arithmetic, where this is the process's first import of it. Sums of floats depend on
        how many threads share them, so a recipe that wants equal figures on every machine fixes the number.
    optional : bool
        Let Keras have `OPTIONAL_PACKAGES`, as a user's own process may want it to; a stage does without.

    Raises
    ------
    InputError
        If ``KERAS_BACKEND`` is none of Keras's backends.
    ResourceError
        If Keras or the backend is not installed; the message names what to install.
    """
    backend = os.environ["KERAS_BACKEND"] = backend_name()
    if backend not in BACKENDS:
        raise InputError(f"KERAS_BACKEND is {backend!r}: {nearest(backend, BACKENDS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_NNX_ENABLED"] = "false"
    # Once imported, a backend keeps its threads; to say otherwise would only mislead the processes started from here.
    if backend not in sys.modules:
        _limit_threads(threads)
    for module in (backend, "keras"):
        try:
            with _without_chatter(), _without_packages(() if optional or "keras" in sys.modules else OPTIONAL_PACKAGES):
                importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise ResourceError(f"the Keras backend {backend!r} is not installed here ({module} is missing): "
                                f"{install_command(backend)}. "
                                f"Or set KERAS_BACKEND to one that is, of {', '.join(BACKENDS)}") from error
    keras = importlib.import_module("keras")
    keras.config.set_floatx(FLOATX)
    keras.config.set_image_data_format(IMAGE_DATA_FORMAT)
    keras.config.set_epsilon(EPSILON)
    return keras


def _limit_threads(threads: int | None) -> None:
    if threads is not None:
        os.environ.update({variable: str(threads) for variable in THREAD_VARIABLES}, TF_NUM_INTEROP_THREADS="1")
    elif (cores := available_cores()) < allowed_cores():
        for variable in THREAD_VARIABLES:
            os.environ.setdefault(variable, str(cores))


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep back what a backend's native code prints while it is imported, unless the import fails.

    TensorFlow logs to the bare file descriptor before its log level takes hold, at every start of every stage.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            yield
        except BaseException:
            chatter.seek(0)
            os.write(kept, chatter.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _without_packages(names: tuple[str, ...]) -> Iterator[None]:
    """Let imports of packages fail that were not imported yet, as if they were not installed."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def forget_models() -> None:
    """Free what Keras and its backend keep of models that nobody holds any more; without Keras there is nothing."""
    if "keras" in sys.modules:
        import_keras().utils.clear_session(free_memory=True)


def backend_module() -> tuple[str, Any]:
    """Return the name of the backend that runs, and its module: for the few things that Keras has no word for."""
    backend = import_keras().backend.backend()
    return backend, importlib.import_module(backend)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors as one compiled program; as it is where the backend runs as it goes (PyTorch)."""
    backend, module = backend_module()
    ways = {"tensorflow": lambda: module.function(function, autograph=False, jit_compile=True),
            "jax": lambda: module.jit(function)}
    return ways.get(backend, lambda: function)()


def describe_backend() -> dict[str, str]:
    """Return what a receipt says of the machine that shaped the numbers: backend, its version, device."""
    backend, module = backend_module()
    shared = import_keras().distribution.distribution()
    count = "" if shared is None else f"{shared.num_model_replicas} × "
    return {"backend": backend, "backend_version": module.__version__, "device": f"{count}{device()}"}


def device() -> str:
    """Return where the backend puts what it computes: ``"cpu"``, or its name of an accelerator, such as ``"gpu:0"``."""
    placed = str(import_keras().ops.zeros(()).device).rsplit("device:", 1)[-1].lower()
    return "cpu" if "cpu" in placed else placed
