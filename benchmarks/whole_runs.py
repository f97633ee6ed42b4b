"""Where the CPU seconds of a whole run go: into which processes, stages and imports.

    python benchmarks/whole_runs.py             the demo, ten minutes or more
    python benchmarks/whole_runs.py --quick     the demo's rows on few faces, one epoch each: a minute or two
    python benchmarks/whole_runs.py --recipe pipelines/recipes/table2_small.yaml
    python benchmarks/whole_runs.py --recipe RECIPE --config source=LIST target=FOLDER

The recipe runs from nothing, one job at a time, in a folder that goes again. Every Python process of it counts its own
CPU seconds, threads and children included, and how many of them went into its start, into importing each package
(without what that imports of others) and each stage (without imports). Processes of ``cell.py`` are the server that
imports, a fork of it for each cell, and one that waits for each. CPU seconds waver less than those of a clock; other
work on the machine still stretches them. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SHOWN = 12
"""Packages whose imports are listed."""

# Read by every interpreter at its start. `time.process_time` counts the threads of a process, and no other's.
ACCOUNT = '''
import atexit, builtins, functools, importlib.machinery, json, os, resource, sys, time

cost, stack, clock = {"start": time.process_time()}, [], time.process_time
plain_import, load = builtins.__import__, importlib.machinery.SourceFileLoader.exec_module


def enter(name):
    stack.append([name, clock(), 0.0])


def leave():
    name, began, nested = stack.pop()
    took = clock() - began
    cost[name] = cost.get(name, 0.0) + took - nested
    if stack:
        stack[-1][2] += took


def counted_import(name, globals=None, locals=None, fromlist=(), level=0):
    package = name.partition(".")[0] if level == 0 else (globals or {}).get("__package__", "").partition(".")[0]
    if (level == 0 and name in sys.modules and not fromlist) or (stack and stack[-1][0] == "import " + package):
        return plain_import(name, globals, locals, fromlist, level)
    enter("import " + package)
    try:
        return plain_import(name, globals, locals, fromlist, level)
    finally:
        leave()


def counted_stage(name, run):
    @functools.wraps(run)
    def counted(*arguments, **settings):
        enter("stage " + name)
        try:
            return run(*arguments, **settings)
        finally:
            leave()
    return counted


def exec_module(loader, module):
    load(loader, module)
    if module.__name__.startswith("fecemo.stages.") and hasattr(module, "run"):
        module.run = counted_stage(module.__name__.rpartition(".")[2], module.run)


def begin_anew():
    """In a fork, which counts from nothing; what was under way in the other process belongs to that."""
    cost.clear()
    stack.clear()


def write():
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    while stack:
        leave()
    with open(os.path.join(os.environ["ACCOUNT_FOLDER"], str(os.getpid()) + ".json"), "w") as file:
        json.dump({"command": sys.orig_argv, "own": own.ru_utime + own.ru_stime, "peak": own.ru_maxrss / 1024,
                   "children": children.ru_utime + children.ru_stime, "cost": cost, "parent": os.getppid()}, file)


builtins.__import__ = counted_import
importlib.machinery.SourceFileLoader.exec_module = exec_module
atexit.register(write)
os.register_at_fork(after_in_child=begin_anew)
'''


def quick_recipe(folder: Path) -> Path:
    """Write the demo's recipe with few faces, short trainings and one variant."""
    recipe = yaml.safe_load((ROOT / "pipelines" / "recipes" / "demo.yaml").read_text())
    recipe["datasets"]["drawn_photographs"]["draw"]["faces"] = 160
    recipe["datasets"]["drawn_emotions"]["draw"]["faces_per_class"] = 20
    recipe |= {"variants": ["gray"], "map": {"perplexity": 10, "pca_components": 10},
               "naming": {"method": "majority_vote", "sample": 60}}
    for row in recipe["approaches"].values():
        row.pop("overrides", None)
        for phase in row["fit"].values():
            phase["epochs"] = 1
    (folder / "quick.yaml").write_text(yaml.safe_dump(recipe | {"name": "quick"}))
    return folder / "quick.yaml"


def title(command: list[str]) -> str:
    """Return what a process is, by its command."""
    names = [Path(word).name for word in command[1:]]
    script = next((name for name in names if name.endswith(".py")), None)
    return "snakemake" if "snakemake" in names else script or "helpers"


def account(processes: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Add up CPU seconds by kind of process: its start, imports, stages and the rest."""
    kinds: dict[str, Counter[str]] = {}
    # What a stage's helpers took is in the children of the process that waited for them.
    stages = {process["pid"] for process in processes if title(process["command"]) not in ("snakemake", "helpers")}
    for process in processes:
        kind = title(process["command"])
        if kind == "helpers" and process["parent"] in stages:
            continue
        costs = kinds.setdefault(kind, Counter())
        total = process["own"] + (process["children"] if kind != "snakemake" else 0)
        costs["processes"] += 1
        costs["all"] += total
        costs["peak"] = max(costs["peak"], process["peak"])
        for name, seconds in process["cost"].items():
            costs[name] += seconds
        costs["rest"] += total - sum(process["cost"].values())
    return kinds


def named(costs: Counter[str], word: str) -> Counter[str]:
    """Return the costs whose names begin with a word, without it."""
    return Counter({name.removeprefix(word): took for name, took in costs.items() if name.startswith(word)})


def main() -> None:
    """Run a recipe and print where its seconds went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", type=Path, default=ROOT / "pipelines" / "recipes" / "demo.yaml")
    parser.add_argument("--quick", action="store_true", help="few faces and epochs")
    parser.add_argument("--config", nargs="+", default=[], help="further words of Snakemake's --config")
    parser.add_argument("--folder", help="for the run, which goes again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(ACCOUNT)
        (folder / "processes").mkdir()
        recipe = quick_recipe(folder) if arguments.quick else arguments.recipe
        environment = os.environ | {"ACCOUNT_FOLDER": str(folder / "processes"), "PYTHONPATH": os.pathsep.join(
            [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])}
        subprocess.run([sys.executable, "-m", "snakemake", "-s", str(ROOT / "pipelines" / "Snakefile"), "--cores", "1",
                        "--directory", str(ROOT), "--config", f"recipe={recipe}", f"run={folder / 'run'}",
                        *arguments.config], env=environment, check=True, stdout=sys.stderr)
        processes = [json.loads(path.read_text()) | {"pid": int(path.stem)} for path in
                     sorted((folder / "processes").glob("*.json"))]
    kinds = account(processes)
    total = sum(costs["all"] for costs in kinds.values())
    imports, stages = (sum((named(costs, word) for costs in kinds.values()), Counter[str]())
                       for word in ("import ", "stage "))
    print(f"{recipe.name}: {total:.0f} CPU s in {len(processes)} processes")
    print(f"{'process':24} {'n':>3} {'CPU s':>7} {'start':>6} {'imports':>7} {'stages':>7} {'rest':>6} {'MiB':>6}")
    for kind, costs in sorted(kinds.items(), key=lambda item: -item[1]["all"]):
        imported, staged = (named(costs, word).total() for word in ("import ", "stage "))
        print(f"{kind:24} {costs['processes']:3} {costs['all']:7.1f} {costs['start']:6.1f} {imported:7.1f} "
              f"{staged:7.1f} {costs['rest']:6.1f} {costs['peak']:6.0f}")
    for heading, counted in (("stage, without imports", stages), ("import, without what it imports", imports)):
        print(f"{heading:32} CPU s  share")
        for name, took in counted.most_common(SHOWN):
            print(f"  {name:30} {took:5.1f}  {took / total:.3f}")
    print(json.dumps({"benchmark": "whole_runs", "recipe": recipe.name, "cpu_seconds": round(total, 1),
                      "processes": {kind: {name: round(took, 2) for name, took in costs.items() if took >= 0.05}
                                    for kind, costs in kinds.items()},
                      "stages": {name: round(took, 2) for name, took in stages.most_common()},
                      "imports": {name: round(took, 2) for name, took in imports.most_common(SHOWN)}}))


if __name__ == "__main__":
    main()
