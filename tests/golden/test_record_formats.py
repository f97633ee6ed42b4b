"""What a stored record holds is pinned to its format: where one changes, so does the other, and stages run again."""

import json
from pathlib import Path

from record_formats import record_formats

PINNED = Path(__file__).parent / "files" / "record_formats.json"


def test_what_a_record_holds_changes_only_with_its_format():
    pinned, result = json.loads(PINNED.read_text()), record_formats()
    assert pinned.keys() == result.keys(), "run tests/golden/write_golden.py"
    for name, fields in result.items():
        assert fields == pinned[name], f"{name} holds something else than before: give it a new version"
