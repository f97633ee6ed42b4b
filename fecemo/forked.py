"""Scripts that run in a process forked from one that has imported what all of them import.

TensorFlow, Keras and what stages need beside them take seconds of a core to import. Where a workflow runs many jobs on
this machine, a server imports them once, at the first job, and every job is a fork of it:

    python -m fecemo.forked SCRIPT ARGUMENTS…

runs the script so where `SERVER` names a server that serves its environment, and like ``python SCRIPT ARGUMENTS…``
anywhere else. This process then waits for the fork, ends as it ends, and takes it along where it is killed.
"""

import contextlib
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fecemo.errors import FecemoError

SERVER = "FECEMO_FORK_SERVER"
"""Variable of the environment: the path of a server's socket."""
TAKEN, INTERRUPT = b"t", b"i"
KILLED = 128 + signal.SIGKILL
"""Exit status of a script whose process was killed, as a shell has it."""
INTERRUPTED = 128 + signal.SIGINT
SAFE_THREADS = ("jemalloc_bg_thd",)
"""Threads whose makers see to forks (``pthread_atfork``): pyarrow's allocator."""

_started: list["subprocess.Popen[bytes]"] = []


def start_server(script: Path, *arguments: object) -> None:
    """Start a server for the processes that this one starts; it ends with this one. Without Linux there is none.

    Parameters
    ----------
    script : Path
        A script whose function ``preload`` imports what jobs import.
    *arguments
        For ``preload``, as words.
    """
    if sys.platform != "linux":
        return
    folder = Path(tempfile.mkdtemp(prefix="fecemo-"))  # its owner's alone: whoever can write to the socket runs scripts
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(folder / "server"))
        except OSError:  # a path of more than 107 bytes: scripts import for themselves
            folder.rmdir()
            return
        listener.listen()
        words = [sys.executable, "-P", "-c", "from fecemo.forked import serve; serve()", listener.fileno(), folder,
                 script, *arguments]
        _started.append(subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE,
                                         pass_fds=[listener.fileno()]))
    os.environ[SERVER] = str(folder / "server")


def serve() -> None:
    """Fork a process for each script that is asked for, until the process that called `start_server` is gone."""
    listening, folder, script, *arguments = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the forks; the workflow then ends, and this with it
    served: dict[str, str] | None = None
    with socket.socket(fileno=int(listening)) as listener:
        try:
            while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
                connection, _ = listener.accept()
                request, streams = _receive(connection)
                if request and served is None:
                    served = request["environment"]
                    _preload(script, arguments, served)
                if request and request["environment"] == served and os.fork() == 0:
                    folder = ""
                    break
                for descriptor in (connection.detach(), *streams):
                    os.close(descriptor)
            else:
                return
        except (FecemoError, ImportError, RuntimeError) as error:
            print(f"every job imports for itself: {error}", file=sys.stderr)
            return
        finally:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
    _run(connection, request, streams)


def _preload(script: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
    """Import in the environment of the first job; refuse to be forked with threads, whose locks a fork may inherit."""
    os.environ.clear()
    os.environ.update(environment)
    runpy.run_path(script)["preload"](*arguments)
    gc.collect()
    gc.freeze()
    if (trial := os.fork()) == 0:  # OpenBLAS, which sees to them too, ends its threads at the first fork
        os._exit(0)
    os.waitpid(trial, 0)
    threads = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    if len(unknown := [name for name in threads if name not in SAFE_THREADS]) > 1:
        raise RuntimeError(f"imports have started threads: {', '.join(unknown)}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for forks


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return what is asked for, and the streams of who asks; nothing where that process has ended meanwhile."""
    head, streams, *_ = socket.recv_fds(connection, 4, 3)
    body = b""
    if len(head) == 4:
        (length,) = struct.unpack("!I", head)
        while len(body) < length and (part := connection.recv(length - len(body))):
            body += part
        if len(body) == length:
            return json.loads(body), streams
    return {}, streams


def _run(connection: socket.socket, request: dict[str, Any], streams: list[int]) -> None:
    """Be the script, in a fork."""
    interrupted = threading.Event()

    def interrupt(*_: object) -> NoReturn:
        interrupted.set()
        raise KeyboardInterrupt

    def heed() -> None:
        with contextlib.suppress(OSError):  # who asked was killed
            while connection.recv(1) == INTERRUPT:
                if not interrupted.is_set():  # a terminal's Ctrl-C reaches this process, too, by itself
                    os.kill(os.getpid(), signal.SIGINT)
        os._exit(KILLED)

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, interrupt)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    script, *_ = sys.argv = request["words"]
    connection.sendall(TAKEN)
    threading.Thread(target=heed, daemon=True).start()
    status = 1
    try:
        runpy.run_path(script, run_name="__main__")
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
    finally:
        with contextlib.suppress(OSError):
            connection.sendall(bytes([status % 256]))


def ask(address: str, words: Sequence[str]) -> int | None:
    """Have a script run by a server and return its exit status; None where the server does not take it.

    Parameters
    ----------
    address : str
        Of the server's socket.
    words : sequence of str
        The script and its arguments.
    """
    request = json.dumps({"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}).encode()
    interrupted, taken, answer = threading.Event(), False, b""
    with socket.socket(socket.AF_UNIX) as connection:

        def pass_on(*_: object) -> None:
            interrupted.set()
            with contextlib.suppress(OSError):
                connection.send(INTERRUPT)

        with contextlib.suppress(OSError):  # the server, or the fork, is gone
            connection.connect(address)
            socket.send_fds(connection, [struct.pack("!I", len(request))], [0, 1, 2])
            connection.sendall(request)
            signal.signal(signal.SIGINT, pass_on)
            taken = connection.recv(1) == TAKEN
            while taken and (part := connection.recv(1)):
                answer += part
    if not taken:
        return INTERRUPTED if interrupted.is_set() else None
    return answer[0] if answer else KILLED


def main() -> None:
    """Run a script in a fork of a server, or else by itself."""
    words, address = sys.argv[1:], os.environ.get(SERVER)
    status = ask(address, words) if address else None
    if status is None:
        os.execv(sys.executable, [sys.executable, *words])
    sys.exit(status)


if __name__ == "__main__":
    main()
