"""Write ``clusters.md``: why autoencoders' clusters do not follow expression, and what fixes it, from a finished run.

    python docs/write_clusters.py runs/table2_small

The run is one of ``table2_small`` with the landmark model (``make table2``). What it found is kept as ``clusters.json``
beside the page, so that a test can hold the page to it; the figures are written too. The sentences stand in
``clusters.md.jinja``, and no number of a run in them. What they claim is looked up in the run first: the page is not
written from a run that says otherwise.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from page_parts import as_record, filled_in, rounded, row_found, standalone, steps_figure

from fecemo.data.array_set import read_face_array
from fecemo.data.dataset import Dataset
from fecemo.data.published import read_published
from fecemo.data.receipts import require_receipt
from fecemo.data.reference_figures import read_reference_figures
from fecemo.data.variant import find_variant
from fecemo.drawn.emotions import EMOTIONS
from fecemo.errors import FecemoError, StoredStateError
from fecemo.evaluation.figures.nuisance import factors_grid
from fecemo.evaluation.probing.factors import EXPRESSION
from fecemo.stages.tables.comparison_table import read_table
from fecemo.stages.tables.cost_table import read_cost_table
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

if TYPE_CHECKING:
    from PIL.Image import Image

DOCS = Path(__file__).parent
RECIPE = DOCS.parent / "pipelines" / "recipes" / "table2_small.yaml"
PAGE, TEMPLATE, RECORD = (DOCS / name for name in ("clusters.md", "clusters.md.jinja", "clusters.json"))
FOLLOW, NEIGHBOURS, STEPS = (DOCS / f"clusters_{name}" for name in ("follow.svg", "neighbours.png", "steps.svg"))

PIXELS, MEASURED = "conv_autoencoder/gray", "landmark_features/gray"
STUDYS = ("dense_autoencoder/gray", PIXELS)
ALIGNED, GRADIENTS, RATED, HEAD = ("conv_autoencoder/aligned", "landmarks_gradients/gray", "triplet_landmarks/gray",
                                   "landmark_head/gray")
FROM_PIXELS = ("landmark_encoder/gray", "triplet_pixels/gray")
ON_PIXELS = "triplet_embedding/gray"
FACES_ALONE = (*STUDYS, "masked_autoencoder/gray", "contrastive/gray")
SHOWN = ("happy", "surprise")
"""Emotions of the faces whose neighbours are shown."""
NEAREST = 4
LOTS = 20
"""Times that faces are put into clusters by lot."""


def gather(run: Path) -> tuple[dict[str, Any], "Image"]:
    """Return what the page says of a run, and the picture of neighbours."""
    study, layout = read_recipe(RECIPE), RunLayout(run)
    table = read_table(study, layout)
    costs = read_cost_table(study, layout, table)
    if costs is None:
        raise StoredStateError(f"{RECIPE} asks for no Table 2, expected the key cluster_sweep")
    rows = {}
    for row in costs.rows:
        if row.score is None or (row.clustered and row.cluster_sweep is None):
            raise StoredStateError(f"{run}: {row.key} has not run; run make table2 with the landmark model at hand")
        if row.clustered and (row.triplets is None or not row.triplets.tested):
            raise StoredStateError(f"{run}: {row.key} has no triplet test; run make table2 with the landmark model at "
                                   "hand")
        nuisance = table.records[row.row.name, row.column.name]["nuisance"]
        rows[row.key] = {**row_found(row, costs.n_clusters),
                         "follows": {name: its.ami for name, its in nuisance.factors.items()}}
    first = next(row.cluster_sweep for row in costs.rows if row.cluster_sweep is not None)
    pack = Dataset(layout.target)
    published = read_published()
    measured = [require_receipt(layout.measurements(name), "measure").summary for name in ("source", "target")]
    neighbours, picture = _neighbours(layout, pack)
    reported = {name: list(its.values()) for name, its in published.figures.items()}
    unnamed = [one.figure for one in read_reference_figures().figures
               if one.measure == "accuracy" and "labels" not in one.given]
    return {
        "recipe": study.name, "seeds": len(first.seeds), "source_faces": first.source_faces, "n_scored": first.n_scored,
        "target_faces": len(pack), "side": study.face_side, "confidence": first.confidence,
        "chance": first.chance.uniform, "n_clusters": [one.n_clusters for one in first.cluster_sweep],
        "per_cluster": first.per_cluster, "sample": costs.sample, "emotions": len(EMOTIONS),
        "published": {"source": str(published.source), "supervised": sorted(reported["supervised"]),
                      "autoencoders": sorted(reported["dense_autoencoder"] + reported["conv_autoencoder"])},
        "elsewhere": sorted(unnamed), "unsure": sum(its["unsure"] for its in measured),
        "measured": sum(its["faces"] for its in measured), "by_lot": _by_lot(pack, first), "rows": rows,
        "neighbours": neighbours,
    }, picture


def _by_lot(pack: Dataset, record: Any) -> dict[str, float]:
    """Return the balanced accuracy of clusters made by lot and named on the very faces that are scored, by k."""
    truth = np.array([EMOTIONS.index(label) for label in pack.labels[pack.rows_in("test")].tolist()])
    rng, found = np.random.default_rng(0), {}
    for grouping in record.entries:
        figures = []
        for _ in range(LOTS):
            counts = np.zeros((grouping.n_clusters, len(EMOTIONS)), np.int64)
            clusters = rng.integers(grouping.n_clusters, size=len(truth))
            np.add.at(counts, (clusters, truth), 1)
            right = counts.argmax(axis=1)[clusters] == truth
            figures.append(np.mean([right[truth == emotion].mean() for emotion in np.unique(truth)]))
        found[str(grouping.n_clusters)] = float(np.mean(figures))
    return found


def _neighbours(layout: RunLayout, pack: Dataset) -> tuple[dict[str, Any], "Image"]:
    """Return whose emotions the nearest faces show, by the autoencoder and by what was measured, and a picture."""
    scored = pack.rows_in("test")
    queries = [int(scored[pack.labels[scored] == emotion][0]) for emotion in SHOWN]
    nearest, same = {}, {}
    for key in (PIXELS, MEASURED):
        approach, _, variant = key.partition("/")
        embedded = read_face_array(layout.embeddings(approach, variant), "target")
        values = np.asarray(embedded.values, np.float64)
        lengths = (values**2).sum(axis=1)
        distances = np.add.outer(lengths, lengths) - 2 * values @ values.T
        np.fill_diagonal(distances, np.inf)
        nearest[key] = embedded.rows[np.argsort(distances, axis=1, kind="stable")[:, :NEAREST]]
        same[key] = float((pack.labels[nearest[key]] == pack.labels[:, None])[scored].mean())
    shown = [{"emotion": emotion, "nearest": {key: pack.labels[nearest[key][row]].tolist() for key in nearest}}
             for emotion, row in zip(SHOWN, queries, strict=True)]
    return ({"n": NEAREST, "same": same, "shown": shown},
            _picture(pack, queries, {"nearest by the autoencoder": nearest[PIXELS],
                                     "nearest by what is measured": nearest[MEASURED]}))


def _picture(pack: Dataset, queries: list[int], nearest: dict[str, np.ndarray]) -> "Image":
    """Return faces, each with its neighbours, as the networks see them (in gray), on a ground of its own."""
    from PIL import Image, ImageDraw, ImageFont

    face, line, margin, gap = 116, 162, 10, 16
    heading, word = ImageFont.load_default(16), ImageFont.load_default(15)
    sheet = Image.new("L", (2 * margin + (NEAREST + 1) * (face + 6) + gap, len(queries) * (2 * line + gap) + 4), 255)
    pen = ImageDraw.Draw(sheet)

    def place(row: int, x: int, y: int, ink: int) -> None:
        gray = find_variant("gray").view(np.asarray(pack.faces[row])[None])[0, ..., 0]
        sheet.paste(Image.fromarray(gray).resize((face, face), Image.Resampling.LANCZOS), (x, y))
        pen.text((x + face // 2, y + face + 2), str(pack.labels[row]), ink, word, anchor="ma")

    for number, query in enumerate(queries):
        top = number * (2 * line + gap) + 6
        place(query, margin, top + line - face // 2, 0)
        pen.text((margin, top + line - face // 2 - 20), "a face", 0, heading)
        for step, (title, its) in enumerate(nearest.items()):
            left, y = margin + face + gap, top + step * line
            pen.text((left, y), title, 0, heading)
            for place_in_line, row in enumerate(its[query].tolist()):
                right = pack.labels[row] == pack.labels[query]
                x = left + place_in_line * (face + 6)
                place(row, x, y + 20, 0 if right else 130)
                if right:
                    pen.rectangle((x, y + 20, x + face - 1, y + 19 + face), outline=0, width=3)
    return sheet


def contradictions(found: dict[str, Any]) -> Iterator[str]:
    """Yield what the page says in words and this run does not show."""
    rows, chance = found["rows"], found["chance"]

    def answers(key: str) -> Iterator[tuple[str, dict[str, float]]]:
        yield from ((way, its) for way, its in rows[key]["answers"].items() if way.endswith("labels_per_cluster"))

    def best(key: str) -> dict[str, float]:
        return rows[key]["answers"].get("own") or rows[key]["answers"][f"{found['n_clusters'][0]} labels_per_cluster"]

    for key in (*FACES_ALONE, ON_PIXELS):
        yield from (f"{key} is above chance at {way}" for way, its in answers(key) if its["low"] > chance)
    for key in FACES_ALONE:
        if _strongest(rows[key]["follows"])[1] <= 2 * max(rows[key]["follows"]["emotion"], 0):
            yield f"clusters of {key} follow emotion as much as anything"
    for key in (MEASURED, GRADIENTS, RATED):
        if rows[key]["follows"]["emotion"] <= 2 * _strongest(rows[key]["follows"])[1]:
            yield f"clusters of {key} do not follow emotion above all"
    for more, less in ((ALIGNED, PIXELS), (MEASURED, ALIGNED), (RATED, MEASURED), (MEASURED, FROM_PIXELS[0]),
                       (RATED, FROM_PIXELS[1]), (MEASURED, "small_resnet/gray"),
                       (MEASURED, "supervised/gray")):
        if best(more)["low"] <= best(less)["high"]:
            yield f"{more} is not ahead of {less}"
    for a, b in ((GRADIENTS, MEASURED), (HEAD, RATED)):
        if best(a)["low"] > best(b)["high"] or best(b)["low"] > best(a)["high"]:
            yield f"{a} and {b} are not on a level"
    if rows[PIXELS]["probe_low"] <= chance or rows[ALIGNED]["probe_low"] <= rows[PIXELS]["probe"]:
        yield f"a linear probe does not find emotion in {PIXELS}, and more of it in {ALIGNED}"
    if best("symmetric_hog/aligned")["low"] <= best(PIXELS)["high"]:
        yield f"gradients of aligned faces are not ahead of {PIXELS}"
    if best("symmetric_hog/aligned")["mean"] < best(ALIGNED)["low"]:
        yield f"gradients of aligned faces do not reach {ALIGNED}"
    steady = [rows[key]["groups"][str(found["n_clusters"][0])]["stability"] for key in (MEASURED, RATED)]
    if steady[1] <= steady[0]:
        yield f"clusters of {RATED} agree no better over seeds than those of {MEASURED}"
    if found["neighbours"]["same"][MEASURED] <= 2 * found["neighbours"]["same"][PIXELS]:
        yield "neighbours by what is measured are no more alike"


def _strongest(follows: dict[str, float], place: int = 0) -> tuple[str, float]:
    """Return the nuisance that clusters follow most, or the one that comes next."""
    others = [(name, value) for name, value in follows.items() if name not in EXPRESSION]
    return sorted(others, key=lambda one: -one[1])[place]


def follow_figure(found: dict[str, Any]) -> str:
    """Draw what the clusters of each row share with each factor."""
    rows = [(row["title"], "", row["follows"]) for row in found["rows"].values() if row["groups"]]
    return standalone(factors_grid("clusters follow", "What clusters share with each factor", rows))


def page(found: dict[str, Any]) -> str:
    """Return the whole page."""
    names = {"pixels": PIXELS, "measured": MEASURED, "aligned": ALIGNED, "gradients": GRADIENTS, "rated": RATED,
             "head": HEAD, "from_pixels": FROM_PIXELS, "on_pixels": ON_PIXELS}
    return filled_in(TEMPLATE, found, key=names, source_name=Path(__file__).name, strongest=_strongest,
                     figure={"follow": FOLLOW.name, "neighbours": NEIGHBOURS.name, "steps": STEPS.name})


def main(run: Path) -> None:
    """Write the page, its figures and its record from a run."""
    found, picture = gather(run)
    if wrong := list(contradictions(found)):
        raise StoredStateError(f"{run} does not show what the page says: {'; '.join(wrong)}")
    found = rounded(found)
    texts = {RECORD: as_record(found), FOLLOW: follow_figure(found), STEPS: steps_figure(found),
             PAGE: page(found)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    picture.save(NEIGHBOURS, optimize=True)
    print(PAGE, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"expected the folder of a finished run, such as: python {sys.argv[0]} runs/table2_small")
    try:
        main(Path(sys.argv[1]))
    except FecemoError as error:
        raise SystemExit(f"{error}") from error
