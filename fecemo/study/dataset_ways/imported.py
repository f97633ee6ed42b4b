"""Import a data set: images of faces on this disk, with their labels and other annotations, or without any."""

from typing import Any

from fecemo.data.image_files import listing_digest
from fecemo.data.import_settings import ImportSettings
from fecemo.data.layouts import layouts
from fecemo.data.receipts import plain
from fecemo.study.datasets import DatasetWay, Step
from fecemo.study.layout import RunLayout

UNLABELLED = "photographs"
"""The layout of images without labels."""


def steps(settings: ImportSettings, name: str, layout: RunLayout) -> tuple[Step, ...]:
    """Return the one step of importing a folder: again where an image in it was added, replaced or removed."""
    return (Step("02_import", settings, layout.dataset(name), (settings.images,), shaped_by(settings),
                 lambda: listing_digest(settings.images)),)


def shaped_by(settings: ImportSettings) -> dict[str, Any]:
    """Return those of the settings that say which faces there are, and what is known of them."""
    return {name: value for name, value in plain(settings).items() if name not in ("images", "threads")}


def check(settings: ImportSettings) -> None:
    """Raise `InputError` for an unknown layout, naming the nearest."""
    layouts.find(settings.layout)


WAY = DatasetWay("import", ImportSettings, steps, place="images", check=check,
                 has_labels=lambda settings: settings.layout != UNLABELLED)
