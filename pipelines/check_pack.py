"""Check that a face pack still holds what was stored: every face and every table, by its checksum."""

from fecemo.stages.check_pack import run
from fecemo.stages.door import open_door

if __name__ == "__main__":
    open_door(run)
