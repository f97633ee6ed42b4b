"""Write ``cost_curve.svg`` and print the tables of ``cost.md``, from the record beside them.

python docs/write_cost_page.py                      of docs/cost_curve.csv
python docs/write_cost_page.py "RUN=at random" …    first add the cost curves of runs to it; RUN is a run's folder, and
                                                    the words say how faces come up that are labelled
"""

import json
import sys
from pathlib import Path

import pandas

from fecemo.evaluation.figures.cost import cost_figure
from fecemo.evaluation.figures.svg import PAGE_COLOURS
from fecemo.evaluation.printed import duration, share
from fecemo.evaluation.results import COLUMNS, Results, read_results

DOCS = Path(__file__).parent
RECORD = DOCS / "cost_curve.csv"
KEPT = ("run", "row", "title", "variant", "variant_title", "stage", "amount", "naming", "metric", "value", "deviation",
        "low", "high", "chance", "human", "n", "seeds", "clusters")
METRICS = ("balanced_accuracy", "person_seconds", "clusters_named", "faces_labelled", "ami")
DRAWS = ("at random", "classes alike often")
"""How the faces come up that are labelled, by the runs in their order."""
ROW = "landmarks_gradients"
"""The row whose figure is drawn."""
SHOWN = 40
"""Acts whose time is printed."""
INK = {"currentColor": "#1a1a1a", "var(--quiet)": "#666666", "var(--hairline)": "#dddddd", "var(--card)": "#ffffff"}


def write_record(runs: list[str]) -> None:
    """Add the cost curves of runs to the record, in place of the same row's for the same ways of spending acts."""
    frames = []
    for run in runs:
        folder, _, draw = run.partition("=")
        if draw not in DRAWS:
            sys.exit(f"{run}: expected RUN={' or RUN='.join(DRAWS)}")
        frames.append(read_results(Path(folder)).query("stage == 'cost_curve'").assign(run=draw))
    new, old = pandas.concat(frames), read_record()
    key = ["run", "row", "naming"]
    old = old[~pandas.MultiIndex.from_frame(old[key]).isin(pandas.MultiIndex.from_frame(new[key]))]
    every = pandas.concat([old, new[new["metric"].isin(METRICS)]])[list(KEPT)]
    # What one rater reaches is a figure of the scored faces, which are the same in all runs.
    right = (every["metric"] == "balanced_accuracy") & (every["n"] == old["n"].max())
    every.loc[right, "human"] = every.loc[right, "human"].fillna(old["human"].max())
    every.sort_values(["run", "row"], kind="stable").round(4).to_csv(RECORD, index=False, lineterminator="\n")


def read_record() -> pandas.DataFrame:
    """Return the record."""
    words = {name: str for name in KEPT if COLUMNS[name][0] == "str"}
    return pandas.read_csv(RECORD, dtype=words, keep_default_na=False,
                           na_values={name: [""] for name in KEPT if name not in words})


def write_figure(record: pandas.DataFrame) -> None:
    """Write the figure of the row that learnt from nobody, on a white ground of its own."""
    shown = record[(record["run"] == DRAWS[0]) & (record["row"] == ROW)]
    text = cost_figure(Results(shown, pandas.DataFrame()))
    for page_colour in PAGE_COLOURS.values():
        text = text.replace(page_colour, INK[page_colour])
    text = text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                        'style="background: #ffffff; font-family: sans-serif" ', 1)
    (DOCS / "cost_curve.svg").write_text(text + "\n", encoding="utf-8")


def print_table(record: pandas.DataFrame, draw: str, row: str) -> None:
    """Print what one row reaches where faces come up in one way; intervals are in the record."""
    curve = record[(record["run"] == draw) & (record["row"] == row) & (record["naming"] != "")]
    right, seconds = (curve[curve["metric"] == metric] for metric in ("balanced_accuracy", "person_seconds"))
    figures, times = (rows.pivot_table(index="naming", columns="amount", values="value", sort=False)
                      for rows in (right, seconds))
    acts = sorted(figures.columns)
    print(f"\n{right['title'].iloc[0]}, faces come up {draw}\n\n| acts are spent on | "
          + " | ".join(f"{int(count):,}" for count in acts) + f" | time of {SHOWN} |\n|:--|"
          + "--:|" * (len(acts) + 1))
    for name in figures.index:
        cells = [share(value) if pandas.notna(value) else "" for value in figures.loc[name, acts]]
        spent = times.loc[name].get(SHOWN)
        print(f"| {name} | {' | '.join(cells)} | {duration(spent) if pandas.notna(spent) else ''} |")
    for count in acts:
        best = right[right["amount"] == count].sort_values("value").iloc[-1]
        print(f"best after {int(count):,}: {best['naming']}, {share(best['value'])} [{share(best['low'])}, "
              f"{share(best['high'])}]")
    ami = record[(record["run"] == draw) & (record["row"] == row) & (record["metric"] == "ami")]
    print(f"AMI of 8 clusters {share(ami['value'].iloc[0])}; {int(right['n'].iloc[0]):,} faces scored; one rater "
          f"{share(right['human'].max())}")


def print_rows(record: pandas.DataFrame) -> None:
    """Print what each row's vectors reach, where faces come up at random."""
    of_draw = record[record["run"] == DRAWS[0]]
    right, ami = (of_draw[of_draw["metric"] == metric] for metric in ("balanced_accuracy", "ami"))
    agreement = dict(zip(ami["title"], ami["value"], strict=True))
    table = right.pivot_table(index=["title", "naming"], columns="amount", values="value", sort=False)
    print("\n| vectors | AMI, k = 8 | acts are spent on | 8 | 40 | 160 |\n|:--|--:|:--|--:|--:|--:|")
    for (title, naming), values in table.iterrows():
        if "self-training" in naming or naming in ("clusters, a look each (simulated)", "labels of faces at random"):
            print(f"| {title} | {share(agreement[title])} | {naming} | "
                  f"{' | '.join(share(values[count]) for count in (8, 40, 160))} |")


def print_pixels() -> None:
    """Print how near an encoder of pixels alone comes to the landmark features that it learnt, by real_faces.json.

    Clusters are named by five labels each there.
    """
    rows = json.loads((DOCS / "real_faces.json").read_text(encoding="utf-8"))["rows"]
    print("\n| vectors | AMI, k = 8 | named, k = 8 | named, k = 100 | all labels |\n|:--|--:|--:|--:|--:|")
    for key in ("landmark_features/gray", "landmark_encoder/gray"):
        row = rows[key]
        named = (row["answers"][f"{count} labels_per_cluster"]["mean"] for count in (8, 100))
        print(f"| {row['title']} | {' | '.join(map(share, (row['groups']['8']['ami'], *named, row['probe'])))} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_record(sys.argv[1:])
    read = read_record()
    write_figure(read)
    print_rows(read)
    print_pixels()
    for way in DRAWS:
        for key in dict.fromkeys(read.loc[read["run"] == way, "row"]):
            print_table(read, way, key)
