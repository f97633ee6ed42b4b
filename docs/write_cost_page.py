"""Write ``cost_curve.svg`` and print the tables of ``cost.md``, from the record beside them.

python docs/write_cost_page.py                            of docs/cost_curve.csv
python docs/write_cost_page.py RANDOM_RUN BALANCED_RUN    first write that file, of two runs' results.csv
python docs/write_cost_page.py RANDOM_RUN BALANCED_RUN RANDOM_RUN    and of another with further strategies
"""

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
SHOWN = 40
"""Acts whose time is printed."""
INK = {"currentColor": "#1a1a1a", "var(--quiet)": "#666666", "var(--hairline)": "#dddddd", "var(--card)": "#ffffff"}


def write_record(runs: list[Path]) -> None:
    """Write the cost curves of two runs into one file, with those of a further one of the first kind."""
    frames = [read_results(run).query("stage == 'cost_curve'").assign(run=draw)
              for run, draw in zip(runs, (*DRAWS, DRAWS[0]), strict=False)]
    frames[2:] = [frame[frame["metric"] != "ami"] for frame in frames[2:]]
    every = pandas.concat(frames)
    every[every["metric"].isin(METRICS)][list(KEPT)].round(4).to_csv(RECORD, index=False, lineterminator="\n")


def write_figure(record: pandas.DataFrame) -> None:
    """Write the figure of the first run, on a white ground of its own."""
    text = cost_figure(Results(record[record["run"] == DRAWS[0]], pandas.DataFrame()))
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


if __name__ == "__main__":
    if len(sys.argv) in (3, 4):
        write_record([Path(argument) for argument in sys.argv[1:]])
    read = pandas.read_csv(RECORD, dtype={name: str for name in KEPT if COLUMNS[name][0] == "str"},
                           keep_default_na=False, na_values={name: [""] for name in KEPT if COLUMNS[name][0] != "str"})
    write_figure(read)
    for way in DRAWS:
        for key in dict.fromkeys(read["row"]):
            print_table(read, way, key)
