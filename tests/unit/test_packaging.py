"""What is installed is what stands in the repository."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_a_clone_called_fecemo_does_not_hide_the_package(tmp_path):
    (tmp_path / "fecemo").mkdir()
    done = subprocess.run([sys.executable, "-c", "import fecemo; print(fecemo.__version__)"], cwd=tmp_path,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_dependency_is_bounded(setup):
    stated = [line for text in (setup["options"]["install_requires"], *setup["options.extras_require"].values())
              for line in text.splitlines() if line.strip()]
    assert stated
    assert [line for line in stated if not (">=" in line and ",<" in line)] == []


def test_extras_have_names_that_every_pip_knows(setup):
    # pip 23 installs nothing for an extra with an underscore, and only warns: metadata write it with a hyphen.
    assert [name for name in setup["options.extras_require"] if "_" in name] == []
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"),
                 *(ROOT / "fecemo").rglob("*.py")]
    named = {name.strip() for path in documents
             for extras in re.findall(r"(?:fecemo|'\.)\[([a-z, _-]+)\]", path.read_text(encoding="utf-8"))
             for name in extras.split(",")}
    assert len(named) > 5
    assert named - set(setup["options.extras_require"]) == set(), "no such extra"


def test_the_wheel_holds_the_manifests_and_templates(tmp_path):
    # From a copy, so that no build folder is left in the clone; without isolation, so that the test needs no network.
    copy = tmp_path / "copy"
    for name in ("fecemo", "data_manifests"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, copy],
                   check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("data_manifests", "fecemo/data_manifests"), ("fecemo/evaluation/templates",) * 2):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" in names


@pytest.fixture
def make(tmp_path):
    """Run make beside an environment whose Python only writes down what it is called with."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/bash\nprintf "%s\\n" "$@" >> "$CALLS"\n')
    python.chmod(0o755)
    for name in ("demo.stamp", "models.stamp"):
        (tmp_path / "venv" / name).touch()

    def called(*arguments: str) -> tuple[int, str, list[str]]:
        calls = tmp_path / "calls"
        calls.write_text("")
        done = subprocess.run(["make", "-s", f"VENV={tmp_path / 'venv'}", *arguments], cwd=ROOT, capture_output=True,
                              text=True, env={**os.environ, "CALLS": str(calls), "HOME": str(tmp_path)})
        return done.returncode, done.stdout, calls.read_text().splitlines()

    return called


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_an_archivist_s_words_and_folders_reach_the_scripts_as_they_were_written(make, tmp_path):
    photos = tmp_path / "it's \"my\" pictures"
    photos.mkdir()
    for written in (str(photos), f"~/{photos.name}"):
        status, _, call = make("tags", f"PHOTOS={written}")
        assert (status, call[0]) == (0, "pipelines/15_tag.py")
        assert call[-4:] == ["--photos", str(photos), "--sidecars", "True"]
    assert make("untag", f"PHOTOS={photos}", "ARCHIVE=runs/other")[2][-5:] == [
        "runs/other/tags", "--photos", str(photos), "--remove", "True"]
    words = "happy; but \"not\" 'sad'"
    assert make("find", f"WORDS={words}", "TOP=9")[2][3:9] == ["--find", words, "--like", "", "--top", "9"]
    assert make("find", "LIKE=~/a b.jpg")[2][3:7] == ["--find", "", "--like", f"{tmp_path}/a b.jpg"]
    for arguments, fault in ((("tags",), "Name a folder of photographs: make tags PHOTOS="), (("find",), "Say what"),
                             (("archive", "PHOTOS=/nowhere"), "There is no folder /nowhere")):
        status, message, call = make(*arguments)
        assert (status, call) == (2, [])
        assert fault in message


def test_the_job_for_kubernetes_runs_what_the_image_holds_and_writes_on_its_volume():
    claim, job = yaml.safe_load_all((ROOT / "pipelines" / "profiles" / "kubernetes" / "job.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    container, = pod["containers"]
    folder, = re.findall(r"^WORKDIR (.+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    named = [word.partition("=")[2] or word for word in container["command"] if folder in word]
    assert named[0].startswith(f"{folder}/.venv/bin/")
    assert [word for word in named[1:] if not (ROOT / word.removeprefix(f"{folder}/")).is_file()] == []
    assert f"--cores={container['resources']['limits']['cpu']}" in container["command"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    mounted = container["volumeMounts"][0]["mountPath"]
    assert container["workingDir"] == mounted
    assert all(variable["value"].startswith(f"{mounted}/") for variable in container["env"])
