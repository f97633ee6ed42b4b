"""Map: embeddings → a t-SNE map of source faces with target faces placed into it; or of a classifier's features."""

from pathlib import Path

import numpy as np

from fecemo.clustering.tsne import draw_map, neighbour_accuracy
from fecemo.data.arrays import FaceArray, draw_faces, read_array, read_output, write_arrays
from fecemo.data.receipts import Receipt
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.study.cell import Cell
from fecemo.study.faces.data_names import SOURCE, TARGET
from fecemo.study.layout import RunLayout


def run(arguments: CellArguments) -> Receipt:
    """Draw the t-SNE map of one cell's source embeddings and place its target faces into it.

    Writes for the roles source and target ``ROLE_map.npy`` (n, 2) float32 and ``ROLE_rows.npy`` (n,) int64, the rows
    of the data set. Where the recipe asks for a map of a classifier's features, both are faces of the target: the
    source are those that it learned from, and the others are placed among them. The receipt says how many of a face's
    ten nearest neighbours the map kept.

    Raises
    ------
    InputError
        If the row has neither clusters nor features to map, or there are fewer than ten source faces.
    StoredStateError
        If the embeddings are missing or hold values that are no numbers.
    """
    cell, layout = arguments.mapped_cell(), arguments.layout
    arguments.artifacts.require("outputs", arguments.approach, arguments.variant)
    settings, seed = cell.recipe.map, cell.recipe.seed

    def work(folder: Path) -> StageResult:
        rng = np.random.default_rng(seed)
        source, target = (_learnt_and_others if cell.tsne_output else _source_and_target)(cell, layout)
        source = draw_faces(source, settings.source_faces, rng)
        target = draw_faces(target, settings.target_faces, rng)
        drawn = draw_map(source.values, target.values, settings, seed, title=cell.title)
        files = write_arrays(folder, {
            "source_map": drawn.source, "source_rows": source.rows,
            "target_map": drawn.target, "target_rows": target.rows,
        })
        kept = neighbour_accuracy(source.values, source.values, drawn.source, drawn.source, seed=seed)
        kept_of_target = neighbour_accuracy(target.values, source.values, drawn.target, drawn.source, seed=seed)
        return StageResult(
            files=files,
            message=f"{len(source.rows)} {'learnt' if cell.tsne_output else 'source'} and {len(target.rows)} "
                 f"{'other' if cell.tsne_output else 'target'} faces; {kept:.0%} of the ten nearest kept",
            summary={
                "neighbour_accuracy": kept,
                "neighbour_accuracy_of_chance": min(1.0, 10 / (len(source.rows) - 1)),
                "target_neighbour_accuracy": kept_of_target if len(target.rows) else None,
                "perplexity": drawn.perplexity, "explained_variance": drawn.explained,
                "kl_divergence": drawn.kl_divergence,
            },
        )

    return run_artifact(arguments.artifacts, "map", cell, work)


def _source_and_target(cell: Cell, layout: RunLayout) -> list[FaceArray]:
    """Return the embedded source faces and the target faces: none of these where the recipe names no target."""
    folder, target = layout.outputs(cell.row, cell.variant.name), cell.recipe.roles.target
    faces = read_output(folder, cell.recipe.role(SOURCE), cell.approach.output)
    none = FaceArray(faces.rows[:0], faces.values[:0])
    return [faces, none if target is None else read_output(folder, target, cell.approach.output)]


def _learnt_and_others(cell: Cell, layout: RunLayout) -> list[FaceArray]:
    """Return the mapped output of the faces that a classifier learned from, and that of all other target faces."""
    where = (cell.row, cell.variant.name)
    faces = read_output(layout.outputs(*where), cell.recipe.role(TARGET), str(cell.tsne_output))
    learnt = np.isin(faces.rows, read_array(layout.model(*where), "labelled_rows", "train"))
    return [FaceArray(faces.rows[mask], faces.values[mask]) for mask in (learnt, ~learnt)]
