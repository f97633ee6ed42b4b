"""Find the faces in a folder of photographs, and store them as a data set of 200×200 RGB crops."""

from fecemo.cli import open_door
from fecemo.stages.detect import run

if __name__ == "__main__":
    open_door(run)
