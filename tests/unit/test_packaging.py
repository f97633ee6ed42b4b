"""What is installed is what stands in the repository."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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
