"""Show tagged faces as a gallery: a folder that opens in any browser, from a disk or a web server, with no network."""

from fecemo.cli import run_cli
from fecemo.stages.gallery import run

if __name__ == "__main__":
    run_cli(run)
