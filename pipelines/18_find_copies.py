"""Find copies of one picture across the splits of data sets and between them: a table, a contact sheet, clean lists."""

from fecemo.cli import run_cli
from fecemo.stages.find_copies import run

if __name__ == "__main__":
    run_cli(run)
