"""Detect a data set: the faces in a folder of photographs."""

from fecemo.data.detect_settings import DECIDING, DetectSettings
from fecemo.data.photo_tree import read_photo_tree
from fecemo.data.receipts import digest_json, plain
from fecemo.study.datasets import DatasetWay, Step
from fecemo.study.layout import RunLayout


def steps(settings: DetectSettings, name: str, layout: RunLayout) -> tuple[Step, ...]:
    """Return the one step of detecting: again where a photograph was added, replaced or removed."""
    out = layout.dataset(name)

    def files() -> str:
        if not settings.photos.is_dir():
            return ""
        tree = read_photo_tree(settings.photos, apart_from=out)
        return digest_json([sorted(tree.unreadable.items()), [
            [photo, file.n_bytes, file.mtime_ns] for photo, file in tree.photographs.items()]])

    return (Step("01_detect", settings, out, (settings.photos,), {
        setting: plain(settings)[setting] for setting in DECIDING}, files, all_cores=True),)


WAY = DatasetWay("detect", DetectSettings, steps, place="photos", has_eyes=True)
