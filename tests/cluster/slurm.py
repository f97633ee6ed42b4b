"""A SLURM of several nodes on this machine: munged, slurmctld and a slurmd for each node, on the loopback address.

    apt-get install slurmctld slurmd slurm-client munge
    python tests/cluster/slurm.py --nodes 3 --command 'sinfo; srun -N 3 hostname'

Everything is in one folder, which goes with it: key, state, spool, logs. Nothing of the machine's own SLURM is read or
changed, and no systemd or control groups are needed. Whoever starts it owns it and runs the jobs.
"""

import argparse
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
"""Where Debian has daemons, although an ordinary user's path lacks it."""
SECONDS_TO_START = 60

CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
# What needs control groups, accounting or a mail server is left out.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# A job whose node is lost begins again; a finished one stays listed, so that Snakemake can ask about it.
JobRequeue=1
MinJobAge=600
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
KillWait=5
{nodes}
PartitionName=faces Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing_programs() -> list[str]:
    """Return the programs of SLURM and munge that this machine lacks."""
    return [name for name in PROGRAMS if not shutil.which(name, path=SEARCHED)]


class Slurm:
    """A context in which a SLURM runs; ``environment`` lets any program ask it.

    Parameters
    ----------
    nodes : int
        At least 1; they are called node1, node2, ….
    cores, mebibytes : int
        What each node offers; nothing holds a job to them.
    """

    def __init__(self, nodes: int = 2, cores: int = 1, mebibytes: int = 4000) -> None:
        self.nodes, self.cores, self.mebibytes = [f"node{number}" for number in range(1, nodes + 1)], cores, mebibytes
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        # Snakemake's plugin takes all of SLURM's variables from the steps of its jobs, and this one among them, for it
        # expects the configuration where the system has it. A srun on the path before the real one puts it back.
        self.environment: Mapping[str, str] = os.environ | {
            "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": f"{self.folder}/bin{os.pathsep}{SEARCHED}"}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Slurm":
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def ask(self, *command: str) -> str:
        """Run one of SLURM's programs and return what it prints."""
        return subprocess.run(command, env=dict(self.environment), check=True, text=True, capture_output=True).stdout

    def states(self) -> dict[str, str]:
        """Return the state of each node in SLURM's word: idle, mixed, allocated, drained, down, …."""
        return dict(line.split() for line in self.ask("sinfo", "-h", "-N", "-o", "%N %T").splitlines())

    def kill_node(self, node: str) -> None:
        """End a node at once, with the steps of jobs that run there, as a power cut does."""
        os.killpg(self.daemons.pop(node).pid, signal.SIGKILL)
        self._kill_steps(node)

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self._launch(node, "slurmd", "-D", "-N", node, "-f", str(self.folder / "slurm.conf"))

    def _start(self) -> None:
        key, ports = self.folder / "munge.key", free_ports(len(self.nodes) + 1)
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        (self.folder / "state").mkdir()
        (self.folder / "bin").mkdir()
        step = self.folder / "bin" / "srun"
        step.write_text(f"#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which('srun')} \"$@\"\n")
        step.chmod(0o755)
        nodes = "\n".join(f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port} "
                          f"CPUs={self.cores} RealMemory={self.mebibytes} State=UNKNOWN"
                          for node, port in zip(self.nodes, ports[1:], strict=True))
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname(), port=ports[0], user=getpass.getuser(), folder=self.folder, nodes=nodes))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self._launch("munged", "munged", "--foreground", "--force", f"--key-file={key}", "--num-threads=2",
                     f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid",
                     f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munged.seed")
        self._await(lambda: (self.folder / "munge.socket").exists(), "munged answers")
        self._launch("slurmctld", "slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        for node in self.nodes:
            self.start_node(node)
        self._await(lambda: set(self.states().values()) == {"idle"}, "all nodes are idle")

    def _launch(self, name: str, program: str, *arguments: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(program, path=SEARCHED) or program, *arguments], env=dict(self.environment),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    def _await(self, answer: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            for name, daemon in self.daemons.items():
                if daemon.poll() is not None:
                    raise RuntimeError(f"{name} ended with {daemon.returncode}:\n{self.log(name)}")
            try:
                if answer():
                    return
            except subprocess.CalledProcessError:
                pass  # the controller does not answer yet
            if time.monotonic() > deadline:
                raise RuntimeError(f"SLURM did not start: not true that {what}\n"
                                   + "\n".join(self.log(name) for name in self.daemons))
            time.sleep(0.2)

    def log(self, name: str) -> str:
        """Return the end of what a daemon wrote."""
        return "\n".join((self.folder / f"{name}.out").read_text(errors="replace").splitlines()[-20:])

    def _steps(self, node: str) -> list[int]:
        """Return the processes of a node's job steps, which run apart from its daemon."""
        steps = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
            except OSError:  # it has ended, or is another user's
                continue
            if all(mark.encode() in environment for mark in (f"SLURM_CONF={self.folder}/", f"SLURMD_NODENAME={node}")):
                steps.append(int(process.name))
        return steps

    def _kill_steps(self, node: str) -> None:
        for step in self._steps(node):
            with contextlib.suppress(ProcessLookupError):
                os.kill(step, signal.SIGKILL)

    def _stop(self) -> None:
        for node in self.nodes:
            self._kill_steps(node)
        for daemon in reversed(self.daemons.values()):
            os.killpg(daemon.pid, signal.SIGTERM)
        for daemon in self.daemons.values():
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_ports(n: int) -> list[int]:
    """Return ports of the loopback address that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def main() -> int:
    """Run a command in a shell beside a SLURM, and end with its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each node")
    parser.add_argument("--command", default="sinfo", help="what to run; $SLURM_CONF is set")
    arguments = parser.parse_args()
    if missing := missing_programs():
        parser.error(f"this machine lacks {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge")
    with Slurm(arguments.nodes, arguments.cores) as slurm:
        return subprocess.run(arguments.command, shell=True, env=dict(slurm.environment), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
