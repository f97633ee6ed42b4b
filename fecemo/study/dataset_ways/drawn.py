"""Draw a data set: photographs that are then fetched, or labelled faces that are then imported."""

from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from fecemo.data.draw_settings import FACES_NAME, LABELLED_FOLDER, TRIPLETS_NAME, DrawSettings
from fecemo.data.import_settings import ImportSettings
from fecemo.data.receipts import DIGEST_NAME, plain
from fecemo.fetch.settings import FetchSettings
from fecemo.study.dataset_ways import fetched, imported
from fecemo.study.datasets import DatasetWay, Step
from fecemo.study.layout import RunLayout


@dataclass(frozen=True)
class DrawnDatasetSettings(DrawSettings):
    """What to draw: unlabelled faces in photographs, or labelled faces, whose labels nobody gave."""

    #: `valid_fraction`, `test_fraction`: Shares of labelled faces for the validation and the test split.
    valid_fraction: float = 0.0
    test_fraction: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.valid_fraction >= 0 and self.test_fraction >= 0 and self.valid_fraction + self.test_fraction < 1):
            raise ValueError(f"valid_fraction {self.valid_fraction} and test_fraction {self.test_fraction} must be at "
                             "least 0 and together below 1")


def steps(settings: DrawnDatasetSettings, name: str, layout: RunLayout) -> tuple[Step, ...]:
    """Return two steps: what is drawn goes the way of all faces, of photographs through a server on this machine."""
    folder = layout.drawn(name)
    drawing = DrawSettings(**{field.name: getattr(settings, field.name) for field in fields(DrawSettings)})
    draw = Step("00_draw", drawing, folder, (), {
        key: value for key, value in plain(drawing).items() if key != "workers"}, all_cores=True)
    drawn = (folder / DIGEST_NAME,)
    if settings.faces_per_class:
        read = ImportSettings(folder / LABELLED_FOLDER, valid_fraction=settings.valid_fraction,
                              test_fraction=settings.test_fraction)
        return draw, Step("02_import", read, layout.dataset(name), drawn, imported.shaped_by(read))
    listed = FetchSettings(folder / (TRIPLETS_NAME if settings.triplets else FACES_NAME), serve=folder,
                           port=urlsplit(settings.url_prefix).port or 80, attempts=2, backoff=0.05)
    return draw, Step("01_fetch", listed, layout.dataset(name), drawn, fetched.shaped_by(listed), port=listed.port)


WAY = DatasetWay("draw", DrawnDatasetSettings, steps, made="drawn", has_labels=lambda settings: bool(
    settings.faces_per_class), has_ratings=lambda settings: bool(settings.triplets))
