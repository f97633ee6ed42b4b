"""The floors of the house: imports run downward only (CONTRIBUTING names the floors, pyproject.toml states them)."""

import subprocess
import sys
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]


def test_imports_run_downward(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_an_upward_import_is_caught(monkeypatch, tmp_path, capsys):
    """The same contract, on a house with one wrong arrow, must fail: otherwise the test above proves nothing."""
    house = tmp_path / "house"
    for room in ("stages", "packs"):
        (house / room).mkdir(parents=True)
        (house / room / "__init__.py").touch()
    (house / "__init__.py").touch()
    (house / "packs" / "__init__.py").write_text("import house.stages\n")
    (tmp_path / "floors.toml").write_text(
        '[tool.importlinter]\nroot_packages = ["house"]\n[[tool.importlinter.contracts]]\nname = "floors"\n'
        'type = "layers"\nlayers = ["house.stages", "house.packs"]\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert lint_imports(config_filename=str(tmp_path / "floors.toml"), no_cache=True) != EXIT_STATUS_SUCCESS
    assert "house.packs is not allowed to import house.stages" in capsys.readouterr().out


def test_importing_the_package_brings_nothing_heavy():
    heavy = ("keras", "tensorflow", "cv2", "sklearn", "pandas", "matplotlib", "openTSNE", "requests")
    program = ("import sys, fecemo.stages.recipe; "
               f"print([name for name in {heavy!r} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
