"""Threads that share one heap: counted by the allocator itself."""

import ctypes
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from fecemo.stages.fetch_crew import limit_malloc_arenas
if sys.argv[1] == "shared":
    limit_malloc_arenas()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
together = threading.Barrier(4)
def take():
    together.wait()
    assert library.malloc(5000)
threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, stream)
library.fflush(stream)
"""


def heaps(how: str) -> int:
    output = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True).stdout
    return output.count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not the GNU allocator")
def test_threads_take_their_memory_from_one_heap():
    assert heaps("shared") == 1
    assert heaps("their own") > 1
