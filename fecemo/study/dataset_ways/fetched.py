"""Fetch a data set: photographs by their addresses, and of each the faces in its boxes."""

from typing import Any

from fecemo.data.receipts import plain
from fecemo.fetch.settings import DECIDING, FetchSettings
from fecemo.study.datasets import DatasetWay, Step
from fecemo.study.layout import RunLayout


def steps(settings: FetchSettings, name: str, layout: RunLayout) -> tuple[Step, ...]:
    """Return the one step of fetching a list."""
    return (Step("01_fetch", settings, layout.dataset(name), (settings.faces,), shaped_by(settings),
                 port=settings.port if settings.serve else None),)


def shaped_by(settings: FetchSettings) -> dict[str, Any]:
    """Return those of the settings that say which faces there are and how they are cut."""
    known = () if settings.format == "auto" else ("format",)
    return {name: plain(getattr(settings, name)) for name in (*DECIDING, *known, "limit")}


WAY = DatasetWay("fetch", FetchSettings, steps, place="faces", has_ratings=lambda settings: settings.format != "boxes")
