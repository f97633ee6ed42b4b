"""Train the model of one cell: an approach on a variant."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.data.arrays import write_arrays
from fecemo.data.durable import atomic_write
from fecemo.data.receipts import Receipt, digest_json, plain
from fecemo.data.stored_faces import Faces
from fecemo.errors import InputError
from fecemo.models.approach import IMAGE, Phase
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.face_inputs import FaceInputs, classes_behind, match_moments, read_inputs, shapes_behind
from fecemo.stages.kept_groups import keep_model
from fecemo.stages.pretrained import check_pretrained, put_pretrained
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.artifact_kinds import KINDS
from fecemo.study.artifacts import Artifacts
from fecemo.study.cell import Cell
from fecemo.study.faces.columns import RunFaces, read_run_faces
from fecemo.study.faces.data_names import LABEL, SOURCE, of_dataset, read_data_name, target_columns
from fecemo.study.faces.examples import annotated_rows, classes_of, draw_examples
from fecemo.study.supervision import check_outputs_trained
from fecemo.training.backend import backend_name, describe_backend, import_keras
from fecemo.training.examples import Examples
from fecemo.training.history import EpochRecord, digest_history
from fecemo.training.memory import NUMBER_BYTES, MemoryNeed, free_memory, refuse_too_large, updated_at_once

if TYPE_CHECKING:
    from fecemo.training.device_view import DeviceView
    from fecemo.training.training_job import TrainingPhase

SHOWN_FACES = 16
TARGET_LABELS = ("labelled_rows", "choosing_rows")
"""Rows of the target whose labels were read; those of another data set bear its name at the end."""
NETWORKS_NAME = "networks.json"
"""By output, the layers that it is made of: what a drawing shows."""


def run(arguments: CellArguments) -> Receipt:
    """Train one approach on one variant.

    Writes the model as ``model.keras``, its layers as ``networks.json``, the learning curve ``history.csv``,
    ``labelled_rows.npy`` and ``choosing_rows.npy`` (rows of the target faces whose labels were learnt from, and of
    those that were only validated on; ``labelled_rows_NAME.npy`` for another data set) and, for outputs that are
    compared with the image, ``originals.npy`` beside ``reconstructions.npy``. An approach with a descriptor in the
    place of a model writes ``labelled_rows.npy`` alone.
    If interrupted, rerun the same command: it resumes after the last whole epoch.

    Raises
    ------
    InputError
        If the recipe does not fit the faces, or the loss is no longer a number.
    StoredStateError
        If a data set is missing or unfinished, or a row of whose outputs it is made is not embedded.
    ResourceError
        If the disk is full, the memory too small or the Keras backend not installed.
    """
    cell = arguments.cell()
    faces = {name: read_run_faces(arguments.layout, name, measured, cell.faces_seen)
             for name, measured in cell.learnt_from.items()}
    check_pretrained(cell)
    inputs = read_inputs(cell, arguments.artifacts, faces)
    machine = {"threads": cell.recipe.threads, "devices": cell.recipe.devices, "backend": backend_name()}
    if (kept := keep_model(arguments.artifacts, cell, machine)) is not None:
        return kept
    return run_artifact(arguments.artifacts, "model", cell, machine=machine, work=lambda folder: (
        _nothing_to_learn(cell, folder) if cell.approach.build is None
        else _train(cell, faces, inputs, folder, arguments.artifacts,
                    {"machine": machine, **_shaped_by(cell, arguments.artifacts)})))


def _shaped_by(cell: Cell, artifacts: Artifacts) -> dict[str, Any]:
    """Return what an interrupted training must have been begun with to be resumed."""
    config = KINDS["model"].config_of(cell)
    return {"config": config, "inputs": artifacts.digests(KINDS["model"].inputs(cell, artifacts.layout, config))}


def _nothing_to_learn(cell: Cell, folder: Path) -> StageResult:
    classes = {"classes": list(cell.model.classes)} if cell.approach.predicts_by == "classifier" else {}
    return StageResult(files=write_arrays(folder, {"labelled_rows": np.empty(0, np.int64)}),
                       message=f"{cell.title}: nothing to learn",
                       summary={"faces": {}, "labels_used": 0, **classes})


def _train(cell: Cell, faces: dict[str, RunFaces], inputs: dict[str, FaceInputs], folder: Path,
           artifacts: Artifacts, shaped_by: dict[str, Any]) -> StageResult:
    import_keras(cell.recipe.threads)
    from fecemo.models.description import describe
    from fecemo.models.layers import adapt_inputs
    from fecemo.training.device_view import DeviceView
    from fecemo.training.devices import use_devices
    from fecemo.training.fit import HISTORY_NAME, scratch_files, train
    from fecemo.training.network_file import MODEL_NAME, refuse_unstorable, save_network
    from fecemo.training.training_job import TrainingJob

    use_devices(cell.recipe.devices)
    view = DeviceView(cell.variant, cell.side) if cell.approach.takes_image else None
    phases = [_phase(phase, cell, faces, inputs) for phase in cell.approach.phases]
    shapes = next(iter(inputs.values())).shapes(cell) if inputs else shapes_behind(cell, artifacts)
    classes = _classes(cell, faces) or classes_behind(cell, artifacts)
    n_classes = len(classes) or 1  # where none are learnt, no output asks
    outline = cell.approach.outline(cell.model, shapes, n_classes)
    check_outputs_trained(cell, outline)
    _refuse_too_large(cell, phases, view, outline)
    model = cell.approach.model(cell.model, shapes, n_classes, cell.seed)
    put_pretrained(cell, model)
    first_columns, first_rows = _adapted_to(cell, phases, inputs)
    adapt_inputs(model, lambda name: np.asarray(first_columns[name][first_rows]))
    refuse_unstorable(model, folder)
    machine = describe_backend()
    done = train(TrainingJob(
        title=cell.title, model=model, phases=phases, view=view, n_classes=n_classes, seed=cell.seed,
        folder=folder, digest=digest_json({**shaped_by, "described": machine}),
    ))

    described = {output: describe(outline, [output]) for output in model.output}
    atomic_write(folder / NETWORKS_NAME, json.dumps(plain(described), indent=1) + "\n")
    save_network(model, folder / MODEL_NAME)
    labels_read = _labels_read(phases, cell.recipe.roles.target or "")
    files = [NETWORKS_NAME, MODEL_NAME, *write_arrays(folder, labels_read)]
    for phase in phases:
        for term in phase.fit.losses:
            if view is not None and term.target == IMAGE:
                files += _save_reconstructions(model, term.output, view, phase, folder)
    learnt = {phase.name: len(phase.examples) for phase in phases} or (
        {"adapt": len(first_rows)} if len(first_rows) else {})
    return StageResult(
        files=list(dict.fromkeys(files)),
        scratch=scratch_files(folder),
        digests={HISTORY_NAME: digest_history(done.records)},
        message=f"{cell.title}: " + (", ".join(f"{name} on {count} faces" for name, count in learnt.items())
                                     or "nothing to learn"),
        summary={
            "parameters": {output: description.parameters() for output, description in described.items()},
            "faces": learnt,
            "classes": list(classes),
            **_summary(phases, done.records),
            "labels_used": sum(len(rows) for name, rows in labels_read.items() if name in TARGET_LABELS),
            **_labels_elsewhere(labels_read),
            **machine,
        },
        machine=machine,
        seconds_before=done.seconds_before,
    )


def _classes(cell: Cell, faces: dict[str, RunFaces]) -> tuple[str, ...]:
    """Return the classes of the labels that are learnt, in the order of the output; empty where none are.

    A classifier that learns numbers, such as the votes of raters, answers with the classes of the target. Raises
    `InputError` if two phases learn labels of different classes, which are one output.
    """
    learnt: dict[str, tuple[str, ...]] = {}
    for name, fit in cell.fit.items():
        if any(LABEL in columns for columns in target_columns(fit).values()):
            key = f"approaches.{cell.recipe_row}.fit.{name}.data"
            learnt[name] = classes_of([read_data_name(part) for part in fit.data], faces, key)
        for term in fit.losses:
            dataset, column = of_dataset(term.target_name)
            if dataset and column == LABEL and term.output == cell.approach.output:
                learnt[name] = faces[dataset].dataset.classes
    for name, classes in learnt.items():
        if classes != (first := next(iter(learnt.values()))):
            raise InputError(f"approaches.{cell.recipe_row}.fit.{name}: learns {', '.join(classes)}, and an earlier "
                             f"phase {', '.join(first)}; learn labels of the same classes")
    target = cell.recipe.roles.target
    if not learnt and cell.approach.predicts_by == "classifier" and target in faces:
        return faces[target].dataset.classes
    return next(iter(learnt.values()), ())


def _labels_elsewhere(labels_read: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return how many annotations of other data sets than the target were read; drawn faces are named there too."""
    counts = {name: len(rows) for name, rows in labels_read.items() if name not in TARGET_LABELS}
    return {"annotations_elsewhere": counts} if counts else {}


def _adapted_to(cell: Cell, phases: "list[TrainingPhase]",
                inputs: dict[str, FaceInputs]) -> "tuple[Mapping[str, Faces], np.ndarray]":
    """Return the columns and the rows to which layers are adapted: what the first phase learns from.

    Without a phase it is every source face that may be learnt from; none where nothing is adapted.
    """
    if not inputs:
        return {}, np.empty(0, np.int64)
    if phases:
        return phases[0].columns, np.unique(phases[0].examples.rows)
    source = inputs[cell.recipe.role(SOURCE)]
    if not len(rows := np.flatnonzero(source.trusted)):
        raise InputError(f"{cell.title}: the landmark model was sure of none of the {len(source.trusted)} source faces")
    return source.columns, rows


def _labels_read(phases: "list[TrainingPhase]", target: str) -> dict[str, np.ndarray]:
    """Return the rows whose annotations were learnt from, and those whose annotations chose the epoch and nothing else.

    Those of the target by the names that the leakage check reads; those of other data sets by their names beside.
    """
    learnt: dict[str, list[np.ndarray]] = {}
    choosing: dict[str, list[np.ndarray]] = {}
    for phase in phases:
        for rows, examples in ((learnt, phase.examples), (choosing, phase.held_out)):
            for name, annotated in ({} if examples is None else annotated_rows(examples, phase.fit)).items():
                rows.setdefault(name, []).append(annotated)
    booked = {}
    for name in {target: None, **learnt, **choosing}:
        of_learnt, of_choosing = (np.unique(np.concatenate([np.empty(0, np.int64), *rows.get(name, [])]))
                                  for rows in (learnt, choosing))
        if name == target or len(of_learnt) or len(of_choosing):
            ending = "" if name == target else f"_{name}"
            booked[f"labelled_rows{ending}"] = of_learnt
            booked[f"choosing_rows{ending}"] = np.setdiff1d(of_choosing, of_learnt)
    return booked


def _summary(phases: "list[TrainingPhase]", records: "list[EpochRecord]") -> dict[str, Any]:
    """Return what the learning curves come to."""
    from fecemo.training.checkpoint import best_epoch

    held_out = {phase.name: len(phase.held_out) for phase in phases if phase.held_out is not None}
    epochs = Counter(record.phase for record in records)
    faces_trained = sum(len(phase.examples) * epochs[phase.name] for phase in phases)
    return {
        "epochs": dict(epochs),
        "best_epoch": {name: best_epoch(records, name) for name in held_out},
        **({"held_out": held_out} if held_out else {}),
        "steps": sum(-(-len(phase.examples) // phase.fit.batch_size) * epochs[phase.name] for phase in phases),
        "faces_per_second": round(faces_trained / max(sum(record.seconds for record in records), 1e-9), 1),
        "loss": {record.phase: record.loss for record in records},
    }


def _phase(phase: Phase, cell: Cell, faces: dict[str, RunFaces], inputs: dict[str, FaceInputs]) -> "TrainingPhase":
    from fecemo.training.loader import concatenate
    from fecemo.training.training_job import TrainingPhase

    fit = cell.fit[phase.name]
    key = f"approaches.{cell.recipe_row}.fit.{phase.name}"
    examples, held_out = draw_examples(faces, fit, cell.recipe.seed, key)
    if fit.moments_of is not None:
        reference = read_data_name(fit.moments_of)
        of_reference = faces[reference.dataset].dataset
        rows = of_reference.learnable_rows(reference.part) if reference.part else np.arange(len(of_reference))
        if not inputs[reference.dataset].trusted[rows].any():
            raise InputError(f"{key}.moments_of: {of_reference.folder} holds no face that may be learnt from")
        inputs = match_moments(inputs, reference.dataset, rows)
    datasets = [inputs[name] for name in examples.datasets]
    trusted = np.concatenate([dataset.trusted for dataset in datasets])
    examples, held_out = _trusted(examples, trusted), held_out and _trusted(held_out, trusted)
    for purpose, drawn in (("learn from", examples), ("validate on", held_out)):
        if drawn is not None and not len(drawn):
            folders = " and ".join(str(faces[name].dataset.folder) for name in drawn.datasets)
            raise InputError(f"{folders} holds no face that the phase {phase.name!r} may {purpose}")
    frozen = phase.frozen if fit.frozen is None else fit.frozen
    columns = {name: concatenate([dataset.columns[name] for dataset in datasets]) for name in datasets[0].columns}
    return TrainingPhase(name=phase.name, frozen=tuple(dict.fromkeys((*frozen, *cell.frozen))), fit=fit,
                         columns=columns, examples=examples, held_out=held_out)


def _trusted(examples: "Examples", trusted: np.ndarray) -> "Examples":
    """Return the examples all of whose faces may be learnt from."""
    return examples.take(np.flatnonzero(trusted[examples.rows].reshape(len(examples), -1).all(axis=1)))


def _refuse_too_large(cell: Cell, phases: "list[TrainingPhase]", view: "DeviceView | None", outline: Any) -> None:
    from fecemo.models.description import describe
    from fecemo.training.pixel_store import kept_bytes

    available, parameters = free_memory(), outline.count_params()
    for phase in phases:
        running = describe(outline, phase.fit.outputs)
        need = MemoryNeed(
            parameters=parameters,
            trainable=running.parameters(without=phase.frozen),
            activations=running.activations(without=phase.frozen) * phase.fit.group_size,
            number_bytes=NUMBER_BYTES[phase.fit.precision],
            slots=phase.fit.optimizer.slots + (phase.fit.accumulate > 1),
            at_once=updated_at_once(layer.parameters for layer in running.layers if layer.stack not in phase.frozen),
            kept=0 if view is None else kept_bytes(len(phase.rows), view))
        refuse_too_large(need, phase.fit.batch_size, available, f"{cell.title}: the phase {phase.name!r}")


def _save_reconstructions(model: Any, output: str, view: "DeviceView", phase: "TrainingPhase",
                          folder: Path) -> list[str]:
    """Write some of the faces that were learnt, spread over all of them, beside what the model makes of them."""
    from fecemo.training.loader import Loader
    from fecemo.training.outputs import outputs
    from fecemo.training.step import part_of

    rows = np.unique(phase.examples.rows)
    shown = rows[np.unique(np.linspace(0, len(rows) - 1, SHOWN_FACES).astype(np.int64))]
    loader = Loader(phase.columns, shown, view)
    part = part_of(model, (output,))
    originals = next(values for values in loader.load(np.arange(len(shown))).values() if values.ndim == 4)
    made = np.concatenate([batch[output] for batch in outputs(part, loader, len(shown))])
    return write_arrays(folder, {"originals": np.rint(originals).astype(np.uint8),
                                 "reconstructions": np.rint(255 * np.clip(made, 0, 1)).astype(np.uint8)})
