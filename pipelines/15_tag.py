"""Tag the faces of an archive by a finished run: tables, vectors, XMP sidecars; or take the tags out again."""

from fecemo.cli import run_cli
from fecemo.stages.tag import run

if __name__ == "__main__":
    run_cli(run)
