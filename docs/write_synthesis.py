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
GAIN_KEYS = {"gain": "weighed", "gain_as_learnt": "unweighed"}
GAINS = {"oversampled": "#777777", "drawn": "#d98a2b", "synthetic": "#3b6fd4"}


def share(value: float, sign: bool = False) -> str:
    """Return a figure with three digits and no zero before its point."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}") if abs(value) < 1 else text


def interval(values: list[float], sign: bool = False) -> str:
    """Return a figure with its interval."""
    value, low, high = (share(number, sign) for number in values)
    return f"{value} [{low}, {high}]"


def labels(part: dict) -> str:
    """Return how many labels a part is of, and under how many seeds."""
    return f"{part['labels']:,} labels, {part['seeds']} seed{'s' * (part['seeds'] > 1)}"


def added_table(record: dict) -> str:
    """Return what each kind of face adds to each share of the labels."""
    lines = ["| labels | added | weighed | gain | fear | disgust | contempt | unweighed | gain |",
             "|:--|:--|--:|--:|--:|--:|--:|--:|--:|"]
    for part in record["added"]:
        for kind, figures in part["kinds"].items():
            gain, as_learnt = (interval(figures[key], True) if key in figures else "" for key in GAIN_KEYS)
            lines.append(f"| {labels(part)} | {KINDS[kind]} | {interval(figures['balanced_accuracy'])} | {gain} | "
                         + " | ".join(share(recall) for recall in figures["recall"].values())
                         + f" | {interval(figures['as_learnt'])} | {as_learnt} |")
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


def verdicts(record: dict) -> str:
    """Return what faces buy beyond a repetition of the real ones, and where the interval leaves 0 out."""
    lines = []
    for kind in ("drawn", "synthetic"):
        gains = [part["kinds"][kind]["over_oversampled_as_learnt"] for part in record["added"]]
        sure = sum(low > 0 or high < 0 for _, low, high in gains)
        lines.append(f"- {KINDS[kind][0].upper()}{KINDS[kind][1:]} over as many of the same faces again, unweighed:\n"
                     f"  {', '.join(interval(gain, True) for gain in gains)}; {sure} of {len(gains)} leave 0 out.")
    return "\n".join(lines)


def page(record: dict) -> str:
    """Return the page."""
    drawn, looks = record["on_drawn_faces"], record["looks"]
    emotion, worst = max(drawn["emotions"].items(), key=lambda pair: pair[1]["pixels"])
    above = [name for name, left in drawn["emotions"].items() if left["pixels_worst"] >= 1]
    some = f"Of {' and '.join(above)} at least one person comes no nearer." if above else "Everybody comes nearer."
    is_best = all(part["kinds"]["nothing"]["balanced_accuracy"][0] >= figures["as_learnt"][0]
                  for part in record["added"] for figures in part["kinds"].values())
    weighing = " here, for every number of labels" if is_best else ", though not for every number of labels"
    of, identity = f"{looks['labels']:,} labels", looks["identity"]
    distance = f"{identity['own_distance'] / identity['distance']:.2f}"
    return f"""# Faces that nobody photographed

`02_synthesize.py` gives neutral photographs another expression: the mesh moves as the donors of a class differ from
neutral faces on average, and a little as the donor differs from its class; skin darkens where theirs is creased. Drawn
faces (`draw:`) have labels by construction. What either is worth was measured on {record["scored"]:,} held-out faces of
FER+, chance {share(record["chance"])}: balanced accuracy of a logistic regression on landmark features, *weighed* as if
emotions were equally common among what is learnt, and *unweighed*, as it answers. Added are at most
{record["per_class"]} faces of each emotion but neutral, equally many of each kind. Figures are means over seeds;
intervals are of the scored faces; beside emotions are their recalls, weighed.

![Gain in balanced accuracy by each kind of face that is added, for each number of labels](synthesis.svg)

{added_table(record)}

{verdicts(record)}

**Weigh the answers first.** That needs no face, and is worth more than any that is added{weighing}.
Faces that are added make rare emotions common: where nothing is weighed they stand in for it. Synthetic faces are made
of the same labels and cost no other; drawn ones cost none. The published method's gains are not known to us.

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
- A face takes {drawn["cpu_ms"]:.0f} ms of CPU beside the passes of the landmark network.

## What failed, and what was not tried

- The first version moved the mesh by blendshapes alone: frowns and pressed lips hardly moved, because a landmark model
  moves their points more than its numbers. Means of meshes, and creases, mended that.
- A mouth that opens shows a donor's interior, pale if the donor is gray; heads that are turned are left out.
- Nothing of this was measured with classifiers of pixels, nor with donors chosen by valence and arousal.

## To run it again

    .venv/bin/python benchmarks/synthesis.py FERPLUS DRAWN WORK > record.json
    .venv/bin/python docs/write_synthesis.py record.json

`pipelines/recipes/synthesis.yaml` runs rows of the same kind through the stages, classifiers of pixels among them.
"""


def draw(record: dict) -> None:
    """Write the figure: gains with their intervals, a group a number of labels."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    figure, panels = plt.subplots(1, 2, figsize=(7.2, 0.7 + 0.8 * len(record["added"])), layout="constrained",
                                  sharex=True, sharey=True)
    for axes, key in zip(panels, GAIN_KEYS, strict=True):
        for place, part in enumerate(record["added"]):
            for step, (kind, tint) in enumerate(GAINS.items()):
                value, low, high = part["kinds"][kind][key]
                height = place + 0.24 * (step - 1)
                axes.plot([low, high], [height, height], color=tint, alpha=0.4, linewidth=5, solid_capstyle="butt")
                label = KINDS[kind] if not place and axes is panels[0] else None
                axes.plot(value, height, "o", color=tint, markersize=5, label=label)
        axes.axvline(0, color="#666666", linewidth=1, linestyle=":")
        axes.set_yticks(range(len(record["added"])), [f"{part['labels']:,} labels" for part in record["added"]])
        axes.set_ylim(len(record["added"]) - 0.5, -0.5)
        axes.locator_params(axis="x", nbins=4)
        axes.set_title(GAIN_KEYS[key], loc="left", fontsize=9)
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
