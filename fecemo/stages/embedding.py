"""Vectors of faces by a trained model: what the embed stage stores of a run's faces, and the judge stage of others."""

from pathlib import Path

from fecemo.data.array_set import array_files
from fecemo.data.arrays import write_arrays
from fecemo.stages.described_embedding import embed_descriptions
from fecemo.stages.face_vectors import FaceVectors
from fecemo.stages.measured_embedding import embed_measurements
from fecemo.stages.run_stage import StageResult
from fecemo.study.artifacts import embedded_faces
from fecemo.study.cell import TSNE_OUTPUT, Cell
from fecemo.study.faces.run_faces import RunFaces

BATCH_SIZE = 64


def embed_faces(cell: Cell, models: Path, faces: dict[str, RunFaces], vectors: dict[str, FaceVectors],
                folder: Path) -> StageResult:
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


def _embed(cell: Cell, models: Path, packs: dict[str, RunFaces], vectors: dict[str, FaceVectors],
           folder: Path) -> StageResult:
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
        rows = drawn_rows(len(its.pack), embedded_faces(cell) if name == "source" else None, cell.recipe.seed)
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
        if cell.tsne_output and name == "target":
            values, rows_file = array_files(TSNE_OUTPUT)
            write_outputs(folder / values, load_network(models / f"{cell.tsne_output}.keras"), loader, BATCH_SIZE,
                          f"embed {cell.title}: {cell.tsne_output}")
            write_arrays(folder, {rows_file.removesuffix(".npy"): rows})
            files += [values, rows_file]
    machine = describe_backend()
    return StageResult(files=files, message=f"{cell.title}: {length} numbers a face, "
                       + ", ".join(f"{count} {name} faces" for name, count in faces.items()),
                       summary={"faces": faces, "length": length, **machine}, machine=machine)
