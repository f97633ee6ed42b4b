"""Import a labelled set, or a folder of photographs, into a data set."""

from fecemo.cli import open_door
from fecemo.stages.import_labelled import run

if __name__ == "__main__":
    open_door(run)
