"""What a GPU makes of the published study: images a second, its share of the chip, and the time of all cells.

    python benchmarks/gpu.py                        within ten minutes, on the backend that KERAS_BACKEND names
    KERAS_BACKEND=jax python benchmarks/gpu.py      where TensorFlow is not installed; likewise torch
    python benchmarks/gpu.py --small                small networks at 48 pixels: shows on any CPU that it runs
    python benchmarks/gpu.py --real                 trains every cell of the recipe, epoch by epoch, and says how long

Every phase of every approach is trained for some seconds on whole RGB faces at the recipe's sizes, in float32 and in
bfloat16, by the loop that the train stage runs. Beside images a second stand

- the share of the chip: operations of the layers' products, forward once and backward twice where layers learn, over
  those of a large product of matrices of the same precision in the same run. Where a backend shortens float32 in
  convolutions and not in products, as PyTorch does, it may pass 1;
- the input wait: the share of the time in which the loop waited for pixels, with faces on the device and streamed from
  the disk (target: under 0.02);
- the time of all cells at published sizes, from these rates: other variants by their operations. Target: 15 minutes
  on one H200. ``--real`` takes that time itself, stages and checkpoints included.

What does not begin within ``--minutes`` is left out and said. The last line is one JSON object.
"""

import argparse
import gc
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from gpu_study import LABELLED, PRECISIONS, SOURCE, Sizes, faces_of, study_recipe, train_all_cells

from fecemo.drawn.expression import EMOTIONS
from fecemo.study.cell import Cell, resolve
from fecemo.study.recipe import Recipe
from fecemo.study.recipe_file import read_recipe
from fecemo.training.backend import compiled, describe_backend, import_keras

PRODUCTS = 8
"""Products of matrices in one program, one after the other."""
MIN_STEPS = 5
"""Times that the program runs at least."""


def matrix_rate(precision: str, size: int, seconds: float) -> float:
    """Return operations per second of products of two matrices of ``size`` rows and columns."""
    from keras import ops

    kind = {"float32": "float32", "mixed_bfloat16": "bfloat16"}[precision]
    random = np.random.default_rng(0).normal(0, size**-0.5, (2, size, size)).astype(np.float32)
    first, second = (ops.cast(ops.convert_to_tensor(matrix), kind) for matrix in random)

    def multiply(product: Any, factor: Any) -> Any:
        for _ in range(PRODUCTS):
            product = ops.matmul(product, factor)
        return product

    program = compiled(multiply)

    def once() -> float:
        started = time.perf_counter()
        ops.convert_to_numpy(ops.cast(program(first, second)[:1, :1], "float32"))
        return time.perf_counter() - started

    once()  # compiles
    taken, until = [once() for _ in range(MIN_STEPS)], time.perf_counter() + seconds
    while time.perf_counter() < until:
        taken.append(once())
    return PRODUCTS * 2 * size**3 / min(taken)


def operations(plan: Any, frozen: tuple[str, ...] = ()) -> float:
    """Return the operations of the layers' products for one face: forward, and backward where layers learn."""
    total, shape = 0.0, plan.input_shape
    for layer in plan.layers:
        if layer.parameters:
            outputs = layer.output_shape[-1]
            places = math.prod((shape if "Transpose" in layer.kind else layer.output_shape)[:-1])
            total += 2.0 * (layer.parameters - outputs) * places * (1 if layer.stack in frozen else 3)
        shape = layer.output_shape
    return total


def phase_operations(cell: Cell, phase: Any) -> float:
    """Return the operations of one face in a phase, over the networks whose outputs its losses look at."""
    from fecemo.models.description import describe

    outline = cell.approach.outline(cell.model, {"image": cell.shape}, len(EMOTIONS))
    return operations(describe(outline, cell.fit[phase.name].outputs), phase.frozen)


def measure(cell: Cell, phase: Any, model: Any, precision: str, view: Any, sizes: Sizes) -> dict[str, Any]:
    """Return images per second and the share of waiting, with faces on the device and from the disk."""
    from fecemo.training.epoch import run_epoch
    from fecemo.training.examples import Examples
    from fecemo.training.loader import Loader
    from fecemo.training.step import TrainingStep
    from fecemo.training.training_job import TrainingJob, TrainingPhase

    class WatchedLoader(Loader):
        """A loader that counts the seconds in which it is waited for."""

        waited = 0.0

        def batches(self, plan: Any) -> Iterator[Any]:
            loading = super().batches(plan)
            while True:
                started = time.perf_counter()
                made = next(loading, None)
                self.waited += time.perf_counter() - started
                if made is None:
                    return
                yield made

    fit = replace(cell.fit[phase.name], precision=precision, faces=None, label_fraction=None)
    faces = faces_of(sizes.faces)

    def examples_of(n: int) -> Examples:
        """Go through the faces again and again in one epoch, as long as that of a larger data set."""
        labels = np.arange(n, dtype=np.int32) % len(EMOTIONS)
        return Examples(np.arange(n) % len(faces), {"label": labels} if phase.role == "target" else {})

    speeds: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, prepared(model, fit.outputs, phase.frozen, precision):
        step = TrainingStep(model, fit, examples_of(len(faces)), len(EMOTIONS))

        def epoch_of(n: int, loader: Loader) -> float:
            work = TrainingPhase(phase.name, phase.frozen, fit, {"image": faces}, examples_of(n))
            training = TrainingJob(cell.title, model, [work], view, len(EMOTIONS), 0, Path(folder), "")
            return run_epoch(training, work, step, loader, 0).faces_per_second

        for place in ("device", "disk"):
            os.environ["FECEMO_FACES_ON"] = place
            loader = WatchedLoader({"image": faces}, np.arange(len(faces)), view)
            epoch_of(fit.batch_size, loader)  # compiles
            n = max(len(faces), int(sizes.seconds * epoch_of(len(faces), loader)))
            loader.waited = 0.0
            rate = epoch_of(n, loader)
            speeds[place] = {"images_per_second": rate, "input_wait": round(loader.waited * rate / n, 4)}
    return speeds


@contextmanager
def prepared(model: Any, outputs: tuple[str, ...], frozen: tuple[str, ...], precision: str) -> Iterator[None]:
    """Freeze what does not learn, and compute in a precision, while the block runs."""
    from fecemo.training.fit import computing_in
    from fecemo.training.step import part_of

    with ExitStack() as undone:
        undone.enter_context(computing_in(part_of(model, outputs), precision))
        for name in frozen:
            model.get_layer(name).trainable = False
            undone.callback(setattr, model.get_layer(name), "trainable", True)
        yield


def measure_all(recipe: Recipe, sizes: Sizes, until: float) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what every phase of every approach gives, by precision and then by approach and phase."""
    from fecemo.training.device_view import DeviceView

    chip = {precision: matrix_rate(precision, sizes.matrix, sizes.seconds) for precision in PRECISIONS}
    for precision, rate in chip.items():
        print(f"{precision:15} products of matrices of {sizes.matrix}: {rate / 1e12:,.3f} Tflop/s", flush=True)
    results: dict[str, dict[str, dict[str, Any]]] = {precision: {} for precision in PRECISIONS}
    for name in recipe.approaches:
        cell = resolve(recipe, name, recipe.variants[0])
        model = cell.approach.model(cell.model, {"image": cell.shape}, len(EMOTIONS), recipe.seed)
        view = DeviceView(cell.variant, cell.side)
        for phase in cell.approach.phases:
            for precision in PRECISIONS:
                if time.monotonic() > until:
                    print(f"{name} {phase.name} {precision}: left out, the time is over", flush=True)
                    continue
                speeds = measure(cell, phase, model, precision, view, sizes)
                rate = speeds["device"]["images_per_second"]
                speeds["share_of_chip"] = round(rate * phase_operations(cell, phase) / chip[precision], 3)
                results[precision][f"{name} {phase.name}"] = speeds
                waits = ", ".join(f"{place} {speeds[place]['input_wait']:6.4f}" for place in ("device", "disk"))
                print(f"{precision:15} {name:18} {phase.name:12} {rate:>10,.1f} images/s   of the chip "
                      f"{speeds['share_of_chip']:5.3f}   input wait: {waits}", flush=True)
        del model
        gc.collect()
    return results


def projected_minutes(recipe: Recipe, results: dict[str, dict[str, Any]]) -> float | None:
    """Return the minutes that all cells train at published sizes; None where a rate was left out."""
    seconds = 0.0
    for name in recipe.approaches:
        measured = resolve(recipe, name, recipe.variants[0])
        for variant in recipe.variants:
            cell = resolve(recipe, name, variant)
            for phase in cell.approach.phases:
                speeds = results.get(f"{name} {phase.name}")
                if speeds is None:
                    return None
                fit = cell.fit[phase.name]
                target = recipe.datasets[recipe.role("target")].settings
                known = LABELLED * (fit.label_fraction or 1 - target.test_fraction)
                images = fit.epochs * (known if phase.role == "target" else min(fit.faces or SOURCE, SOURCE))
                of_rgb = phase_operations(cell, phase) / phase_operations(measured, phase)
                seconds += images * of_rgb / speeds["device"]["images_per_second"]
    return round(seconds / 60, 2)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small networks, few faces: for a CPU")
    parser.add_argument("--real", action="store_true", help="train every cell by its stage, and take the time")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of --real")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=8.0, help="begin no measurement after these")
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    sizes = Sizes.small() if arguments.small else Sizes()
    import_keras()
    machine = describe_backend()
    record: dict[str, Any] = {"benchmark": "gpu", "small": arguments.small, "batch_size": arguments.batch_size,
                              **machine}
    print(" ".join(machine.values()), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        study_recipe(path, sizes, arguments.batch_size, arguments.precision)
        recipe = read_recipe(path)
        if arguments.real:
            seconds = train_all_cells(path, recipe, Path(folder) / "run", sizes)
            record |= {"precision": arguments.precision, "seconds": seconds,
                     "minutes": round(sum(seconds.values()) / 60, 2)}
        else:
            results = measure_all(recipe, sizes, until)
            minutes = {precision: projected_minutes(recipe, results[precision]) for precision in PRECISIONS}
            for precision, projected in minutes.items():
                print(f"{precision:15} all cells at published sizes: "
                      + ("not known" if projected is None else f"{projected:,.1f} minutes"), flush=True)
            record |= {"results": results, "projected_minutes": minutes}
    print(json.dumps(record))


if __name__ == "__main__":
    main()
