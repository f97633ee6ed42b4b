"""Name the clusters of one cell in a terminal."""

import getpass
import sys

from fecemo.cli import say_done
from fecemo.labelling.session import LabellingSession
from fecemo.labelling.terminal import TerminalSession
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.naming.label_run import LabelRun


def run(arguments: CellArguments, by: str = "") -> None:
    """Name the clusters of one cell in this terminal, looking at contact sheets that are written as PNG files.

    Every act is saved at once; the same command goes on from there. The names are then used by the same command
    without --terminal, wherever the recipe says ``naming: {method: hand}``, or with --method hand.

    Parameters
    ----------
    arguments : CellArguments
        Which cell of which run.
    by : str
        Who names; by default the user of this machine.

    Raises
    ------
    InputError
        If the recipe has no such cell, or the file of names is another person's or cannot be read.
    StoredStateError
        If a stage before has not finished, or the names were given for another clustering.
    """
    by = by or getpass.getuser()
    material = LabelRun(arguments.run, arguments.recipe).open(arguments.approach, arguments.variant, by)
    session = LabellingSession(material.clustering, material.path, by, material.seed, divide=material.divide)
    sheets = arguments.layout.contact_sheets(arguments.approach, arguments.variant)
    complete = TerminalSession(material, session, sheets, sys.stdout).work(sys.stdin)
    say_done("label", material.path, "all clusters named; the same command without --terminal uses the names"
             if complete else "saved; the same command goes on")
