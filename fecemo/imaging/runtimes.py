"""Networks in files, opened for one process: ONNX by onnxruntime, LiteRT by ai-edge-litert.

Both run on the processor, on as many threads as are asked for, and write nothing of their own to the terminal. What
does not open is refused in words: a package that is not installed by the extra that brings it, a file by its name.
"""

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
