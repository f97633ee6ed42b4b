"""Search tagged faces by words or by example: hits as a table, a contact sheet, and sidecars."""

from fecemo.cli import run_cli
from fecemo.stages.search import run

if __name__ == "__main__":
    run_cli(run)
