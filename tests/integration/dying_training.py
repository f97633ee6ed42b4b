"""Train a cell and die, as nothing can prevent or notice, before an epoch.

    python dying_training.py RECIPE RUN ROW VARIANT EPOCH
"""

import os
import signal
import sys
from pathlib import Path

from fecemo.stages import train
from fecemo.stages.cell_arguments import CellArguments

if __name__ == "__main__":
    from fecemo.training.backend import import_keras

    import_keras(None)
    from fecemo.training import fit

    recipe, run, row, variant, epoch = sys.argv[1:]
    run_epoch = fit.run_epoch

    def watched_epoch(training, work, model, loader, number, bar=None):
        if number + 1 == int(epoch):
            os.kill(os.getpid(), signal.SIGKILL)
        return run_epoch(training, work, model, loader, number, bar)

    fit.run_epoch = watched_epoch
    train.run(CellArguments(Path(recipe), Path(run), row, variant))
