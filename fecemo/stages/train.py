"""Train the networks of one cell: an approach on a variant."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fecemo.errors import InputError, nearest
from fecemo.manifests.emotions import EMOTIONS
from fecemo.manifests.splits import stratified_sample
from fecemo.models.approach import Phase
from fecemo.packs.arrays import write_arrays
from fecemo.packs.face_pack import INDEX_NAME, FacePack
from fecemo.packs.receipts import Receipt, digest_json
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.layout import RunLayout
from fecemo.stages.recipe import Cell
from fecemo.stages.work import Work, plain, run_stage
from fecemo.training.backend import backend_name

if TYPE_CHECKING:
    from fecemo.training.fit import PhaseWork

STAGE = "train"
SHOWN_FACES = 16


def run(arguments: CellArguments) -> Receipt:
    """Train one approach on one variant.

    Writes every network as ``<network>.keras``, the learning curve ``history.csv``, ``labelled_rows.npy`` (rows of the
    target pack whose labels were learnt from) and, for what learns to reconstruct, ``originals.npy`` beside
    ``reconstructions.npy``. Killed, the same command goes on after the last whole epoch.

    Raises
    ------
    InputError
        If the recipe does not fit the faces, or the loss is no longer a number.
    StoredStateError
        If a pack is missing or unfinished.
    ResourceError
        If the disk is full, the memory too small or the Keras backend not installed.
    """
    cell = arguments.cell()
    packs = _packs(cell, arguments.layout)
    config = plain({"approach": cell.approach.name, "variant": cell.variant, "side": cell.side, "model": cell.model,
                    "fit": cell.fit, "seed": cell.recipe.seed, "threads": cell.recipe.threads,
                    "backend": backend_name()})
    inputs = {name: pack.receipt.digest for name, pack in packs.items()}
    return run_stage(STAGE, arguments.layout.model(cell.approach.name, cell.variant.name), config=config, inputs=inputs,
                     seed=cell.recipe.seed,
                     work=lambda folder: _train(cell, packs, folder, {"config": config, "inputs": inputs}))


def _packs(cell: Cell, layout: RunLayout) -> dict[str, FacePack]:
    folders = {"source": layout.source, "target": layout.target}
    return {name: FacePack(folders[name]) for name in sorted({phase.faces for phase in cell.approach.phases})}


def _train(cell: Cell, packs: dict[str, FacePack], folder: Path, shaped_by: dict[str, Any]) -> Work:
    from fecemo.training.backend import describe_backend, import_keras

    import_keras(cell.recipe.threads)
    from fecemo.training.device_view import DeviceView
    from fecemo.training.fit import CHECKPOINT_NAME, HISTORY_NAME, Training, train
    from fecemo.training.history import digest_history
    from fecemo.training.network_file import save_network

    seed = cell.recipe.seed
    shape = (cell.side, cell.side, cell.variant.channels)
    view = DeviceView(cell.variant, cell.side)
    phases = [_phase_work(phase, cell, packs[phase.faces]) for phase in cell.approach.phases]
    _refuse_too_large(cell, phases, shape, view)
    networks = cell.approach.build(cell.model, shape, len(EMOTIONS), seed)
    machine = describe_backend()
    done = train(Training(
        title=cell.title, networks=networks, phases=phases, view=view, n_classes=len(EMOTIONS), seed=seed,
        folder=folder, digest=digest_json({**shaped_by, "machine": machine}),
    ))

    files = []
    for name, network in networks.items():
        save_network(network, folder / f"{name}.keras")
        files.append(f"{name}.keras")
    labelled = [phase.rows for phase in phases if phase.labels is not None]
    files += write_arrays(folder, {"labelled_rows": np.unique(np.concatenate([np.empty(0, np.int64), *labelled]))})
    for phase in phases:
        if phase.task == "reconstruct":
            files += _save_reconstructions(networks[phase.network], view, phase, folder)
    faces = {phase.name: len(phase.rows) for phase in phases}
    seen = sum(len(phase.rows) * phase.fit.epochs for phase in phases)
    return Work(
        files=files,
        scratch=[CHECKPOINT_NAME],
        outputs={HISTORY_NAME: digest_history(done.records)},
        said=f"{cell.title}: " + ", ".join(f"{name} on {count} faces" for name, count in faces.items()),
        summary={
            "parameters": {name: network.count_params() for name, network in networks.items()},
            "faces": faces,
            "steps": sum(-(-len(phase.rows) // phase.fit.batch_size) * phase.fit.epochs for phase in phases),
            "faces_per_second": round(seen / max(sum(record.seconds for record in done.records), 1e-9), 1),
            "labels_used": sum(len(rows) for rows in labelled),
            "loss": {phase.name: next(record.loss for record in reversed(done.records) if record.phase == phase.name)
                     for phase in phases},
            **machine,
        },
        machine=machine,
        seconds_before=done.seconds_before,
    )


def _phase_work(phase: Phase, cell: Cell, pack: FacePack) -> "PhaseWork":
    from fecemo.training.fit import PhaseWork
    from fecemo.training.order import drawn_rows

    fit, seed = cell.fit[phase.name], cell.recipe.seed
    key = f"approaches.{cell.approach.name}.fit.{phase.name}"
    if phase.faces == "source":
        if fit.label_fraction is not None:
            raise InputError(f"{key}.label_fraction: this phase learns from unlabelled faces")
        rows, labels = drawn_rows(len(pack), fit.faces, seed), None
    else:
        rows = labelled_rows(pack, fit.label_fraction, seed, f"{key}.label_fraction")
        rows = rows[drawn_rows(len(rows), fit.faces, seed)]
        labels = emotion_numbers(pack, rows)
    if not len(rows):
        raise InputError(f"{pack.folder} holds no face that the phase {phase.name!r} may learn from")
    return PhaseWork(name=phase.name, network=phase.network, task=phase.task, frozen=phase.frozen, fit=fit,
                     faces=pack.faces, rows=rows, labels=labels)


def labelled_rows(pack: FacePack, fraction: float | None, seed: int, key: str) -> np.ndarray:
    """Return the rows of the train split whose labels may be learnt from.

    Parameters
    ----------
    pack : FacePack
        The labelled faces with their stored splits.
    fraction : float or None
        Share of *all* labelled faces, as the study counts it; None takes the whole train split.
    seed : int
    key : str
        The recipe's key, for the message.

    Returns
    -------
    ndarray of shape (n,), int64
        Ascending.

    Raises
    ------
    InputError
        If the train split holds fewer faces than asked for.
    """
    train = pack.rows_in("train")
    if fraction is None:
        return train
    labelled = int(np.count_nonzero(pack.labels != ""))
    count = int(np.floor(fraction * labelled + 0.5))
    if count > len(train):
        raise InputError(f"{key}: {fraction:g} of {labelled} labelled faces are {count}, and the train split of "
                         f"{pack.folder} holds {len(train)}")
    return train[stratified_sample(pack.ids[train], pack.labels[train], count=count, seed=seed)]


def emotion_numbers(pack: FacePack, rows: np.ndarray) -> np.ndarray:
    """Return the emotions of rows as positions in `EMOTIONS`, int32. Raises `InputError` for a label that is none."""
    labels = pack.labels[rows]
    for row, label in zip(rows, labels, strict=True):
        if label not in EMOTIONS:
            raise InputError(f"{pack.folder / INDEX_NAME}: row {row} has the label {str(label)!r}, "
                             f"{nearest(str(label), EMOTIONS)}")
    return np.array([EMOTIONS.index(label) for label in labels], np.int32)


def _refuse_too_large(cell: Cell, phases: "list[PhaseWork]", shape: tuple[int, int, int], view: Any) -> None:
    from fecemo.training.backend import device
    from fecemo.training.face_feed import kept_bytes
    from fecemo.training.memory import OPTIMIZER_SLOTS, MemoryNeed, available_memory, refuse_too_large

    plans = cell.approach.plan(cell.model, shape, len(EMOTIONS))
    if device() != "cpu":
        return  # an accelerator has memory of its own, of which no backend but its own tells
    all_layers = {(layer.stack, layer.name): layer.parameters for plan in plans.values() for layer in plan.layers}
    available = available_memory()
    for phase in phases:
        plan = plans[phase.network]
        need = MemoryNeed(parameters=sum(all_layers.values()), trainable=plan.parameters(without=phase.frozen),
                          activations=plan.activations(without=phase.frozen),
                          slots=OPTIMIZER_SLOTS[phase.fit.optimizer] + (phase.fit.accumulate > 1),
                          largest=max(layer.parameters for layer in plan.layers if layer.stack not in phase.frozen),
                          kept=kept_bytes(len(phase.rows), view))
        refuse_too_large(need, phase.fit.batch_size, available, f"{cell.title}: the phase {phase.name!r}")


def _save_reconstructions(network: Any, view: Any, phase: "PhaseWork", folder: Path) -> list[str]:
    """Write some of the faces that were learnt, spread over all of them, beside what the network makes of them."""
    import keras

    from fecemo.training.face_feed import FaceFeed
    from fecemo.training.outputs import outputs

    shown = np.unique(np.linspace(0, len(phase.rows) - 1, SHOWN_FACES).astype(np.int64))
    feed = FaceFeed(phase.faces, phase.rows[shown], view)
    originals = keras.ops.convert_to_numpy(feed.pixels(np.arange(len(shown))))
    made = np.concatenate(list(outputs(network, feed, len(shown))))
    return write_arrays(folder, {"originals": np.rint(originals).astype(np.uint8),
                                 "reconstructions": np.rint(255 * np.clip(made, 0, 1)).astype(np.uint8)})
