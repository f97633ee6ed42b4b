"""Score records → Table 1 and the report of a run, or several runs side by side."""

from fecemo.cli import open_door
from fecemo.stages.table import run

if __name__ == "__main__":
    open_door(run)
