"""A container has less than its machine; and a message says how to add to this very environment."""

import os
import shlex
import sys

import pytest

from fecemo import machine
from fecemo.machine import available_cores, available_memory, install_command


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A file system of control groups; returns a function that writes a group's files."""
    monkeypatch.setattr(machine, "GROUPS", tmp_path)
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "membership").write_text("0::/\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9999 kB\nMemAvailable:     500 kB\n")

    def write(group: str, **files: str) -> None:
        (tmp_path / group).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / group / name.replace("_", ".", 1)).write_text(f"{text}\n")

    return write


class TestCores:
    def test_without_a_limit_it_is_the_affinity(self, groups):
        groups("", cpu_max="max 100000")
        assert available_cores() == 8

    @pytest.mark.parametrize(("quota", "cores"), [("200000 100000", 2), ("150000 100000", 2), ("20000 100000", 1)])
    def test_a_containers_quota_counts_in_whole_cores(self, groups, quota, cores):
        groups("", cpu_max=quota)
        assert available_cores() == cores

    def test_the_least_of_all_groups_around_the_process_counts(self, groups, tmp_path):
        (tmp_path / "membership").write_text("0::/slurm/job_7/step_0\n")
        groups("slurm", cpu_max="600000 100000")
        groups("slurm/job_7", cpu_max="300000 100000")
        groups("slurm/job_7/step_0", cpu_max="max 100000")
        assert available_cores() == 3

    def test_version_1_is_read_too_and_a_path_of_the_host_does_no_harm(self, groups, tmp_path):
        (tmp_path / "membership").write_text("4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n")
        groups("cpu")
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("400000\n")
        (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
        assert available_cores() == 4
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
        assert available_cores() == 8

    def test_here_it_is_what_the_system_schedules_or_less(self):
        assert 1 <= available_cores() <= len(os.sched_getaffinity(0))


class TestMemory:
    def test_the_least_of_machine_and_container_counts(self, groups):
        assert available_memory() == 500 * 1024
        groups("", memory_max="100000", memory_current="60000", memory_stat="anon 5\ninactive_file 7000")
        assert available_memory() == 47_000
        groups("", memory_max="max")
        assert available_memory() == 500 * 1024

    def test_version_1_is_read_too(self, groups, tmp_path):
        (tmp_path / "membership").write_text("4:memory:/docker/ab\n")
        groups("memory", memory_stat="inactive_file 1\ntotal_inactive_file 7000")
        (tmp_path / "memory" / "memory.limit_in_bytes").write_text("100000\n")
        (tmp_path / "memory" / "memory.usage_in_bytes").write_text("60000\n")
        assert available_memory() == 47_000

    def test_nothing_is_said_where_the_system_does_not_say(self, groups, tmp_path):
        (tmp_path / "meminfo").unlink()
        (tmp_path / "membership").unlink()
        assert available_memory() is None
        assert available_cores() == 8


class TestInstallCommand:
    def test_it_names_this_interpreter_and_the_clone_whatever_its_folder_is_called(self, tmp_path, monkeypatch):
        clone = tmp_path / "my clone's"
        (clone / "fecemo").mkdir(parents=True)
        (clone / "setup.cfg").write_text("")
        monkeypatch.setattr(machine, "PACKAGE", clone / "fecemo")
        assert shlex.split(install_command("export", "heic")) == [
            sys.executable, "-m", "pip", "install", "-e", f"{clone}[export,heic]"]

    def test_without_a_clone_no_index_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setattr(machine, "PACKAGE", tmp_path / "fecemo")
        assert install_command("heic") == "install fecemo again, with the extra heic"
