"""Serve an exported row on this machine: photographs in, faces and what they show out; tag what arrives in a folder."""

from fecemo.cli import run_cli
from fecemo.stages.serve import run

if __name__ == "__main__":
    run_cli(run)
