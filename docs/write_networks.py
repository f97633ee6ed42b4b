"""Write the tables of ``networks.md``, its record ``networks.json`` and its figures from finished runs.

    python docs/write_networks.py networks_all=RUN networks_fifth=RUN another_fifth=RUN third_fifth=RUN

and so on for further runs. Of a run that is not named, what ``networks.json`` holds stays. Rows that have not been run
are left out and named beneath the table. Gains are of balanced accuracy over a row of equal faces, epochs and labels
under the same seed. Of three seeds or more they have Student's interval of the mean over seeds; of fewer, that of a
paired bootstrap over the scored faces under the first seed, which knows of no other.
"""

import json
import re
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scipy.stats import t

from fecemo.data.dataset import Dataset
from fecemo.evaluation.cell_metric import read_records
from fecemo.evaluation.metrics.intervals import paired_differences
from fecemo.evaluation.records.predictions import read_predictions
from fecemo.evaluation.records.score import SCORE
from fecemo.evaluation.settings import Resampling
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

DOCS = Path(__file__).parent
RECIPES = DOCS.parent / "pipelines" / "recipes"
RUNS = {"networks_all": ("networks_all", "All labels of FER+, one seed"),
        "networks_fifth": ("networks_fifth", "A fifth of FER+"),
        "another_fifth": ("networks_fifth", "Another fifth of FER+, one seed"),
        "third_fifth": ("networks_fifth", "A third fifth of FER+"),
        "networks_small": ("networks_small", "Drawn faces, one seed")}
"""Runs by name: their recipe, and what the figure calls them."""
FOLDED = ("another_fifth",)
"""Runs of one training a row whose table the page folds, and its figures leave out."""
VARIANT = "gray"
PLAIN, OVER = "plain", {"attention_wrong": "plain_wrong", "levels_ema": "levels_sum",
                        "ensemble": "landmarks_dropout", "ensemble_landmarks": "landmarks_dropout",
                        "landmarks_consistency": "landmarks_dropout"}
"""The row over which gains are counted, and other rows for those that differ from it in more than they add."""
RESAMPLES = 2000
BLUE, GRAY = "#3b6fd4", "#777777"


def record_of(name: str, run: Path) -> dict[str, object]:
    """Return what a run says of each row of its recipe under every seed, and the rows that were not run."""
    recipe, home = read_recipe(RECIPES / f"{RUNS[name][0]}.yaml"), RunLayout(run)
    layouts = [home, *map(home.of_seed, recipe.seeds)]
    folders = {row: {layout.seed: folder for layout in layouts
                     if ((folder := layout.score(row, VARIANT)) / "score.json").is_file()} for row in recipe.approaches}
    scores = {row: {seed: SCORE.read(folder) for seed, folder in made.items()} for row, made in folders.items() if made}
    rows = {row: {"title": recipe.title_of(row), "seeds": len(made), "n": next(iter(made.values())).n_scored,
                  "balanced_accuracy": mean(score.balanced_accuracy for score in made.values()),
                  "of_each_seed": [score.balanced_accuracy for score in made.values()],
                  **range_of(list(made.values())),
                  "accuracy": mean(score.accuracy for score in made.values()),
                  "accuracy_as_in_train": mean(read_records(folder)["priors"].as_in_train.accuracy
                                               for folder in folders[row].values()),
                  "recall": recall_of(folders[row], made),
                  "train_seconds": mean(score.seconds.train for score in made.values()),
                  **gain_of(row, folders, scores, Resampling(RESAMPLES, 0.95, recipe.seed))}
            for row, made in scores.items()}
    first = scores[PLAIN][None]
    truth = read_records(folders[PLAIN][None]).get("soft_truth")
    human = None if truth is None or truth.human is None else {
        "accuracy": truth.human.rater_accuracy, "balanced_accuracy": truth.human.rater_balanced_accuracy}
    target = Dataset(home.dataset(str(recipe.roles.target)))
    learnt = target["label"][target.learnable_rows("train")]
    return {"labels": first.labels_used.training, "n": first.n_scored, "chance": 1 / first.n_emotions, "human": human,
            "labels_of": {emotion: int((learnt == emotion).sum()) for emotion in first.emotions},
            "rows": rows, "not_run": []}


def name_not_run(records: dict[str, dict]) -> None:
    """Put into the first record of each recipe which of its rows no record holds."""
    for recipe_name in dict(RUNS.values()):
        recipe = read_recipe(RECIPES / f"{recipe_name}.yaml")
        first, *others = [record for name, record in records.items() if RUNS[name][0] == recipe_name]
        known = {row for record in (first, *others) for row in record["rows"]}
        first["not_run"] = [recipe.title_of(row) for row in recipe.approaches if row not in known]
        for record in others:
            record["not_run"] = []


def recall_of(folders: dict, scores: dict) -> dict[str, float]:
    """Return the share of each emotion's scored faces that is answered with it, the mean over seeds."""
    recalls: dict[str, list[float]] = {}
    for seed, folder in folders.items():
        answers = read_predictions(folder, scores[seed].emotions)
        for emotion in answers.emotions:
            answered = answers.prediction[answers.truth == emotion]
            recalls.setdefault(emotion, []).append(float((answered == emotion).mean()))
    return {emotion: mean(values) for emotion, values in recalls.items()}


def range_of(scores: list) -> dict[str, float]:
    """Return between what a row's balanced accuracy lies: over seeds, or of one seed by its scored faces."""
    if len(scores) == 1:
        interval = scores[0].intervals["balanced_accuracy"]
        return {"low": interval.low, "high": interval.high}
    reached = [score.balanced_accuracy for score in scores]
    return {"low": min(reached), "high": max(reached)}


def gain_of(row: str, folders: dict, scores: dict, resampling: Resampling) -> dict[str, object]:
    """Return the gain of a row over the one that it is compared with, seed by seed; nothing where there is none."""
    over = OVER.get(row, PLAIN)
    if row == over or over not in scores:
        return {}
    seeds = [seed for seed in scores[row] if seed in scores[over]]
    gains = [scores[row][seed].balanced_accuracy - scores[over][seed].balanced_accuracy for seed in seeds]
    if len(gains) > 2:
        margin = t.ppf(0.975, len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
        low, high = mean(gains) - margin, mean(gains) + margin
    else:
        emotions = scores[row][seeds[0]].emotions
        answers, others = (read_predictions(folders[name][seeds[0]], emotions) for name in (row, over))
        interval = paired_differences(answers.truth, answers.prediction, others.prediction, emotions,
                                      resampling)["balanced_accuracy"]
        low, high = interval.low, interval.high
    return {"over": over, "gains": gains, "gain": mean(gains), "gain_low": low, "gain_high": high}


def share(value: float, sign: bool = False) -> str:
    """Return a figure with three digits and no zero before its point."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}")


def table(record: dict) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| row | seeds | balanced accuracy | gain | over | accuracy | as in train |",
             "|:--|--:|--:|--:|:--|--:|--:|"]
    for figures in record["rows"].values():
        reached = f"{share(figures['balanced_accuracy'])} [{share(figures['low'])}, {share(figures['high'])}]"
        gain = over = ""
        if "gain" in figures:
            gain = (f"{share(figures['gain'], True)} [{share(figures['gain_low'], True)}, "
                    f"{share(figures['gain_high'], True)}]")
            over = record["rows"][figures["over"]]["title"]
        lines.append(f"| {figures['title']} | {figures['seeds']} | {reached} | {gain} | {over} | "
                     f"{share(figures['accuracy'])} | {share(figures['accuracy_as_in_train'])} |")
    if record["not_run"]:
        lines += ["", f"Not run: {'; '.join(record['not_run'])}."]
    return "\n".join(lines)


def recall_table(record: dict) -> str:
    """Return what share of each emotion each row recognizes, beside how many of its faces were labelled."""
    lines = [["", *record["labels_of"]], [":--", *["--:"] * len(record["labels_of"])],
             ["*labelled faces*", *map(str, record["labels_of"].values())]]
    lines += [[row["title"], *map(share, row["recall"].values())] for row in record["rows"].values()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def draw(records: dict[str, dict]) -> None:
    """Write the figures, a panel a run: gains with their intervals, and what each seed reached."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    records = {name: record for name, record in records.items() if name not in FOLDED}
    gains = {name: [row for row in record["rows"].values() if "gain" in row] for name, record in records.items()}
    figure, panels = panels_of(plt, gains)
    ends = [row[end] for name, rows in gains.items() if records[name]["human"] for row in rows
            for end in ("gain_low", "gain_high")]
    for axes, (name, rows) in zip(panels, gains.items(), strict=True):
        if records[name]["human"]:
            axes.set_xlim(min(ends) - 0.02, max(ends) + 0.02)  # of the same faces: on one scale
        for place, row in enumerate(rows):
            tint = BLUE if row["gain_low"] > 0 or row["gain_high"] < 0 else GRAY
            axes.plot([row["gain_low"], row["gain_high"]], [place, place], color=tint, alpha=0.4, linewidth=5,
                      solid_capstyle="butt")
            axes.plot(row["gains"], [place] * len(row["gains"]), "o", color=tint, markersize=3)
            axes.plot(row["gain"], place, "o", color=tint, markersize=5)
        axes.axvline(0, color="#666666", linewidth=1, linestyle=":")
    figure.supxlabel("gain in balanced accuracy, small: of each seed; blue: without 0", fontsize=8)
    figure.savefig(DOCS / "networks.svg", metadata={"Date": None}, facecolor="white")

    reached = {name: list(record["rows"].values()) for name, record in records.items() if record["human"]}
    figure, panels = panels_of(plt, reached)
    for axes, (name, rows) in zip(panels, reached.items(), strict=True):
        for place, row in enumerate(rows):
            axes.plot(row["of_each_seed"], [place] * len(row["of_each_seed"]), "o", color=BLUE, markersize=4)
        axes.axvline(records[name]["human"]["balanced_accuracy"], color="#666666", linewidth=1, linestyle=":")
        axes.set_xlim(0.125, 0.75)
    figure.supxlabel("balanced accuracy under each seed; dotted: one human rater", fontsize=8)
    figure.savefig(DOCS / "networks_seeds.svg", metadata={"Date": None}, facecolor="white")


def panels_of(plt: Any, rows_of: dict[str, list[dict]]) -> tuple[Any, Any]:
    """Return a figure with a panel a run, a line a row."""
    figure, panels = plt.subplots(len(rows_of), 1, figsize=(7.2, 1.4 + 0.3 * sum(map(len, rows_of.values()))),
                                  height_ratios=[max(1, len(rows)) for rows in rows_of.values()], layout="constrained")
    for axes, (name, rows) in zip(panels, rows_of.items(), strict=True):
        axes.set_yticks(range(len(rows)), [row["title"] for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(RUNS[name][1], loc="left", fontsize=9)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure, panels


def kept_of(stored: dict) -> dict:
    """Return what `write_networks_altered` has put into a record."""
    return {name: stored[name] for name in ("altered",) if name in stored}


def main(*runs: str) -> None:
    """Read the runs, and put what they say into the page."""
    stored = json.loads((DOCS / "networks.json").read_text(encoding="utf-8"))
    named = dict(run.split("=", 1) for run in runs)
    records = {name: {**kept_of(stored.get(name, {})), **record_of(name, Path(named[name]))} if name in named
               else stored[name] for name in RUNS if name in named or name in stored}
    name_not_run(records)
    (DOCS / "networks.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    page = DOCS / "networks.md"
    text = page.read_text(encoding="utf-8")
    for name, record in records.items():
        text = re.sub(rf"(?s)(<!-- {name} -->\n).*?(<!-- end -->)",
                      lambda match, record=record: f"{match[1]}{table(record)}\n{match[2]}", text)
    for record in records.values():
        if "labels_of" in record:
            text = re.sub(r"(?s)(<!-- recall -->\n).*?(<!-- end -->)",
                          lambda match, record=record: f"{match[1]}{recall_table(record)}\n{match[2]}", text)
    page.write_text(text, encoding="utf-8")
    draw(records)


if __name__ == "__main__":
    main(*sys.argv[1:])
