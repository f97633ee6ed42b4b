"""The gallery: a folder of plain files that shows faces by expression, from a disk or any web server, with no network.

The page (``page/gallery.html``, ``.css``, ``.js``) is the same for every gallery. What it shows is written beside it:
``faces.js``, ``vectors.js`` and ``words.js``, scripts that set one variable each, because a page that was opened from a
disk may load scripts but fetch no data; and ``sheets/``, the faces on JPEG sheets, so that twenty thousand scroll.
"""

import base64
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fecemo.archive.search import LESS_ALIKE
from fecemo.archive.words import CALLED, NEGATIONS, PASSED_OVER, SUFFIXES, emotion_words, places_of_emotions
from fecemo.data.vocabulary import Vocabulary, by_word, holdings, names_of

PAGE_FILES = ("gallery.html", "gallery.css", "gallery.js")
INDEX_NAME = "index.html"
"""What ``gallery.html`` is called in the written folder: the file that web servers look for."""
GRID = 20
"""Faces along a side of a sheet."""
TILE = 80
"""Pixels of a face's side on a sheet."""
MAX_AXES = 64
"""Numbers of a vector that ``vectors.js`` keeps: the first principal axes of longer ones."""
SUGGESTED_BY = {"action_units": "published action units", "drawn_faces": "a classifier of drawn faces"}
SUGGESTION = ("The names are suggestions by {}: nobody has looked yet, and many are wrong. Name the groups in the "
              "notebook. ")
CLAIM = ("The names say what a face shows, not what a person feels. This page is a folder of files: no picture and no "
         "word leaves it.")


@dataclass(frozen=True)
class ShownFaces:
    """What a gallery knows of its faces."""

    classes: Sequence[str]  #: Labels.
    vocabulary: Vocabulary  #: By which the names in them are understood.
    rows: np.ndarray  #: Of shape (n,), int. Of the faces in their data set.
    #: Of shape (n, c), float. Confidence in [0, 1] that a face shows each label; 0 throughout where it has no name. A
    #: face shows the label with the largest share.
    shares: np.ndarray
    calibrated: bool  #: Whether the shares were calibrated on labelled faces.
    photos: Sequence[str]  #: Path of each photograph, relative to the folder of photographs.
    photo_of: np.ndarray  #: Of shape (n,), int. Position in `photos` of each face's photograph.
    boxes: np.ndarray  #: Of shape (n, 4), float. Left, right, top, bottom as fractions of the photograph as it is seen.
    #: Address, relative to the page, of photographs that are not at ``folder`` plus their path.
    links: Mapping[int, str]


def page_files() -> dict[str, str]:
    """Return the page: name in the gallery's folder → content."""
    page = importlib.resources.files("fecemo.archive") / "page"
    texts = {name: (page / name).read_text(encoding="utf-8") for name in PAGE_FILES}
    texts[INDEX_NAME] = texts.pop(PAGE_FILES[0])
    return texts


def faces_script(title: str, folder: str, faces: ShownFaces, named_by: str = "") -> str:
    """Return ``faces.js``: everything of every face but its picture and its vector.

    Parameters
    ----------
    title : str
        Heading of the page.
    folder : str
        Address of the folder of photographs relative to the page, ``""`` or ending in ``/``.
    named_by : str
        How clusters got their names: the page says where nobody has looked at them.
    """
    names, holds = holdings(faces.vocabulary, faces.classes)
    place = {name: at for at, name in enumerate(names)}
    return _script("GALLERY", {
        "title": title, "claim": (
            SUGGESTION.format(SUGGESTED_BY[named_by]) if named_by in SUGGESTED_BY else "") + CLAIM,
        "n": len(faces.shares), "grid": GRID, "folder": folder,
        "classes": list(faces.classes), "calibrated": faces.calibrated, "rows": _encoded(faces.rows.astype("<u4")),
        # Of every label the names that it holds, its first name; of every name those directly above it.
        "names": names, "holds": [np.flatnonzero(of_label).tolist() for of_label in holds],
        "first": [place[names_of(label)[0]] for label in faces.classes],
        "under": [[place[parent] for parent in faces.vocabulary.parents(name)] for name in names],
        "shares": _encoded(np.rint(np.clip(faces.shares, 0, 1) * 255).astype(np.uint8)),
        "photos": list(faces.photos), "photo_of": _encoded(faces.photo_of.astype("<u4")),
        "boxes": _encoded(np.rint(np.clip(faces.boxes, 0, 1) * 65535).astype("<u2")),
        "links": {str(photo): link for photo, link in faces.links.items()},
    })


def vectors_script(vectors: np.ndarray) -> str:
    """Return ``vectors.js``: a vector a face in whole numbers from -127 to 127, for "more like this".

    Distances keep their order up to rounding: all axes share one scale, and vectors of more than 64 numbers are seen
    along their first 64 principal axes.

    Parameters
    ----------
    vectors : ndarray of shape (n, d), float
    """
    centred = np.asarray(vectors, np.float32) - np.mean(vectors, axis=0, dtype=np.float64).astype(np.float32)
    if centred.shape[1] > MAX_AXES:
        _, axes = np.linalg.eigh(centred.T @ centred)
        centred = centred @ axes[:, ::-1][:, :MAX_AXES]
    # A few far vectors would leave one step to all others: the scale is that of the 99.9th percentile.
    scale = float(np.quantile(np.abs(centred), 0.999)) or 1.0
    whole = np.clip(np.rint(centred * (127 / scale)), -127, 127).astype(np.int8)
    return _script("GALLERY_VECTORS", {"d": whole.shape[1], "vectors": _encoded(whole)})


def words_script(classes: Sequence[str], vocabulary: Vocabulary) -> str:
    """Return ``words.js``: how much each word of the table means each label, and how a phrase is read.

    The page reads a phrase as `fecemo.archive.words.read_query` does.

    Parameters
    ----------
    classes : sequence of str
        Labels.
    """
    # Percent of each emotion, without zeros at the end; the labels that count as each emotion.
    words = {word: np.trim_zeros([round(100 * share) for share in shares], "b")
             for word, shares in emotion_words().items()}
    return _script("GALLERY_WORDS", {"words": words, "places": places_of_emotions(classes, vocabulary),
                                     "named": by_word(vocabulary, classes), "negations": sorted(NEGATIONS),
                                     "called": CALLED, "less_alike": LESS_ALIKE,
                                     "passed_over": sorted(PASSED_OVER), "suffixes": SUFFIXES})


def _script(variable: str, value: Any) -> str:
    # A script's text cannot end early or be read as markup, whatever names of files hold.
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"window.{variable}={text};\n"


def _encoded(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
