"""Networks in files, opened for one process: ONNX by onnxruntime, LiteRT by ai-edge-litert, SavedModel by TensorFlow.

The first two run on the processor, on as many threads as are asked for, and write nothing of their own to the terminal.
What does not open is refused in words: a package that is not installed by the extra that brings it, a file by its name.
"""

from pathlib import Path
from typing import Any

from fecemo.errors import InputError, ResourceError
from fecemo.machine import install_command

SILENT = 4
"""Of onnxruntime's levels of severity: fatal errors alone, since what it raises says the rest."""


def open_onnx(content: bytes, title: str, extra: str, threads: int = 1) -> Any:
    """Return an `onnxruntime.InferenceSession`; several threads may ask it at once.

    Parameters
    ----------
    content : bytes
        Of an ONNX file.
    title : str
        For messages, such as its path.
    extra : str
        By which onnxruntime is installed.
    threads : int
        That one question may take.

    Raises
    ------
    InputError
        If the installed onnxruntime does not read it: it is none, damaged, or of operators that it does not know.
    ResourceError
        If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ResourceError(f"{title} needs onnxruntime: {install_command(extra)}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = SILENT
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of its own kinds, which share no base
        reason = str(error).splitlines()[0].rpartition(" : ")[2].rstrip(".")
        raise InputError(f"{title} is no network that onnxruntime {onnxruntime.__version__} reads ({reason}); where it "
                         "lacks the opset, export with an older --opset, or install a newer onnxruntime") from error


def open_litert(content: bytes, title: str, extra: str, threads: int = 1) -> Any:
    """Return an `ai_edge_litert.interpreter.Interpreter` with its tensors in memory; for one thread at a time.

    Parameters
    ----------
    content, title, extra, threads
        See `open_onnx`; of a LiteRT file.

    Raises
    ------
    InputError
        If it is no such file, or damaged.
    ResourceError
        If ai-edge-litert is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ResourceError(f"{title} needs ai-edge-litert: {install_command(extra)}") from error
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{title} is no network that ai-edge-litert reads ({error})") from error
    return interpreter


def open_saved_model(folder: Path, title: str) -> Any:
    """Return the signature by which a TensorFlow SavedModel serves: a concrete function of tensors by name.

    It is ``serving_default``, or the only one. Keras writes such a folder by ``model.export``.

    Parameters
    ----------
    folder : Path
        That holds ``saved_model.pb``.
    title : str
        For messages.

    Raises
    ------
    InputError
        If it is none, or it serves in several ways and none is the default.
    ResourceError
        If TensorFlow is not installed.
    """
    try:
        import tensorflow
    except ImportError as error:
        raise ResourceError(f"{title} needs TensorFlow: {install_command('tensorflow-cpu')}") from error
    try:
        model = tensorflow.saved_model.load(str(folder))
    except Exception as error:  # OSError, and kinds of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{title} is no SavedModel that TensorFlow {tensorflow.__version__} reads ({reason})"
                         ) from error
    names = list(model.signatures)
    if "serving_default" not in names and len(names) != 1:
        raise InputError(f"{title} serves by {', '.join(names) or 'no signature'}, expected serving_default")
    signature = model.signatures["serving_default" if "serving_default" in names else names[0]]
    signature.model = model  # which holds the weights, and would be collected
    return signature
