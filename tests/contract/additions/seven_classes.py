"""A layout of labelled images: a list with tabs of seven classes of a house's own, and two numbers that raters gave."""

import csv

from fecemo.data.image_files import LabelledImage
from fecemo.data.layouts import Layout, labelled_set

CLASSES = ("calm", "glad", "low", "startled", "afraid", "averse", "cross")
COLUMNS = {"valence": "number", "arousal": "number"}


def read(folder, options):
    """Return the images that ``ratings.tsv`` lists; a dash is no number."""
    with (folder / "ratings.tsv").open(encoding="utf-8", newline="") as file:
        images = [LabelledImage(row["file"], CLASSES[int(row["class"])], row["part"],
                                {name: "" if row[name] == "-" else row[name] for name in COLUMNS})
                  for row in csv.DictReader(file, delimiter="\t")]
    return labelled_set(folder, images, "rows of ratings.tsv", classes=CLASSES, columns=COLUMNS)


LAYOUT = Layout(name="seven_classes", about="a list of seven classes, valence and arousal", read=read)
