"""The chain of receipts behind a cell: each stage's output was made of what stands before it now, or is refused.

Without this check, a model trained again and embedded no more would be scored by the labels of its successor.
"""

from collections.abc import Callable
from pathlib import Path

from fecemo.errors import StoredStateError
from fecemo.packs.receipts import Receipt, digest_json, read_receipt, require_receipt
from fecemo.stages.layout import RunLayout

LINKS = (("model", "train"), ("embeddings", "embed"), ("clusters", "cluster"), ("names", "label"))
"""What is made of faces, in order, and the stage that makes it; the names are those in `Receipt.inputs`."""
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
        Of ``"model"``, ``"embeddings"``, ``"clusters"`` and ``"names"``, the ones that are read.

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
    packs = {"source": read_receipt(layout.source), "target": read_receipt(layout.target)}
    before = {name: receipt for name, receipt in packs.items() if receipt is not None}
    found: dict[str, Receipt] = {}
    for name, stage in LINKS:
        folder = folders[name](approach, variant)
        if name not in wanted:
            # What is not read may be absent, but where it stands it is a link all the same.
            receipt = read_receipt(folder)
            if receipt is not None:
                before[name] = receipt
            continue
        receipt = require_receipt(folder, stage)
        if (other := _made_of_another(receipt, before)) is not None:
            raise StoredStateError(f"{folder} was made of another {other} than the one that stands now; "
                                   f"run the {stage} stage again")
        before[name] = found[name] = receipt
    return found


def outdated(layout: RunLayout, approach: str, variant: str, receipt: Receipt) -> str | None:
    """Return the name of an artefact that has been made anew since ``receipt`` was made of it, or None."""
    folders = {"source": layout.source, "target": layout.target,
               **{name: folder(approach, variant) for name, folder in _folders(layout).items()}}
    present = {name: found for name, folder in folders.items() if (found := read_receipt(folder)) is not None}
    return _made_of_another(receipt, present)


def _made_of_another(receipt: Receipt, present: dict[str, Receipt]) -> str | None:
    return next((name for name, digest in receipt.inputs.items()
                 if name in present and present[name].digest != digest), None)


def _folders(layout: RunLayout) -> dict[str, Callable[[str, str], Path]]:
    return {"model": layout.model, "embeddings": layout.embeddings, "clusters": layout.clusters, "names": layout.names}


def clustering_digest(outputs: dict[str, str]) -> str:
    """Return the digest that names carry: of the centres and the source faces' clusters alone.

    Names given for a clustering stay good when other target faces are assigned to it.

    Parameters
    ----------
    outputs : dict of str to str
        Digests of the cluster stage's files: `Receipt.outputs`.
    """
    return digest_json({name: outputs[name] for name in NAMED_FILES})
