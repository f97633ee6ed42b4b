"""Write the faces of a data set, in any variant, as files for other tools."""

from fecemo.cli import run_cli
from fecemo.stages.export import run

if __name__ == "__main__":
    run_cli(run)
