"""Our training loop against a bare Keras ``train_on_batch`` on data already in memory.

    python benchmarks/training.py            each approach at 48 pixels, small sizes
    python benchmarks/training.py --quick    the same in under a minute
    python benchmarks/training.py --side 200 --published

Both do the same number of steps on the same network, batch and loss, one after the other in turns, and the best of
the turns counts; ``work_ratio`` is the same of seconds that cores were busy, which other work on the machine disturbs
less. Target: 0.95 of the bare loop's images per second, for each approach.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from fecemo.data.variants import variants
from fecemo.drawn.expression import EMOTIONS
from fecemo.models.approach import approaches
from fecemo.models.loss import LossTerm, losses
from fecemo.training.backend import describe_backend, import_keras

SMALL = {
    "dense_autoencoder": {"widths": (200, 100, 50, 20), "embedding": 10},
    "conv_autoencoder": {"filters": (8, 12, 16)},
    "semi_supervised": {"filters": (8, 16, 32), "head": (64, 32)},
    "supervised": {"filters": 12, "dense": 64},
}
LOSSES = {"pixels": "binary_crossentropy", "probabilities": "cross_entropy"}
BARE_LOSSES = {"pixels": "binary_crossentropy", "probabilities": "categorical_crossentropy"}


def measure(name: str, side: int, faces: int, batch_size: int, rounds: int, published: bool) -> dict[str, float]:
    """Return images per second of both loops, for an approach's first phase on RGB faces."""
    import keras

    from fecemo.training.device_view import DeviceView
    from fecemo.training.epoch import run_epoch
    from fecemo.training.examples import Examples
    from fecemo.training.loader import Loader
    from fecemo.training.optimizers import Adam
    from fecemo.training.settings import FitSettings
    from fecemo.training.step import TrainingStep, part_of
    from fecemo.training.training_job import TrainingJob, TrainingPhase

    approach = approaches.find(name)
    config = approach.config(**({} if published else SMALL[name]))
    phase = approach.phases[0]
    (output, target), *_ = phase.targets.items()
    terms = (LossTerm(losses()[LOSSES[output]](), output, target),)
    fit = FitSettings(terms, Adam(), 1e-4, epochs=rounds, batch_size=batch_size)
    shapes = {"image": (side, side, 3)}
    random = np.random.default_rng(0)
    labels = random.integers(0, len(EMOTIONS), faces).astype(np.int32)
    view = DeviceView(variants.find("rgb"), side)

    bare = part_of(approach.model(config, shapes, len(EMOTIONS), 0), (output,))
    bare.compile(optimizer=keras.optimizers.Adam(1e-4), loss={output: BARE_LOSSES[output]})
    with tempfile.TemporaryDirectory() as folder:
        # As a data set is read: a memory map of whole faces.
        stored = np.lib.format.open_memmap(Path(folder) / "faces.npy", "w+", np.uint8, (faces, 200, 200, 3))
        stored[:] = random.integers(0, 256, stored.shape, np.uint8)
        model = approach.model(config, shapes, len(EMOTIONS), 0)
        examples = Examples(np.arange(faces), {} if phase.role == "source" else {"label": labels})
        work = TrainingPhase(phase.name, (), fit, {"image": stored}, examples)
        training = TrainingJob(title=name, model=model, phases=[work], view=view, n_classes=len(EMOTIONS), seed=0,
                               folder=Path(folder), digest="")
        step = TrainingStep(model, fit, examples, len(EMOTIONS))
        loader = Loader({"image": stored}, work.rows, view)
        pixels = np.concatenate([loader.load(np.arange(start, min(start + 64, faces)))["image"]
                                 for start in range(0, faces, 64)])
        targets = pixels / 255 if output == "pixels" else np.eye(len(EMOTIONS), dtype=np.float32)[labels]

        def bare_epoch(_: int) -> None:
            for start in range(0, faces, batch_size):
                bare.train_on_batch({"image": pixels[start : start + batch_size]},
                                    {output: targets[start : start + batch_size]})

        loops = {"ours": lambda epoch: run_epoch(training, work, step, loader, epoch), "bare": bare_epoch}
        clock, busy = (dict.fromkeys(loops, float("inf")) for _ in range(2))
        for epoch in range(rounds + 1):
            for loop, run in loops.items():
                started, worked = time.perf_counter(), time.process_time()
                run(epoch)
                taken = time.perf_counter() - started, time.process_time() - worked
                if epoch:  # the first round compiles
                    clock[loop], busy[loop] = min(clock[loop], taken[0]), min(busy[loop], taken[1])
    return {**{f"{loop}_images_per_second": round(faces / seconds, 1) for loop, seconds in clock.items()},
            "ratio": round(clock["bare"] / clock["ours"], 3), "work_ratio": round(busy["bare"] / busy["ours"], 3)}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few faces, few rounds")
    parser.add_argument("--side", type=int, default=48, help="pixels a side")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--faces", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--approaches", nargs="+", choices=SMALL, default=list(SMALL), help="those of the study")
    parser.add_argument("--published", action="store_true", help="the published sizes of the networks")
    arguments = parser.parse_args()
    faces, rounds = (320, 6) if arguments.quick else (arguments.faces, arguments.rounds)
    import_keras()
    results = {}
    for name in arguments.approaches:
        results[name] = measure(name, arguments.side, faces, arguments.batch_size, rounds, arguments.published)
        print(f"{name:20} ours {results[name]['ours_images_per_second']:>9} images/s   bare "
              f"{results[name]['bare_images_per_second']:>9}   ratio {results[name]['ratio']}   of work "
              f"{results[name]['work_ratio']}", flush=True)
    print(json.dumps({"benchmark": "training", "side": arguments.side, "batch_size": arguments.batch_size,
                      **describe_backend(), "results": results,
                      "least_ratio": min(result["ratio"] for result in results.values()),
                      "least_work_ratio": min(result["work_ratio"] for result in results.values())}))


if __name__ == "__main__":
    main()
