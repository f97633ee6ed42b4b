"""The workflow, as a user calls it; or as they call it with -n, without the seconds in which Snakemake is imported."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TINY = Path(__file__).parent / "tiny.yaml"
# A server of its own imports Snakemake once: no threads of other tests are forked.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["snakemake.cli", "fecemo.study.stamps", "fecemo.stages.table"])


def arguments_of(recipe: Path, run: Path, *arguments: str) -> list[str]:
    return ["-s", str(ROOT / "pipelines" / "Snakefile"), *arguments, "--config", f"recipe={recipe}", f"run={run}"]


def command(recipe: Path, run: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", *arguments_of(recipe, run, *arguments)]


def snakemake(folder: Path, recipe: Path, run: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(recipe, run, *arguments), cwd=folder, capture_output=True, text=True, timeout=300)


def dry_run(folder: Path, recipe: Path, run: Path, *config: str) -> subprocess.CompletedProcess:
    """Return what Snakemake would do, with further words of its --config."""
    words = [*arguments_of(recipe, run, "-n", "--quiet", "host"), *config]
    printed = [folder / "printed.out", folder / "printed.err"]
    process = SERVER.Process(target=_call, args=(words, folder, printed, dict(os.environ)))
    process.start()
    process.join(300)
    assert process.exitcode is not None, "Snakemake does not end"
    return subprocess.CompletedProcess(words, process.exitcode, *(path.read_text() for path in printed))


def _call(words: list[str], folder: Path, printed: list[Path], environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.update(environment)  # the server has that of its start
    for number, path in enumerate(printed, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    from snakemake.cli import main

    main(words)
