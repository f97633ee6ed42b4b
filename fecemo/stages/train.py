"""Train the networks of one cell: an approach on a variant."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.data.arrays import write_arrays
from fecemo.data.classes import EMOTIONS
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_json, plain
from fecemo.errors import InputError
from fecemo.models.approach import Phase
from fecemo.models.plan import distinct_layers
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.described_embedding import nothing_to_learn
from fecemo.stages.face_vectors import FaceVectors, read_vectors
from fecemo.stages.measured_embedding import scale_measurements
from fecemo.stages.pretrained import check_pretrained, put_pretrained
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.artifacts import KINDS, Artifacts
from fecemo.study.cell import Cell
from fecemo.study.faces.example_set import find_example_set, learnt_from
from fecemo.study.faces.run_faces import RunFaces, read_run_faces
from fecemo.study.taught import refuse_untaught
from fecemo.training.backend import backend_name

if TYPE_CHECKING:
    from fecemo.models.plan import NetworkPlan
    from fecemo.training.device_view import DeviceView
    from fecemo.training.examples import Examples
    from fecemo.training.history import EpochRecord
    from fecemo.training.phase_work import PhaseWork

SHOWN_FACES = 16
NETWORKS_NAME = "networks.json"
"""Every network on paper, by name: what a drawing is made of."""


def run(arguments: CellArguments) -> Receipt:
    """Train one approach on one variant.

    Writes every network as ``<network>.keras``, their layers as ``networks.json``, the learning curve ``history.csv``,
    ``labelled_rows.npy`` and ``choosing_rows.npy`` (rows of the target pack whose labels were learnt from, and of those
    that were only validated on) and, for what gives pixels, ``originals.npy`` beside ``reconstructions.npy``. An
    approach without networks writes ``labelled_rows.npy`` alone, with ``scaling.npy`` where it embeds measurements.
    Killed, the same command goes on after the last whole epoch.

    Raises
    ------
    InputError
        If the recipe does not fit the faces, or the loss is no longer a number.
    StoredStateError
        If a pack is missing or unfinished, or the row whose embeddings are taken is not embedded.
    ResourceError
        If the disk is full, the memory too small or the Keras backend not installed.
    """
    cell = arguments.cell()
    faces = {name: read_run_faces(arguments.layout, name, measured, cell.faces_seen)
             for name, measured in learnt_from(cell.approach).items()}
    check_pretrained(cell)
    vectors = read_vectors(cell, arguments.artifacts, faces)
    machine = {"threads": cell.recipe.threads, "devices": cell.recipe.devices, "backend": backend_name()}
    return run_artifact(arguments.artifacts, "model", cell, machine=machine, work=lambda folder: (
        _without_networks(cell, vectors, folder) if not cell.approach.networks
        else _train(cell, faces, vectors, folder, {"machine": machine, **_shaped_by(cell, arguments.artifacts)})))


def _shaped_by(cell: Cell, artifacts: Artifacts) -> dict[str, Any]:
    """Return what an interrupted training must have been begun with to be resumed."""
    config = KINDS["model"].config_of(cell)
    return {"config": config, "inputs": artifacts.digests(KINDS["model"].inputs(cell, artifacts.layout, config))}


def _without_networks(cell: Cell, vectors: dict[str, FaceVectors], folder: Path) -> StageResult:
    return scale_measurements(cell, vectors["source"], folder) if vectors else nothing_to_learn(cell, folder)


def _train(cell: Cell, faces: dict[str, RunFaces], vectors: dict[str, FaceVectors], folder: Path,
           shaped_by: dict[str, Any]) -> StageResult:
    from fecemo.training.backend import describe_backend, import_keras

    import_keras(cell.recipe.threads)
    from fecemo.training.device_view import DeviceView
    from fecemo.training.devices import use_devices
    from fecemo.training.fit import HISTORY_NAME, scratch_files, train
    from fecemo.training.history import digest_history
    from fecemo.training.network_file import save_network
    from fecemo.training.phase_work import Training

    use_devices(cell.recipe.devices)
    view = None if vectors else DeviceView(cell.variant, cell.side)
    packs = [find_example_set(phase.faces).pack for phase in cell.approach.phases]
    phases = [_phase_work(phase, cell, faces[pack], vectors.get(pack))
              for phase, pack in zip(cell.approach.phases, packs, strict=True)]
    shape = phases[0].faces.shape[1:] if vectors else cell.shape
    plans = cell.approach.plan(cell.model, shape, len(EMOTIONS))
    refuse_untaught(cell, plans)
    _refuse_too_large(cell, phases, view, plans)
    networks = cell.approach.build(cell.model, shape, len(EMOTIONS), cell.recipe.seed)
    put_pretrained(cell, networks)
    if vectors:
        _standardize(networks[cell.approach.output], phases[0])
    machine = describe_backend()
    done = train(Training(
        title=cell.title, networks=networks, phases=phases, view=view, n_classes=len(EMOTIONS), seed=cell.recipe.seed,
        folder=folder, digest=digest_json({**shaped_by, "described": machine}),
    ))

    atomic_write(folder / NETWORKS_NAME, json.dumps(plain(plans), indent=1) + "\n")
    files = [NETWORKS_NAME]
    for name, network in networks.items():
        save_network(network, folder / f"{name}.keras")
        files.append(f"{name}.keras")
    labels_read = _labels_read(phases)
    files += write_arrays(folder, labels_read)
    for phase in phases:
        if view is not None and "pixels" in phase.outputs:
            files += _save_reconstructions(networks[phase.outputs["pixels"]], view, phase, folder)
    learnt = {phase.name: len(phase.examples) for phase in phases}
    return StageResult(
        files=files,
        scratch=scratch_files(folder),
        digests={HISTORY_NAME: digest_history(done.records)},
        message=f"{cell.title}: " + ", ".join(f"{name} on {count} faces" for name, count in learnt.items()),
        summary={
            "parameters": {name: network.count_params() for name, network in networks.items()},
            "faces": learnt,
            **_summary(phases, done.records),
            "labels_used": sum(map(len, labels_read.values())),
            **machine,
        },
        machine=machine,
        seconds_before=done.seconds_before,
    )


def _labels_read(phases: "list[PhaseWork]") -> dict[str, np.ndarray]:
    """Return the rows whose labels were learnt from, and those whose labels chose the epoch and nothing else."""
    labelled = [phase for phase in phases if "label" in phase.examples.targets]
    none = np.empty(0, np.int64)
    learnt = np.unique(np.concatenate([none, *(phase.examples.rows.ravel() for phase in labelled)]))
    held_out = [phase.held_out.rows.ravel() for phase in labelled if phase.held_out is not None]
    return {"labelled_rows": learnt, "choosing_rows": np.setdiff1d(np.concatenate([none, *held_out]), learnt)}


def _summary(phases: "list[PhaseWork]", records: "list[EpochRecord]") -> dict[str, Any]:
    """Return what the learning curves come to."""
    from fecemo.training.best import best_epoch

    held_out = {phase.name: len(phase.held_out) for phase in phases if phase.held_out is not None}
    epochs = Counter(record.phase for record in records)
    seen = sum(len(phase.examples) * epochs[phase.name] for phase in phases)
    return {
        "epochs": dict(epochs),
        "best_epoch": {name: best_epoch(records, name) for name in held_out},
        **({"held_out": held_out} if held_out else {}),
        "steps": sum(-(-len(phase.examples) // phase.fit.batch_size) * epochs[phase.name] for phase in phases),
        "faces_per_second": round(seen / max(sum(record.seconds for record in records), 1e-9), 1),
        "loss": {record.phase: record.loss for record in records},
    }


def _phase_work(phase: Phase, cell: Cell, faces: RunFaces, vectors: FaceVectors | None) -> "PhaseWork":
    from fecemo.training.phase_work import PhaseWork

    fit = cell.fit[phase.name]
    key = f"approaches.{cell.recipe_row}.fit.{phase.name}"
    examples, held_out = find_example_set(phase.faces).draw(faces, fit, cell.recipe.seed, key)
    if vectors is not None:
        examples, held_out = _trusted(examples, vectors), held_out and _trusted(held_out, vectors)
    for what, found in (("learn from", examples), ("validate on", held_out)):
        if found is not None and not len(found):
            raise InputError(f"{faces.pack.folder} holds no face that the phase {phase.name!r} may {what}")
    return PhaseWork(name=phase.name, outputs=phase.outputs, frozen=_frozen(phase, cell), fit=fit,
                     faces=faces.seen if vectors is None else vectors, examples=examples, held_out=held_out)


def _trusted(examples: "Examples", vectors: FaceVectors) -> "Examples":
    """Return the examples all of whose faces have a vector that may be learnt from."""
    trusted = vectors.trusted[examples.rows].reshape(len(examples), -1)
    return examples.take(np.flatnonzero(trusted.all(axis=1)))


def _standardize(network: Any, phase: "PhaseWork") -> None:
    from fecemo.models.vector_networks import SCALING
    from fecemo.training.standardize import standardize

    standardize(network, SCALING, phase.faces[np.unique(phase.examples.rows)])


def _frozen(phase: Phase, cell: Cell) -> tuple[str, ...]:
    """Return the stacks that do not learn in a phase, of those that it runs."""
    runs = {stack for network in phase.outputs.values() for stack in cell.approach.networks[network]}
    return (*phase.frozen, *(stack for stack in cell.frozen if stack in runs))


def _refuse_too_large(cell: Cell, phases: "list[PhaseWork]", view: "DeviceView | None",
                      plans: "dict[str, NetworkPlan]") -> None:
    from fecemo.training.memory import NUMBER_BYTES, MemoryNeed, free_memory, refuse_too_large, updated_at_once
    from fecemo.training.pixel_store import kept_bytes

    available = free_memory()
    for phase in phases:
        running = distinct_layers([plans[phase.outputs[output]] for output in phase.fit.looks_at], phase.frozen)
        need = MemoryNeed(
            parameters=sum(layer.parameters for layer in distinct_layers(plans.values())),
            trainable=sum(layer.parameters for layer in running),
            activations=sum(math.prod(layer.output_shape) for layer in running) * phase.fit.together,
            number_bytes=NUMBER_BYTES[phase.fit.precision],
            slots=phase.fit.optimizer.slots + (phase.fit.accumulate > 1),
            at_once=updated_at_once(layer.parameters for layer in running),
            kept=0 if view is None else kept_bytes(len(phase.rows), view))
        refuse_too_large(need, phase.fit.batch_size, available, f"{cell.title}: the phase {phase.name!r}")


def _save_reconstructions(network: Any, view: "DeviceView", phase: "PhaseWork", folder: Path) -> list[str]:
    """Write some of the faces that were learnt, spread over all of them, beside what the network makes of them."""
    from fecemo.training.loader import Loader
    from fecemo.training.outputs import outputs

    rows = np.unique(phase.examples.rows)
    shown = rows[np.unique(np.linspace(0, len(rows) - 1, SHOWN_FACES).astype(np.int64))]
    loader = Loader({"image": phase.faces}, shown, view)
    originals = loader.load(np.arange(len(shown)))["image"]
    made = np.concatenate(list(outputs(network, loader, len(shown))))
    return write_arrays(folder, {"originals": np.rint(originals).astype(np.uint8),
                                 "reconstructions": np.rint(255 * np.clip(made, 0, 1)).astype(np.uint8)})
