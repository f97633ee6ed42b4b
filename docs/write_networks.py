"""Write the tables of ``networks.md``, its record ``networks.json`` and its figure ``networks.svg`` from two runs.

    python docs/write_networks.py RUN_OF_NETWORKS_FIFTH RUN_OF_NETWORKS_SMALL

Rows that have not been run are left out and named beneath the table. Gains are of balanced accuracy over a row of equal
faces, epochs and labels, with the interval of a paired bootstrap over the scored faces, which knows of no other seed.
"""

import json
import re
import sys
from pathlib import Path

from fecemo.evaluation.cell_metric import read_records
from fecemo.evaluation.metrics.intervals import paired_differences
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.settings import Resampling
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

DOCS = Path(__file__).parent
RECIPES = DOCS.parent / "pipelines" / "recipes"
RUNS = {"networks_fifth": "A fifth of FER+", "networks_small": "Drawn faces"}
VARIANT = "gray"
PLAIN, OVER = "plain", {"attention_wrong": "plain_wrong", "levels_ema": "levels_sum"}
"""The row over which gains are counted, and other rows for those that differ from it in more than they add."""
RESAMPLES = 2000


def record_of(name: str, run: Path) -> dict[str, object]:
    """Return what a run says of each row of its recipe, and the rows that were not run."""
    recipe, layout = read_recipe(RECIPES / f"{name}.yaml"), RunLayout(run)
    folders = {row: layout.score(row, VARIANT) for row in recipe.approaches}
    there = {row: folder for row, folder in folders.items() if (folder / "score.json").is_file()}
    scores = {row: SCORE.read(folder) for row, folder in there.items()}
    answers = {row: read_predictions(folder, scores[row].emotions) for row, folder in there.items()}
    rows = {}
    for row, score in scores.items():
        priors, over = read_records(there[row]).get("priors"), OVER.get(row, PLAIN)
        interval = score.intervals["balanced_accuracy"]
        rows[row] = {"title": score.approach_title, "balanced_accuracy": score.balanced_accuracy,
                     "low": interval.low, "high": interval.high, "accuracy": score.accuracy, "n": score.n_scored,
                     "accuracy_as_in_train": None if priors is None else priors.as_in_train.accuracy,
                     "train_seconds": score.seconds.train}
        if over in scores and over != row:
            gain = paired_differences(answers[row].truth, answers[row].prediction, answers[over].prediction,
                                      score.emotions, Resampling(RESAMPLES, 0.95, recipe.seed))["balanced_accuracy"]
            rows[row] |= {"over": over, "gain": gain.value, "gain_low": gain.low, "gain_high": gain.high}
    first = next(iter(scores.values()))
    truth = read_records(next(iter(there.values()))).get("soft_truth")
    human = None if truth is None or truth.human is None else {
        "accuracy": truth.human.rater_accuracy, "balanced_accuracy": truth.human.rater_balanced_accuracy}
    return {"labels": first.labels_used.training, "n": first.n_scored, "chance": 1 / first.n_emotions, "human": human,
            "rows": rows, "not_run": [recipe.title_of(row) for row in recipe.approaches if row not in rows]}


def share(value: float, sign: bool = False) -> str:
    """Return a figure with three digits and no zero before its point."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}")


def table(record: dict) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| row | balanced accuracy | gain | over | accuracy | as in train |", "|:--|--:|--:|:--|--:|--:|"]
    for figures in record["rows"].values():
        gain = over = ""
        if "gain" in figures:
            gain = (f"{share(figures['gain'], True)} [{share(figures['gain_low'], True)}, "
                    f"{share(figures['gain_high'], True)}]")
            over = record["rows"][figures["over"]]["title"]
        lines.append(f"| {figures['title']} | {share(figures['balanced_accuracy'])} [{share(figures['low'])}, "
                     f"{share(figures['high'])}] | {gain} | {over} | {share(figures['accuracy'])} | "
                     f"{share(figures['accuracy_as_in_train'])} |")
    if record["not_run"]:
        lines += ["", f"Not run: {'; '.join(record['not_run'])}."]
    return "\n".join(lines)


def draw(records: dict[str, dict]) -> None:
    """Write the figure: gains with their intervals, a panel a run."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    gains = {name: [row for row in record["rows"].values() if "gain" in row] for name, record in records.items()}
    figure, panels = plt.subplots(len(gains), 1, figsize=(7.2, 1.4 + 0.32 * sum(map(len, gains.values()))),
                                  height_ratios=[max(1, len(rows)) for rows in gains.values()], layout="constrained")
    for axes, (name, rows) in zip(panels, gains.items(), strict=True):
        for place, row in enumerate(rows):
            sure = row["gain_low"] > 0 or row["gain_high"] < 0
            tint = "#3b6fd4" if sure else "#777777"
            axes.plot([row["gain_low"], row["gain_high"]], [place, place], color=tint, alpha=0.4, linewidth=5,
                      solid_capstyle="butt")
            axes.plot(row["gain"], place, "o", color=tint, markersize=5)
        axes.axvline(0, color="#666666", linewidth=1, linestyle=":")
        axes.set_yticks(range(len(rows)), [row["title"] for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(RUNS[name], loc="left", fontsize=9)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    panels[-1].set_xlabel("gain in balanced accuracy; blue: the interval leaves 0 out", fontsize=8)
    figure.savefig(DOCS / "networks.svg", metadata={"Date": None}, facecolor="white")


def main(*runs: str) -> None:
    """Read the runs, and put what they say into the page."""
    records = {name: record_of(name, Path(run)) for name, run in zip(RUNS, runs, strict=True)}
    (DOCS / "networks.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    page = DOCS / "networks.md"
    text = page.read_text(encoding="utf-8")
    for name, record in records.items():
        text = re.sub(rf"(?s)(<!-- {name} -->\n).*?(<!-- end -->)",
                      lambda match, record=record: f"{match[1]}{table(record)}\n{match[2]}", text)
    page.write_text(text, encoding="utf-8")
    draw(records)


if __name__ == "__main__":
    main(*sys.argv[1:])
