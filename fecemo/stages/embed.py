"""Run a cell's trained network over the faces, for what comes after: embeddings, or class probabilities."""

from pathlib import Path
from typing import Any

from fecemo.data.array_set import array_files
from fecemo.data.arrays import write_arrays
from fecemo.data.receipts import Receipt
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.chain import require_chain
from fecemo.stages.described_embedding import describes_pictures, embed_descriptions
from fecemo.stages.face_vectors import FaceVectors, read_vectors
from fecemo.stages.measured_embedding import embed_measurements
from fecemo.stages.work import Work, plain, run_stage
from fecemo.study.cell import Cell
from fecemo.study.faces.example_set import embedded, find_example_set
from fecemo.study.faces.run_faces import RunFaces, read_run_faces
from fecemo.study.mapped_output import MAPPED
from fecemo.training.backend import backend_name

STAGE = "embed"
BATCH_SIZE = 64


def run(arguments: CellArguments) -> Receipt:
    """Embed the faces of one cell.

    Writes ``target.npy`` for all target faces and, where clusters are to be made, ``source.npy`` for the source faces
    that were trained on, each with its ``_rows.npy``: one flattened vector a face, float32. Where the recipe asks for a
    map of another output of a classifier, ``mapped.npy`` holds that of all target faces.

    Raises
    ------
    StoredStateError
        If the cell is not trained, a pack is missing, or the row whose embeddings are taken is not embedded.
    ResourceError
        If the disk is full or the Keras backend not installed.
    """
    cell, layout = arguments.cell(), arguments.layout
    models = layout.model(cell.row, cell.variant.name)
    trained = require_chain(layout, cell.row, cell.variant.name, "model")["model"]
    faces = {name: read_run_faces(layout, name, measured, cell.faces_seen)
             for name, measured in embedded(cell.approach).items()}
    config = embed_config(cell) | {"threads": cell.recipe.threads, "backend": backend_name()}
    vectors, made_of = read_vectors(cell, layout, faces)
    inputs = {"model": trained.digest, **made_of}
    for name, its in faces.items():
        inputs |= its.digests(name)
    return run_stage(STAGE, layout.embeddings(cell.row, cell.variant.name), config=config, inputs=inputs,
                     seed=cell.recipe.seed, work=lambda folder: embed_faces(cell, models, faces, vectors, folder))


def embed_config(cell: Cell) -> dict[str, Any]:
    """Return all of a recipe that shapes a cell's embeddings, as the receipt holds it beside the machine."""
    return plain({"network": cell.approach.output, "variant": cell.variant, "side": cell.side,
                  "faces": _source_faces(cell), "seed": cell.recipe.seed,
                  **({"mapped": cell.mapped} if cell.mapped else {}),
                  **({"described": cell.model} if describes_pictures(cell.approach) else {})})


def embed_faces(cell: Cell, models: Path, faces: dict[str, RunFaces], vectors: dict[str, FaceVectors],
                folder: Path) -> Work:
    """Write one vector a face of every pack, as the cell's networks or, without networks, its approach makes it.

    Parameters
    ----------
    cell : Cell
    models : Path
        Folder of the trained networks.
    faces : dict of str to RunFaces
        By the name of the pack, which the files are called by.
    vectors : dict of str to FaceVectors
        What enters in the place of pixels; empty where pixels enter.
    folder : Path
    """
    if cell.approach.networks:
        return _embed(cell, models, faces, vectors, folder)
    return embed_measurements(cell, vectors, models, folder) if vectors else embed_descriptions(cell, faces, folder)


def _source_faces(cell: Cell) -> int | None:
    """Return to how many source faces the phase behind the output was limited."""
    sets = {phase.name: find_example_set(phase.faces) for phase in cell.approach.phases}
    return next((cell.fit[name].faces for name, one in sets.items() if one.pack == "source" and one.faces_each == 1),
                None)


def _embed(cell: Cell, models: Path, packs: dict[str, RunFaces], vectors: dict[str, FaceVectors],
           folder: Path) -> Work:
    from fecemo.training.backend import describe_backend, import_keras

    import_keras(cell.recipe.threads)
    from fecemo.training.device_view import DeviceView
    from fecemo.training.loader import Loader
    from fecemo.training.network_file import load_network
    from fecemo.training.order import drawn_rows
    from fecemo.training.outputs import write_outputs

    network = load_network(models / f"{cell.approach.output}.keras")
    view = None if vectors else DeviceView(cell.variant, cell.side)
    files: list[str] = []
    faces: dict[str, int] = {}
    length = 0
    for name, its in packs.items():
        rows = drawn_rows(len(its.pack), _source_faces(cell) if name == "source" else None, cell.recipe.seed)
        if vectors and name == "source":
            # As with measurements themselves: clusters are made of faces whose vectors can be trusted.
            rows = rows[vectors[name].trusted[rows]]
        # Each face goes through once: there is nothing to gain by keeping it.
        loader = Loader({"input": vectors[name] if vectors else its.seen}, rows, view, resident_bytes=0)
        values, rows_file = array_files(name)
        length = write_outputs(folder / values, network, loader, BATCH_SIZE, f"embed {cell.title}: {name}")
        write_arrays(folder, {rows_file.removesuffix(".npy"): rows})
        files += [values, rows_file]
        faces[name] = len(rows)
        if cell.mapped and name == "target":
            values, rows_file = array_files(MAPPED)
            write_outputs(folder / values, load_network(models / f"{cell.mapped}.keras"), loader, BATCH_SIZE,
                          f"embed {cell.title}: {cell.mapped}")
            write_arrays(folder, {rows_file.removesuffix(".npy"): rows})
            files += [values, rows_file]
    machine = describe_backend()
    return Work(files=files, said=f"{cell.title}: {length} numbers a face, "
                + ", ".join(f"{count} {name} faces" for name, count in faces.items()),
                summary={"faces": faces, "length": length, **machine}, machine=machine)
