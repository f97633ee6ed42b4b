"""Our embedding of a data set, on its way to disk, against Keras's ``predict`` on an array in memory.

    python benchmarks/embedding.py            10,000 faces at 48 pixels, the convolutional encoder
    python benchmarks/embedding.py --quick    1,000 faces

Ours reads whole faces from a memory map, views them on the device and writes the embeddings to a file; ``predict`` is
given pixels that somebody has viewed and reduced before, and leaves its result in memory. What reducing costs is
measured by itself; at 200 pixels nothing is reduced.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from fecemo.data.variants import variants
from fecemo.models.approach import approaches
from fecemo.training.backend import describe_backend, import_keras

BATCH = 64
FILTERS = (8, 12, 16)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 faces")
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=48, help="pixels a side")
    parser.add_argument("--published", action="store_true", help="the published sizes of the network")
    arguments = parser.parse_args()
    faces = 1000 if arguments.quick else arguments.faces
    import_keras()

    from fecemo.training.device_view import DeviceView
    from fecemo.training.loader import Loader
    from fecemo.training.order import padded_batches
    from fecemo.training.outputs import write_outputs
    from fecemo.training.step import part_of

    approach = approaches.find("conv_autoencoder")
    config = approach.config() if arguments.published else approach.config(filters=FILTERS)
    shape = (arguments.side, arguments.side, 3)
    encoder = part_of(approach.model(config, {"image": shape}, 8, 0), ("embedding",))
    with tempfile.TemporaryDirectory() as folder:
        stored = np.lib.format.open_memmap(Path(folder) / "faces.npy", "w+", np.uint8, (faces, 200, 200, 3))
        random = np.random.default_rng(0)
        for start in range(0, faces, BATCH):
            stored[start : start + BATCH] = random.integers(0, 256, (min(BATCH, faces - start), 200, 200, 3), np.uint8)
        view = DeviceView(variants.find("rgb"), arguments.side)
        loader = Loader({"image": stored}, np.arange(faces), view, resident_bytes=0)
        pixels = np.empty((faces, *shape), np.float32)
        seconds = {}
        for name in ("first", "ours", "view alone", "predict"):
            started = time.perf_counter()
            if name in ("first", "ours"):
                write_outputs({"embedding": Path(folder) / "out.npy"}, encoder, loader, BATCH, f"embed, {name} pass")
            elif name == "view alone":
                for batch, positions, n in loader.batches(padded_batches(np.arange(faces), BATCH)):
                    pixels[positions[:n]] = np.asarray(batch["image"])[:n]
            else:
                made = encoder.predict({"image": pixels}, batch_size=BATCH, verbose=0)["embedding"]
            seconds[name] = time.perf_counter() - started
        same = bool(np.allclose(np.load(Path(folder) / "out.npy"), made, rtol=1e-4, atol=1e-4))
    rates = {name: faces / spent for name, spent in seconds.items() if name != "first"}
    for name, rate in rates.items():
        print(f"{name:12} {rate:>10,.0f} faces/s")
    print(json.dumps({"benchmark": "embedding", "faces": faces, "side": arguments.side, **describe_backend(),
                      "results": {"same_numbers": same, "of_predict": round(rates["ours"] / rates["predict"], 3),
                                  "of_view_and_predict": round((seconds["view alone"] + seconds["predict"])
                                                               / seconds["ours"], 3)}}))


if __name__ == "__main__":
    main()
