"""The card of an exported model: what it learnt from, how good it is, and what it must not be used for."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fecemo.errors import StoredStateError
from fecemo.evaluation.results import MEASURED, read_results
from fecemo.stages.exported_model import NOTICE
from fecemo.stages.run_readout import RunReadout
from fecemo.stages.tables.report_facts import STATED, statement_of
from fecemo.study.artifact_kinds import OF_ROW
from fecemo.study.recipe_file import read_recipe
from fecemo.version import __version__

CARD_NAMES = ("model_card.md", "model_card.json")
METRICS = ("balanced_accuracy", "accuracy", "macro_f1")
NOT_STATED = "not stated"
OF_DATASET = f"dataset{OF_ROW}"
MISUSE = (NOTICE,
          "In the EU, inform the people whose faces are analysed (AI Act, article 50); inferring emotions at work and "
          "in schools is forbidden there (article 5).",
          "Faces unlike those that it learnt from, by age, skin tone, camera or culture, may get wrong names more "
          "often; measure on your own before you rely on it.")


@dataclass(frozen=True)
class Check:
    """How a file's answers differ from Keras's."""

    form: str
    file: str
    n_bytes: int
    sha256: str
    n: int  #: Faces.
    gap: float  #: Largest difference of a probability.
    #: Largest difference of the embedding, as a fraction of its largest number, or of 1 where that is smaller.
    spread: float
    same: float  #: Share of faces that get the same name.


def card_document(readout: RunReadout, recipe: Path | None, checks: list[Check], int8: dict[str, Any] | None,
                  shapes: dict[str, list[int | None]], opset: int) -> dict[str, Any]:
    """Return the card as JSON values; ``shapes`` are those of what enters, without the number of faces."""
    calibration, names = readout.calibration, readout.names
    study = None if recipe is None else read_recipe(recipe)
    learnt = sorted({name.removeprefix(OF_DATASET) for model in readout.models.values() for name in model.inputs
                     if name.startswith(OF_DATASET)})
    roles = readout.run.roles(*readout.where)
    statements = {}
    for name in dict.fromkeys((*learnt, *roles.values())):
        stated = statement_of(study, name) if study is not None and name in study.datasets else None
        statements[name] = {"learnt_from": name in learnt, **{
            field: (getattr(stated, field) or NOT_STATED) if stated else NOT_STATED for field in STATED.values()}}
    return {
        "format": "fecemo.model_card/1", "fecemo": __version__, "row": readout.where[0], "variant": readout.where[1],
        "approach": readout.encoder.approach.title, "run": readout.digest, "opset": opset, "inputs": shapes,
        "labels": list(readout.classes), "named_by": names.method if names else "classifier",
        "clusters": dict(names.names) if names else {},
        "calibration": {"temperature": calibration.temperature, "labels": calibration.n_labelled,
                        "error": calibration.error},
        "data": statements, "figures": _figures(readout), "files": [asdict(check) for check in checks], "int8": int8,
        "not_for": list(MISUSE),
    }


def _figures(readout: RunReadout) -> list[dict[str, Any]]:
    """Return the row's figures of its classes as the results have them; none where no table was made."""
    try:
        results = read_results(readout.run.folder)
    except StoredStateError:
        return []
    row, variant = readout.where
    chosen = results[(results["row"] == row) & (results["variant"] == variant) & results["metric"].isin(METRICS)
                     & (results["class"] == "") & (results["state"] == MEASURED) & (results["setting"] == "")
                     & results["value"].notna()]
    columns = ("metric", "value", "low", "high", "chance", "n", "labels_used", "dataset", "scored_on", "supervision",
               "naming", "seed", "digest")
    return [{name: None if line[name] != line[name] else getattr(line[name], "item", lambda value=line[name]: value)()
             for name in columns} for line in chosen.to_dict("records")]


def card_text(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    lines = [f"# {card['approach']}, {card['variant']}", "", card["not_for"][0], "",
             "## What it says", "", f"Labels: {', '.join(card['labels'])}."]
    calibration = card["calibration"]
    lines += [f"Probabilities are calibrated on {calibration['labels']} labelled faces (expected calibration error "
              f"{calibration['error']:.3f})." if calibration["labels"] else
              "Probabilities are not calibrated: there were too few labelled faces that did nothing else.",
              f"Named by: {card['named_by'].replace('_', ' ')}."]
    lines += ["", "## What enters", ""]
    lines += [f"- `{name}`: {'uint8, RGB, a face of any size' if name == 'image' else 'numbers'}, of shape "
              f"({', '.join(['n', *('any' if size is None else str(size) for size in shape)])})"
              for name, shape in card["inputs"].items()]
    lines += ["", "## How good it is", ""]
    if card["figures"]:
        lines += _heading("metric", "value", "interval", "chance", "faces", "labels used", "scored on")
        lines += [f"| {figure['metric'].replace('_', ' ')} | {_number(figure['value'])} | {_number(figure['low'])} to "
                  f"{_number(figure['high'])} | {_number(figure['chance'])} | {figure['n']} | {figure['labels_used']} "
                  f"| {figure['dataset']}: {figure['scored_on']} |" for figure in card["figures"]]
        lines += ["", f"Learnt from: {card['figures'][0]['supervision']}."]
    else:
        lines += ["Not measured: the run has no results."]
    lines += ["", "## Data", ""]
    for name, stated in card["data"].items():
        lines += [f"- **{name}** ({'learnt from' if stated['learnt_from'] else 'not learnt from'}): origin "
                  f"{stated['origin']}; licence {stated['licence']}; people {stated['people']}"]
    lines += ["", "## Files", "", *_heading("file", "kB", "faces checked", "same name as Keras",
                                            "probabilities differ by", "sha256")]
    lines += [f"| {file['file']} | {file['n_bytes'] / 1000:.1f} | {file['n']} | {file['same']:.3f} | "
              f"{file['gap']:.1e} | {file['sha256']} |" for file in card["files"]]
    if loss := card["int8"]:
        lines += ["", f"Balanced accuracy on {loss['n']} labelled faces ({loss['split']}): {loss['onnx']:.4f} in "
                  f"model.onnx, {loss['int8']:.4f} in model.int8.onnx."]
    lines += ["", "## What it must not be used for", "", *(f"- {words}" for words in card["not_for"]), "",
              f"Run {card['run']}, written by fecemo {card['fecemo']}.", ""]
    return "\n".join(lines)


def _heading(*words: str) -> list[str]:
    return [f"| {' | '.join(words)} |", f"|{'---|' * len(words)}"]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
