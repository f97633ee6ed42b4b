"""Write a page that names the faces of photographs in the browser, by an exported row; no picture leaves it."""

from fecemo.cli import run_cli
from fecemo.stages.face_page import run

if __name__ == "__main__":
    run_cli(run)
