"""Give the clusters of one cell their names; with --terminal a person gives them here, by looking at contact sheets."""

import sys

from fecemo.cli import open_door
from fecemo.stages import label, label_terminal

if __name__ == "__main__":
    if "--terminal" in sys.argv:
        sys.argv.remove("--terminal")
        open_door(label_terminal.run)
    else:
        open_door(label.run)
