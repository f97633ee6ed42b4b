"""The floors of the house: imports run downward only (CONTRIBUTING names the floors, pyproject.toml states them)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]


def lint_imports(folder: Path, config: Path) -> subprocess.CompletedProcess:
    return subprocess.run([*LINT, "--config", config], cwd=folder, capture_output=True, text=True)


def test_imports_run_downward():
    done = lint_imports(ROOT, ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_upward_import_is_caught(tmp_path):
    """The same contract, on a house with one wrong arrow, must fail: otherwise the test above proves nothing."""
    for room in ("stages", "ground"):
        (tmp_path / "house" / room).mkdir(parents=True)
        (tmp_path / "house" / room / "__init__.py").touch()
    (tmp_path / "house" / "__init__.py").touch()
    (tmp_path / "house" / "ground" / "__init__.py").write_text("import house.stages\n")
    config = tmp_path / "floors.toml"
    config.write_text(
        '[tool.importlinter]\nroot_packages = ["house"]\n[[tool.importlinter.contracts]]\nname = "floors"\n'
        'type = "layers"\nlayers = ["house.stages", "house.ground"]\n')
    done = lint_imports(tmp_path, config)
    assert done.returncode != 0
    assert "house.ground is not allowed to import house.stages" in done.stdout


def test_importing_the_package_brings_nothing_heavy():
    heavy = ("keras", "tensorflow", "cv2", "sklearn", "pandas", "matplotlib", "openTSNE", "requests")
    program = ("import sys, fecemo.study.recipe_file; "
               f"print([name for name in {heavy!r} if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
