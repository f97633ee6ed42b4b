"""Embed: a cell's trained model and the faces → its outputs: embeddings, class probabilities."""

from fecemo.data.cluster_names import read_not_faces
from fecemo.data.receipts import Receipt
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.embedding import embed_faces
from fecemo.stages.face_inputs import read_inputs
from fecemo.stages.run_stage import run_artifact
from fecemo.study.faces.columns import read_run_faces
from fecemo.training.backend import backend_name


def run(arguments: CellArguments) -> Receipt:
    """Embed the faces of one cell.

    Writes the outputs that the approach reads, ``DATASET/OUTPUT.npy``, of all target faces and, where clusters are to
    be made, of the source faces that were trained on: one flattened vector a face, float32, with the faces' rows in the
    data set beside, ``DATASET/rows.npy``. Where the recipe asks for a map of another output of a classifier, such as
    ``features``, that of the target faces is stored likewise.

    Raises
    ------
    StoredStateError
        If the cell is not trained, a data set is missing, or the row whose embeddings are taken is not embedded.
    ResourceError
        If the disk is full or the Keras backend not installed.
    """
    cell, layout = arguments.cell(), arguments.layout
    models = layout.model(cell.row, cell.variant.name)
    arguments.artifacts.require("model", cell.row, cell.variant.name)
    faces = {name: read_run_faces(layout, name, cell.takes_landmarks, cell.faces_seen)
             for name in cell.embedded.values()}
    inputs = read_inputs(cell, arguments.artifacts, faces)
    return run_artifact(arguments.artifacts, "outputs", cell,
                        machine={"threads": cell.recipe.threads, "backend": backend_name()},
                        work=lambda folder: embed_faces(cell, models, faces, inputs, folder,
                                                         read_not_faces(layout.labels)))
