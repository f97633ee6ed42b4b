"""Group the faces of a growing run anew: let go of groups that stay when faces join, and keep what people said."""

from fecemo.cli import run_cli
from fecemo.stages.regroup import run

if __name__ == "__main__":
    run_cli(run)
