"""``docs/architectures.md`` says what the code builds."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_its_program_writes():
    spec = importlib.util.spec_from_file_location("write_architectures", DOCS / "write_architectures.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    written = (DOCS / "architectures.md").read_text(encoding="utf-8")
    assert written == program.page(), "run python docs/write_architectures.py"
    assert "485,367,500" in written
