"""Write ``sets_compared.md``'s tables, its record ``sets_compared.json`` and its figure ``composition.svg`` from runs.

    python docs/write_sets_compared.py --compared DIR --composed TITLE=DIR TITLE=DIR --copies TITLE=DIR --tools RUN

DIR is what ``11_compare_sets.py``, ``17_composition.py`` and ``18_find_copies.py`` wrote, RUN a run of
``cross_tool.yaml``, or of some of its rows. What is not named or run stays as it is in the record; rows that
never were run are named beneath the table.
"""

import argparse
import json
from pathlib import Path

from fecemo.data.receipts import require_receipt
from fecemo.evaluation.cell_metric import read_records
from fecemo.evaluation.composition import TITLES, read_composition
from fecemo.evaluation.records.score import SCORE
from fecemo.study.cell import resolve
from fecemo.study.layout import RunLayout
from fecemo.study.recipe_file import read_recipe

DOCS = Path(__file__).parent
PAGE, RECORD = DOCS / "sets_compared.md", DOCS / "sets_compared.json"
RECIPE = DOCS.parent / "pipelines" / "recipes" / "cross_tool.yaml"
VARIANT = "gray"
FEWEST_SHARES = 5
"""Of a study in the figure."""
GAINS = ("macro_f1", "parity_ratio", "total_variation", "equalised_odds")
"""Figures of a composition that the page shows."""


def similarity_record(folder: Path) -> dict:
    """Return Local, Global and Paired similarity, and a distance that needs no label."""
    stored = json.loads((folder / "compare_sets.json").read_text(encoding="utf-8"))
    folds = stored["folds"]
    return {"sets": stored["sets"], "faces": folds["faces"], "learner": folds["learner"], "folds": folds["n_folds"],
            "local": folds["local"], "global": folds["global_"], "paired": folds["paired"],
            "frechet": stored["metrics"].get("frechet")}


def composition_record(folder: Path) -> dict:
    """Return how groups fare at each share, and what balance gains."""
    study = read_composition(folder)
    return {"focus": study.focus, "learner": study.learner, "size": study.size, "draws": study.seeds,
            "groups": study.groups, "shares": study.shares,
            "by_group": {name: [[f.value, f.low, f.high] for f in figures] for name, figures in study.by_group.items()},
            "gains": {name: [getattr(study.gains[name], end) for end in ("value", "low", "high")] for name in GAINS}}


def tools_record(run: Path, earlier: dict) -> dict:
    """Return the score of every row of the recipe that was run, now or earlier, with what it learnt from."""
    recipe, layout = read_recipe(RECIPE), RunLayout(run)
    rows, human = {}, earlier.get("human")
    for row in recipe.approaches:
        folder = layout.score(row, VARIANT)
        if not (folder / "score.json").is_file():
            if row in earlier.get("rows", {}):
                rows[row] = earlier["rows"][row]
            continue
        score, cell = SCORE.read(folder), resolve(recipe, row, VARIANT)
        interval = score.intervals["balanced_accuracy"]
        encoder = cell.model if cell.embeddings_from is None else resolve(recipe, cell.embeddings_from, VARIANT).model
        rows[row] = {"title": score.approach_title, "trained_on": getattr(encoder, "trained_on", ""),
                     "in_sample": getattr(encoder, "in_sample", False), "labels": score.labels_used.training,
                     "naming": score.labels_used.naming,
                     "balanced_accuracy": score.balanced_accuracy, "low": interval.low, "high": interval.high,
                     "accuracy": score.accuracy, "n": score.n_scored}
        truth = read_records(folder).get("soft_truth")
        if truth is not None and truth.human is not None:
            human = {"accuracy": truth.human.rater_accuracy, "balanced_accuracy": truth.human.rater_balanced_accuracy}
    return {"rows": rows, "human": human,
            "not_run": [recipe.title_of(row) for row in recipe.approaches if row not in rows]}


def figure(value: float, sign: bool = False) -> str:
    """Return a figure with three digits and no zero before its point."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return text.replace("0.", ".", 1).replace("-", "\N{MINUS SIGN}")


def similarity_table(record: dict) -> str:
    """Return the matrix of Paired similarity with Local and Global beside it."""
    met = " | ".join(f"Paired: {name}" for name in record["sets"])
    lines = [f"| learnt from | faces | Local | Global | {met} |",
             "|:--|--:|--:|--:|" + "--:|" * len(record["sets"])]
    for at, name in enumerate(record["sets"]):
        lines.append(f"| {name} | {record['faces'][at]:,} | {figure(record['local'][at])} | "
                     f"{figure(record['global'][at])} | "
                     + " | ".join(f"{value:.2f}".removeprefix("0") for value in record["paired"][at]) + " |")
    return "\n".join(lines)


def composition_table(records: dict[str, dict]) -> str:
    """Return what balance gains over the two most lopsided shares."""
    lines = ["| faces | group | learnt each time | learner | " + " | ".join(TITLES[name] for name in GAINS) + " |",
             "|:--|:--|--:|:--|" + "--:|" * len(GAINS)]
    for title, record in records.items():
        gains = (f"{figure(value, True)} [{figure(low, True)}, {figure(high, True)}]"
                 for value, low, high in (record["gains"][name] for name in GAINS))
        lines.append(f"| {title} | {record['focus']} | {record['size']:,} × {record['draws']} | {record['learner']} | "
                     + " | ".join(gains) + " |")
    return "\n".join(lines)


def copies_table(record: dict) -> str:
    """Return how many faces of each set are copies, and by what they were found."""
    return "\n".join(["| set | faces | copies by hash | further by embedding | groups across splits |",
                      "|:--|--:|--:|--:|--:|",
                      *(f"| {title} | {of['faces']:,} | {of['left_out'] - of['by_embedding']:,} | "
                        f"{of['by_embedding']:,} | {of['across splits']:,} |" for title, of in record.items())])


def tools_table(record: dict) -> str:
    """Return every tool's score on the same faces."""
    lines = ["| tool | learnt from | in sample | balanced accuracy | accuracy |", "|:--|:--|:--|--:|--:|"]
    for row in record["rows"].values():
        source = "; ".join(part for part in (
            row["trained_on"], f"{row['labels']:,} labels of FER+" if row["labels"] else "",
            f"{row['naming']} labels name clusters" if row.get("naming") else "") if part)
        lines.append(f"| {row['title']} | {source} | {'perhaps' if row['in_sample'] else 'no'} | "
                     f"{figure(row['balanced_accuracy'])} [{figure(row['low'])}, {figure(row['high'])}] | "
                     f"{figure(row['accuracy'])} |")
    if record["human"]:
        lines.append(f"| One rater against the others |  |  | {figure(record['human']['balanced_accuracy'])} | "
                     f"{figure(record['human']['accuracy'])} |")
    return "\n".join([*lines, *(["", f"Not run: {'; '.join(record['not_run'])}."] if record["not_run"] else [])])


TABLES = {"similarity": similarity_table, "composition": composition_table, "copies": copies_table,
          "tools": tools_table}


def draw(records: dict[str, dict]) -> None:
    """Write the figure: macro F1 of each group against the share of the focus, a panel a study of five shares."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update({"svg.hashsalt": "fecemo", "font.size": 9, "svg.fonttype": "none"})
    records = {title: record for title, record in records.items() if len(record["shares"]) >= FEWEST_SHARES}
    picture, panels = plt.subplots(1, len(records), figsize=(2.7 * len(records), 2.6), layout="constrained",
                                   squeeze=False)
    for axes, (title, record) in zip(panels[0], records.items(), strict=True):
        for tint, (name, figures) in zip(("#3b6fd4", "#c4611a", "#4c8c4a", "#777777"), record["by_group"].items(),
                                         strict=False):
            values, low, high = zip(*figures, strict=True)
            axes.fill_between(record["shares"], low, high, color=tint, alpha=0.15, linewidth=0)
            axes.plot(record["shares"], values, "o-", color=tint, markersize=4, linewidth=1.5, label=name)
        axes.set_title(title, loc="left", fontsize=8)
        axes.set_xlabel(f"share of {record['focus']}", fontsize=8)
        axes.set_xticks(record["shares"])
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[0][0].set_ylabel("macro F1 of the group", fontsize=8)
    picture.savefig(DOCS / "composition.svg", metadata={"Date": None}, facecolor="white")


def written(text: str, record: dict) -> str:
    """Return the page with the tables of a record."""
    for name, table in TABLES.items():
        if name in record:
            before, _, rest = text.partition(f"<!-- {name} -->\n")
            text = f"{before}<!-- {name} -->\n{table(record[name])}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return text


def main() -> None:
    """Read what is named, and put it into the record and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compared", type=Path)
    parser.add_argument("--composed", nargs="*", default=[])
    parser.add_argument("--copies", nargs="*", default=[])
    parser.add_argument("--tools", type=Path)
    arguments = parser.parse_args()
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if arguments.compared:
        record["similarity"] = similarity_record(arguments.compared)
    for title, _, folder in (part.partition("=") for part in arguments.composed):
        record.setdefault("composition", {})[title] = composition_record(Path(folder))
    for title, _, folder in (part.partition("=") for part in arguments.copies):
        receipt = require_receipt(Path(folder), "find_copies")
        record.setdefault("copies", {})[title] = receipt.summary
    if arguments.tools:
        record["tools"] = tools_record(arguments.tools, record.get("tools", {}))
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), record), encoding="utf-8")
    if "composition" in record:
        draw(record["composition"])


if __name__ == "__main__":
    main()
