"""Tag the faces of an archive by a finished run: tables, vectors, XMP sidecars; or take the tags out again."""

from fecemo.cli import open_door
from fecemo.stages.tag import run

if __name__ == "__main__":
    open_door(run)
