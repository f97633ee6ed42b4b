"""The chain of receipts behind a cell: each stage's output was made of what stands before it now, or is refused.

Without this check, a model trained again and embedded no more would be scored by the labels of its successor.
"""

from collections.abc import Callable
from pathlib import Path

from fecemo.data.array_set import array_files
from fecemo.data.receipts import Receipt, digest_json, read_receipt, require_receipt
from fecemo.errors import StoredStateError
from fecemo.study.layout import RunLayout

LINKS = (("model", "train"), ("embeddings", "embed"), ("clusters", "cluster"), ("assigned", "cluster"),
         ("names", "label"), ("triplet_answers", "triplet_test"))
"""What is made of faces, in order, and the stage that makes it; the names are those in `Receipt.inputs`."""
EMBEDDINGS_OF = "embeddings of "
"""What an input of a model begins with that learns from the embeddings of another row; the row's name follows."""
NAMED_FILES = ("centres.npy", "source_clusters.npy")
"""What names belong to: the groups, and not where other faces fall among them."""


def require_chain(layout: RunLayout, approach: str, variant: str, *wanted: str) -> dict[str, Receipt]:
    """Return the receipts of a cell's artefacts, each checked against the ones it was made of.

    Parameters
    ----------
    layout : RunLayout
    approach, variant : str
        The cell.
    *wanted : str
        Of ``"model"``, ``"embeddings"``, ``"clusters"``, ``"assigned"``, ``"names"`` and ``"triplet_answers"``, the
        ones that are read.

    Returns
    -------
    dict of str to Receipt
        The wanted ones.

    Raises
    ------
    StoredStateError
        If one has not finished, or was made of something that has since been made anew.
    """
    folders = _folders(layout)
    before = _present(_faces(layout))
    found: dict[str, Receipt] = {}
    for name, stage in LINKS:
        folder = folders[name](approach, variant)
        if name not in wanted:
            # What is not read may be absent, but where it stands it is a link all the same.
            before |= _present({name: folder})
            continue
        receipt = require_receipt(folder, stage)
        before |= _others(layout, variant, receipt)
        if (other := _made_of_another(receipt, before)) is not None:
            raise StoredStateError(f"{folder} was made of another {other} than the one that stands now; "
                                   f"run the {stage} stage again")
        found[name] = receipt
        before |= _digests(name, receipt)
    return found


def outdated(layout: RunLayout, approach: str, variant: str, receipt: Receipt) -> str | None:
    """Return the name of an artefact that has been made anew since ``receipt`` was made of it, or None."""
    folders = {**_faces(layout),
               **{name: folder(approach, variant) for name, folder in _folders(layout).items()}}
    if (other := _made_of_another(receipt, _present(folders))) is not None:
        return other
    model = read_receipt(layout.model(approach, variant))
    behind = {} if model is None else model.inputs
    for name, row in _rows_behind(behind).items():
        embedded = read_receipt(layout.embeddings(row, variant))
        if embedded is None or behind[name] != embedded.digest or outdated(layout, row, variant, embedded):
            return name
    return None


def embeddings_of(row: str) -> str:
    """Return what the embeddings of another row are called among the inputs of what is made of them."""
    return EMBEDDINGS_OF + row


def source_digest(embeddings: Receipt) -> str:
    """Return the digest of the source faces' embeddings: all that a clustering is made of.

    The clustering stays good when other target faces are embedded.
    """
    return digest_json({name: embeddings.outputs.get(name) for name in array_files("source")})


def _present(folders: dict[str, Path]) -> dict[str, str]:
    """Return the digests of what has finished."""
    present: dict[str, str] = {}
    for name, folder in folders.items():
        receipt = read_receipt(folder)
        if receipt is not None:
            present |= _digests(name, receipt)
    return present


def _digests(name: str, receipt: Receipt) -> dict[str, str]:
    """Return the digest of an artefact, and of each part of it that something else is made of."""
    parts = {"source_embeddings": source_digest(receipt)} if name == "embeddings" else {}
    return {name: receipt.digest, **parts}


def _others(layout: RunLayout, variant: str, receipt: Receipt) -> dict[str, str]:
    """Return the digests of other rows' embeddings that something was made of, each with a whole chain behind it."""
    return {name: require_chain(layout, row, variant, "model", "embeddings")["embeddings"].digest
            for name, row in _rows_behind(receipt.inputs).items()}


def _rows_behind(inputs: dict[str, str]) -> dict[str, str]:
    """Return the rows whose embeddings something was made of, by what its inputs call them."""
    return {name: name.removeprefix(EMBEDDINGS_OF) for name in inputs if name.startswith(EMBEDDINGS_OF)}


def _made_of_another(receipt: Receipt, present: dict[str, str]) -> str | None:
    return next((name for name, digest in receipt.inputs.items()
                 if name in present and present[name] != digest), None)


def _faces(layout: RunLayout) -> dict[str, Path]:
    packs = {"source": layout.source, "target": layout.target, "triplet_test": layout.triplet_test_faces}
    return {**packs, **{f"{name}_measurements": layout.measurements(name) for name in packs},
            **{f"{name}_aligned": layout.aligned(name) for name in packs}}


def _folders(layout: RunLayout) -> dict[str, Callable[[str, str], Path]]:
    return {"model": layout.model, "embeddings": layout.embeddings, "clusters": layout.clusters,
            "assigned": layout.assigned, "names": layout.names, "triplet_answers": layout.triplet_test}


def clustering_digest(outputs: dict[str, str]) -> str:
    """Return the digest that names carry: of the centres and the source faces' clusters alone.

    Names given for a clustering stay good when other target faces are assigned to it.

    Parameters
    ----------
    outputs : dict of str to str
        Digests of the cluster stage's files: `Receipt.outputs`.
    """
    return digest_json({name: outputs[name] for name in NAMED_FILES})
