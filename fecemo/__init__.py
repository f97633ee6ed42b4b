"""Facial expression from unlabelled faces: embed, cluster, name, and score on labelled faces."""

from typing import TYPE_CHECKING, Any

from fecemo.version import __version__

if TYPE_CHECKING:
    from fecemo.run import open_dataset, open_run

__all__ = ["__version__", "open_dataset", "open_run"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: ``import fecemo`` itself stays quick."""
    if name in ("open_dataset", "open_run"):
        from fecemo import run

        return getattr(run, name)
    raise AttributeError(f"module 'fecemo' has no attribute {name!r}")
