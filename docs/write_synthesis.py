"""Write ``synthesis.md`` and its figure ``synthesis.svg`` from the record ``synthesis.json`` beside them.

python docs/write_synthesis.py            of docs/synthesis.json
python docs/write_synthesis.py RECORD     first take that file, which benchmarks/synthesis.py printed
"""

import json
import sys
from pathlib import Path

DOCS = Path(__file__).parent
KINDS = {"nothing": "nothing", "oversampled": "as many of the same faces again", "drawn": "drawn faces",
         "synthetic": "synthetic faces"}
STUDENTS = {"raw": "drawn faces, numbers as they are", "matched": "drawn faces, with the moments of people's",
            "all pseudo-labels": "and all of people's faces, as the teacher sees them",
            "surest of each cluster": "and the surest quarter of each cluster, three rounds",
            "where two teachers agree": "and faces on which teachers of shape and of texture agree"}
CAPTION = "neutral and seven expressions, each first as it is drawn, below as it is made of the neutral face"
WAYS = {"weighed": ("balanced_accuracy", "gain", "over_oversampled"),
        "unweighed": ("as_learnt", "gain_as_learnt", "over_oversampled_as_learnt")}
"""By how answers are read: keys of the figure, of the gain over nothing and of that over the same faces again."""
LEARNERS = {"added": "landmarks", "pixels": "pixels"}
"""What is learnt, by the record's part; the latter is missing where nobody took the time."""
GAINS = {"oversampled": "#777777", "drawn": "#d98a2b", "synthetic": "#3b6fd4"}


def share(value: float, sign: bool = False) -> str:
    """Return a figure with three digits and no zero before its point."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}") if abs(value) < 1 else text


def interval(values: list[float], sign: bool = False) -> str:
    """Return a figure with its interval."""
    value, low, high = (share(number, sign) for number in values)
    return f"{value} [{low}, {high}]"


PIXELS = """A residual network of 16, 32 and 64 filters on gray pixels, 48 a side, which sees equally many faces in all
its epochs whatever is added, and few, so that a training takes a minute:

"""
NO_PIXELS = "Classifiers of pixels are not measured yet; the command at the end does."
EARLIER = """ Mouths of
the synthetic faces behind these figures were as bright at the lips as in their middle; by now they darken."""


def labels(part: dict) -> str:
    """Return how many labels a part is of, and under how many seeds."""
    return f"{part['labels']:,} labels, {part['seeds']} seed{'s' * (part['seeds'] > 1)}"


def added_table(parts: list[dict]) -> str:
    """Return what each kind of face adds to each share of the labels."""
    heads = [name for way in WAYS for name in (way, "over nothing", "over the same again")]
    lines = [f"| labels | added | {' | '.join([*heads[:3], 'fear', 'disgust', 'contempt', *heads[3:]])} |",
             "|:--|:--|" + 9 * "--:|"]
    for part in parts:
        for kind, figures in part["kinds"].items():
            weighed, unweighed = ([interval(figures[key], place > 0) if key in figures else ""
                                   for place, key in enumerate(keys)] for keys in WAYS.values())
            cells = [*weighed, *map(share, figures["recall"].values()), *unweighed]
            lines.append(f"| {labels(part) if kind == 'nothing' else ''} | {KINDS[kind]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def teachers_table(record: dict) -> str:
    """Return what is reached without a label of a person."""
    lines = ["| learnt from | balanced accuracy | gain | fear | disgust | contempt |", "|:--|--:|--:|--:|--:|--:|"]
    for name, figures in record["teachers"].items():
        gain = interval(figures["gain"], True) if "gain" in figures else ""
        lines.append(f"| {STUDENTS[name]} | {interval(figures['balanced_accuracy'])} | {gain} | "
                     + " | ".join(share(recall) for recall in figures["recall"].values()) + " |")
    return "\n".join(lines)


def nearness_table(record: dict) -> str:
    """Return, by emotion, how near drawn people come to the truth, and how often real ones are read as the target."""
    reads = record["looks"]["reads"]
    lines = ["| emotion | pixels | of the worst person | landmarks | read as it before | after |",
             "|:--|--:|--:|--:|--:|--:|"]
    for name, left in record["on_drawn_faces"]["emotions"].items():
        lines.append(f"| {name} | {left['pixels']:.2f} | {left['pixels_worst']:.2f} | {left['landmarks']:.2f} | "
                     f"{share(reads['before'][name])} | {share(reads['after'][name])} |")
    return "\n".join(lines)


def gains(record: dict, kinds: tuple[str, ...], way: str, over: int) -> list[list[float]]:
    """Return the gains of kinds of faces with their intervals, for every learner and number of labels.

    ``over`` is 1 for gains over nothing, 2 for those over as many of the same faces again.
    """
    parts = [part["kinds"] for name in LEARNERS for part in record.get(name, [])]
    return [part[kind][WAYS[way][over]] for part in parts for kind in kinds]


def tally(intervals: list[list[float]]) -> str:
    """Return the range of gains, and how many intervals lie above and below 0."""
    values = [value for value, _, _ in intervals]
    above, below = sum(low > 0 for _, low, _ in intervals), sum(high < 0 for _, _, high in intervals)
    span = f"{share(min(values), True)} to {share(max(values), True)}"
    return f"{span}; of {len(values)} intervals {above} lie above 0, {below} below"


def message(record: dict) -> str:
    """Return what the page says, in five lines."""
    plain = [part["kinds"]["nothing"] for name in LEARNERS for part in record.get(name, [])]
    weighing = [figures["balanced_accuracy"][0] - figures["as_learnt"][0] for figures in plain]
    teacher = record["teachers"]["matched"]["balanced_accuracy"]
    added, span = ("drawn", "synthetic"), f"{share(min(weighing), True)} to {share(max(weighing), True)}"
    return f"""- **Weigh the answers first**: {span} in balanced accuracy, without any face.
- Drawn or synthetic faces where answers are weighed: {tally(gains(record, added, "weighed", 1))}.
- Where they are not: {tally(gains(record, added, "unweighed", 1))}.
- Beside as many of the same real faces again, unweighed: {tally(gains(record, added, "unweighed", 2))}.
- No label of a person at hand: drawn faces alone give {interval(teacher)}; chance is {share(record["chance"])}."""


def speed(record: dict) -> str:
    """Return how quickly faces are made."""
    picture = f"{record['on_drawn_faces']['cpu_ms']:.0f} ms of one core"
    if "speed" not in record:
        return f"The picture of a face takes {picture}, beside the passes of the landmark network."
    many = record["speed"]
    rate = many["faces"] / many["cpu_seconds"]
    took = f"{many['faces']:,} faces took {many['cpu_seconds']:.0f} s of one core"
    return f"""{took}, the landmarks of {many["measured"]:,} parents included:
  {rate:.0f} a second, 10,000 in {10_000 / rate / 60:.0f} minutes. The picture alone is {picture}."""


def page(record: dict) -> str:
    """Return the page."""
    drawn, looks = record["on_drawn_faces"], record["looks"]
    emotion, worst = max(drawn["emotions"].items(), key=lambda pair: pair[1]["pixels"])
    above = [name for name, left in drawn["emotions"].items() if left["pixels_worst"] >= 1]
    some = f"Of {' and '.join(above)} at least one person comes no nearer." if above else "Everybody comes nearer."
    of, identity = f"{looks['labels']:,} labels", looks["identity"]
    distance = f"{identity['own_distance'] / identity['distance']:.2f}"
    pixels = PIXELS + added_table(record["pixels"]) if "pixels" in record else NO_PIXELS
    return f"""# Faces that nobody photographed

`02_synthesize.py` gives neutral photographs another expression; drawn faces (`draw:`) have labels by construction. As
training data, measured on {record["scored"]:,} held-out faces of FER+:

{message(record)}

![Gain in balanced accuracy by each kind of face that is added, for each number of labels](synthesis.svg)

## What they buy

Balanced accuracy, *weighed* as if emotions were equally common among what is learnt, and *unweighed*, as the classifier
answers. Added are at most {record["per_class"]} faces of each emotion but neutral, equally many of each kind. Figures
are means over seeds, intervals are of the scored faces, and beside emotions are their recalls, weighed. Faces that are
added make rare emotions common, which weighing does, too. Synthetic faces are made of the same labels and cost no
other; drawn ones cost none. The published method's gains are not known to us.{"" if "method" in record else EARLIER}

A logistic regression on landmark features:

{added_table(record["added"])}

{pixels}

## Without a label of a person

Classifiers that saw {record["drawn"]:,} drawn faces and no person's label; gains are over the second row.

{teachers_table(record)}

## Do they show it?

Left: {drawn["people"]} drawn people, whose true expression is drawn too. What is left of the distance between the
neutral face and the true one, where the expression moves it (mouth, brows): 1 is no nearer. Right: the share of
synthetic FER+ faces that a classifier of real ones, learnt from {of}, reads as their target, and of their photographs
before.

{nearness_table(record)}

![Three drawn people: {CAPTION}](synthesis_drawn.jpg)

- Landmarks come nearer for every emotion, and pixels in the mean; least for {emotion} ({worst["pixels"]:.2f}). {some}
- **People stay themselves**: of drawn ones a share of {drawn["own_is_nearest"]:.2f} is nearest to its own true face.
  Of the synthetic FER+ faces a share of {identity["own_is_nearest"]:.2f} is nearest, among {identity["people"]} neutral
  photographs in eigenfaces, to its own, at {distance} of the usual distance. Their pixels are its own: this says that
  nothing is distorted, and not that a stranger would agree.
- {speed(record)}

## Looked at

`sheet.jpg` beside every synthetic data set shows twelve people with every expression. On FER+ at 48 pixels, and on
twelve generated colour portraits at 200 with FER+'s gray donors, we saw no monster, no seam at the face's edge, and
brows, lids and jaws that look right. Happy and surprise are read at a glance, fear mostly; anger with an open mouth may
be a laugh; sad and disgust need a second look; contempt hardly differs from neutral. What is wrong is the mouth: a
donor of 48 pixels has no single teeth, so that a portrait gets a pale bar; sharp donors in colour give smiles that
pass, some with yellow teeth, and nine of them left a trace of hair on foreheads. Sunglasses stay as they are, and a
mouth at the picture's edge is stretched. By action units, sad and anger are clearer than after donors, and an open
mouth is a dark hole.

## What failed, and what was not tried

- The first version moved the mesh by blendshapes alone: frowns and pressed lips hardly moved, because a landmark model
  moves their points more than its numbers. Means of meshes, and creases, mended that.
- Mouths were as bright at the lips as in their middle, and by action units gaped: they darken, and open less.
- An earlier draw of labels and faces gave two unweighed gains of synthetic faces above 0 that this one does not repeat:
  intervals are of the scored faces, and know nothing of draws.
- Heads that are turned are left out.
- Donors chosen by valence and arousal (`by: affect`) were not measured: no faces with such ratings were at hand.

## To run it again

    .venv/bin/python pipelines/00_draw.py --faces-per-class 300 --seed 11 --out PICTURES
    .venv/bin/python pipelines/02_import.py --images PICTURES/labelled --test-fraction 0 --out DRAWN
    .venv/bin/python benchmarks/synthesis.py FERPLUS DRAWN WORK > record.json
    .venv/bin/python docs/write_synthesis.py record.json

If interrupted, rerun. `pipelines/recipes/synthesis.yaml` runs rows of the same kind through the stages.
"""


def draw(record: dict) -> None:
    """Write the figure: gains over nothing with their intervals, a group a learner and number of labels."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    parts = [(f"{learner}, {part['labels']:,} labels", part["kinds"])
             for name, learner in LEARNERS.items() for part in record.get(name, [])]
    figure, panels = plt.subplots(1, 2, figsize=(7.6, 0.8 + 0.65 * len(parts)), layout="constrained", sharex=True,
                                  sharey=True)
    for axes, (way, keys) in zip(panels, WAYS.items(), strict=True):
        for place, (_, kinds) in enumerate(parts):
            for step, (kind, tint) in enumerate(GAINS.items()):
                value, low, high = kinds[kind][keys[1]]
                height = place + 0.24 * (step - 1)
                axes.plot([low, high], [height, height], color=tint, alpha=0.4, linewidth=5, solid_capstyle="butt")
                label = KINDS[kind] if not place and axes is panels[0] else None
                axes.plot(value, height, "o", color=tint, markersize=5, label=label)
        axes.axvline(0, color="#666666", linewidth=1, linestyle=":")
        axes.set_yticks(range(len(parts)), [title for title, _ in parts])
        axes.set_ylim(len(parts) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=4)
        axes.set_title(way, loc="left", fontsize=9)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.supxlabel("gain in balanced accuracy over nothing added", fontsize=8)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    figure.savefig(DOCS / "synthesis.svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    stored = DOCS / "synthesis.json"
    if len(sys.argv) > 1:
        stored.write_text(json.dumps(json.loads(Path(sys.argv[1]).read_text()), indent=1) + "\n", encoding="utf-8")
    read = json.loads(stored.read_text(encoding="utf-8"))
    (DOCS / "synthesis.md").write_text(page(read), encoding="utf-8")
    draw(read)
