"""The version of the package, beside its root so that no room need import the root."""

__version__ = "0.2.0"
