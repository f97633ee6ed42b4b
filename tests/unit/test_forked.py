"""Scripts that are forked from a server: they run, end and are killed as processes of their own are."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import os, sys, time

def preload(word):
    print("preloads", word, flush=True)

if __name__ == "__main__":
    try:
        print(os.getpid(), os.getppid(), os.getcwd(), *sys.argv[1:], flush=True)
        if sys.argv[1] == "sleep":
            time.sleep(100)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    if sys.argv[1] == "fail":
        1 / 0
    sys.exit(int(sys.argv[1]))
"""
OWNER = """
import os, subprocess, sys, time
from pathlib import Path
from fecemo.forked import SERVER, start_server
start_server(Path(sys.argv[1]), "once")
print(os.environ[SERVER], flush=True)
sys.stdin.read()
"""
SPOILT = {"imports that fail": "import no_such_package",
          "threads": "import threading\n    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no server")


@pytest.fixture
def script(tmp_path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def owner(script):
    """The process that started a server; its socket is in ``FECEMO_FORK_SERVER`` of the environment beside."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    process.environment = os.environ | {"FECEMO_FORK_SERVER": process.stdout.readline().strip()}
    with process:
        yield process
        process.kill()


def started(owner, script, *words, **settings) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-P", "-m", "fecemo.forked", script, *words], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **{"env": owner.environment} | settings)


def ran(owner, script, *words, **settings) -> tuple[int, str, str]:
    process = started(owner, script, *words, **settings)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def waited_for(happened) -> bool:
    end = time.monotonic() + 60
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def test_scripts_are_forks_of_what_was_imported_once(owner, script, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    status, first, _ = ran(owner, script, "0", cwd=tmp_path / "elsewhere")
    assert (status, first.split()[2:]) == (0, [str(tmp_path / "elsewhere"), "0"])
    status, second, _ = ran(owner, script, "3", cwd=tmp_path)
    assert (status, second.split()[2:]) == (3, [str(tmp_path), "3"])
    assert first.split()[1] == second.split()[1], "both have the server for parent"
    assert first.split()[0] != second.split()[0]
    owner.stdin.close()  # its end is that of the server
    assert owner.stdout.read() == "preloads once\n"
    assert waited_for(lambda: is_gone(int(first.split()[1])))
    assert not Path(owner.environment["FECEMO_FORK_SERVER"]).parent.exists()


def test_an_error_prints_what_it_prints_anywhere_else(owner, script):
    status, _, err = ran(owner, script, "fail")
    assert status == 1
    assert err.rstrip().endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("spoil", ["another environment", "no server", "imports that fail", "threads"])
def test_without_a_server_that_serves_it_a_script_runs_by_itself(owner, script, spoil):
    environment = owner.environment
    if spoil == "another environment":
        assert ran(owner, script, "0")[0] == 0
        environment = environment | {"OMP_NUM_THREADS": "17"}
    elif spoil == "no server":
        owner.kill()
        owner.wait()
        assert waited_for(lambda: not Path(environment["FECEMO_FORK_SERVER"]).exists())
    else:
        script.write_text(SCRIPT.replace('print("preloads", word, flush=True)', SPOILT[spoil]))
    process = started(owner, script, "5", env=environment)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 5
    assert int(out.split()[0]) == process.pid


def test_who_waits_is_interrupted_and_killed_with_the_script(owner, script):
    waiting = started(owner, script, "sleep")
    fork = int(waiting.stdout.readline().split()[0])
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (130, "interrupted\n")
    assert waited_for(lambda: is_gone(fork))
    for signal_of_end in (signal.SIGKILL, signal.SIGTERM):
        waiting = started(owner, script, "sleep")
        fork = int(waiting.stdout.readline().split()[0])
        waiting.send_signal(signal_of_end)
        waiting.communicate(timeout=60)
        assert waiting.returncode == -signal_of_end
        assert waited_for(lambda fork=fork: is_gone(fork))


def test_a_script_that_is_killed_says_so(owner, script):
    waiting = started(owner, script, "sleep")
    os.kill(int(waiting.stdout.readline().split()[0]), signal.SIGKILL)
    waiting.communicate(timeout=60)
    assert waiting.returncode == 128 + signal.SIGKILL


def test_a_key_that_interrupts_all_of_a_terminal_interrupts_a_script_once(script):
    """Snakemake, server, script and who waits are one group of processes."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, process_group=0)
    owner.environment = os.environ | {"FECEMO_FORK_SERVER": owner.stdout.readline().strip()}
    waiting = started(owner, script, "sleep", process_group=owner.pid)
    waiting.stdout.readline()
    os.killpg(owner.pid, signal.SIGINT)
    _, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (130, "interrupted\n")
    owner.communicate(timeout=60)
