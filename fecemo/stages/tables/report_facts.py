"""What receipts and statements say of a run: its data sets, its stages, its networks, and the faces' terms."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fecemo.data.dataset import Dataset
from fecemo.data.documents import read_json
from fecemo.data.manifests import DataStatement, read_statement
from fecemo.data.receipts import RECEIPT_NAME, Receipt, sound_receipt
from fecemo.study.layout import RunLayout
from fecemo.study.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np

    from fecemo.evaluation.report.material import DatasetFacts, ModelFacts, StageFacts

GENERAL = ("system", "processor")
"""What a receipt says of the whole machine; the rest of it says on what one stage ran."""
NETWORKS_NAME = "networks.json"
STATED = {"Name": "name", "Made by": "by", "Origin": "origin", "Licence": "licence", "Terms": "terms",
          "People": "people", "More": "url"}
"""Words of the data card, and the fields of `DataStatement` that answer them."""


def read_datasets(study: Recipe, layout: RunLayout) -> "dict[str, Dataset]":
    """Return the finished data sets of a run by their name."""
    folders = {name: layout.dataset(name) for name in study.datasets}
    return {name: Dataset(folder) for name, folder in folders.items() if sound_receipt(folder) is not None}


def dataset_facts(title: str, dataset: "Dataset", stated: "DataStatement | None") -> "DatasetFacts":
    """Return what a data set holds, and what is stated of its faces."""
    from fecemo.evaluation.report.material import DatasetFacts

    def counted(values: "np.ndarray") -> dict[str, int]:
        return {name: number for name, number in Counter(values.tolist()).most_common() if name}

    summary = dataset.receipt.summary
    return DatasetFacts(title, len(dataset), rejected=summary.get("rejected", {}), left_out=summary.get("left_out", {}),
                        labels=counted(dataset.labels), splits=counted(dataset.splits),
                        held_out=summary.get("held_out", ""),
                        copies_across_splits=summary.get("copies_across_splits", 0), stated=_in_words(stated))


def read_stages(folders: Mapping[str, Path]) -> "tuple[tuple[StageFacts, ...], dict[str, str], str]":
    """Return what the receipts say: each stage's facts, the versions of packages, and the machines."""
    from fecemo.evaluation.report.material import StageFacts

    facts: list[StageFacts] = []
    versions: dict[str, dict[str, None]] = {}
    machines: dict[str, None] = {}
    for name, folder in folders.items():
        receipt = sound_receipt(folder)
        if receipt is None:
            continue
        finished = str(read_json(folder / RECEIPT_NAME).get("finished", ""))
        ran_on = [value for key, value in receipt.machine.items() if key not in GENERAL]
        facts.append(StageFacts(
            stage=receipt.stage, of=name.partition(" ")[2] or f"{name} faces", seconds=receipt.seconds,
            finished=finished[:16].replace("T", " "), machine=" ".join(map(str, ran_on))))
        machines[" ".join(str(receipt.machine[key]) for key in GENERAL if key in receipt.machine)] = None
        for package, version in receipt.versions.items():
            versions.setdefault(package, {})[version] = None
    packages = {name: ", ".join(numbers) for name, numbers in versions.items()}
    return tuple(facts), packages, "; ".join(filter(None, machines))


def statement_of(study: Recipe, dataset: str) -> "DataStatement | None":
    """Return what the recipe states of a data set's faces; those that are nobody's are stated by what they are."""
    name = study.data.get(dataset, study.datasets[dataset].made)
    return read_statement(name) if name else None


def _in_words(stated: "DataStatement | None") -> dict[str, str]:
    return {word: "" if stated is None else str(getattr(stated, field)) for word, field in STATED.items()}


def model_facts(receipt: Receipt | None) -> "ModelFacts | None":
    """Return what a train stage's receipt says, or None where it has not run."""
    from fecemo.evaluation.report.material import ModelFacts

    if receipt is None or "fit" not in receipt.config:
        return None
    return ModelFacts(
        parameters=receipt.summary.get("parameters", {}), side=receipt.config.get("side", 0),
        phases=tuple(_phase(name, fit, receipt.summary) for name, fit in receipt.config["fit"].items()))


def _phase(name: str, fit: dict[str, Any], summary: dict[str, Any]) -> str:
    """Return in words what a phase learned from and how."""
    epochs, faces, loss = (summary.get(key, {}).get(name) for key in ("epochs", "faces", "loss"))
    parts = [f"{name}: {epochs or fit.get('epochs')} epochs" + ("" if faces is None else f" of {faces:,} faces"),
            _called([term["loss"] for term in fit.get("losses", [])]),
            f"{_called(fit.get('optimizer'))} at {fit.get('learning_rate')}"]
    return ", ".join(parts + ([] if loss is None else [f"last loss {loss:.4g}"]))


def _called(choice: Any) -> str:
    """Return what is chosen by its name: one thing, or several joined."""
    if isinstance(choice, list):
        return " + ".join(_called(element) for element in choice)
    return str(choice.get("name", choice) if isinstance(choice, dict) else choice)


def read_networks(folder: Path) -> tuple[dict[str, Any], ...]:
    """Return what a cell's networks are made of; empty before the training.

    A network whose layers that learn are all part of another is left out.
    """
    if sound_receipt(folder) is None or not (folder / NETWORKS_NAME).is_file():
        return ()
    networks = [network for network in read_json(folder / NETWORKS_NAME).values()
                if isinstance(network, dict) and "layers" in network]
    layers = [{(layer["stack"], layer["name"]) for layer in network["layers"] if layer["parameters"]}
              for network in networks]
    whole = [not any(layer_set < rival for rival in layers) for layer_set in layers]
    return tuple(network for network, kept in zip(networks, whole, strict=True) if kept)
