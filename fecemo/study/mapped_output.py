"""Which output of a classifier is stored and mapped beside its probabilities, where a recipe asks for one."""

from fecemo.errors import InputError, nearest
from fecemo.models.approach import Approach

MAPPED = "mapped"
"""Name of the face array that holds it, of the target faces."""


def mapped_network(approach: Approach, mapped: str, key: str) -> str:
    """Return the network that gives an output, such as ``"features"``.

    Parameters
    ----------
    approach : Approach
    mapped : str
        As the phases of the approach name it.
    key : str
        Of the row in its recipe, for messages.

    Raises
    ------
    InputError
        If no map can be drawn of it.
    """
    if approach.predicts_by == "clusters":
        raise InputError(f"{key}.mapped: {approach.name} is mapped by its embeddings; leave the key out")
    networks = {kind: network for phase in approach.phases for kind, network in phase.outputs.items()}
    if mapped not in networks:
        raise InputError(f"{key}.mapped: {approach.name} gives no {mapped!r}: {nearest(mapped, networks)}")
    return networks[mapped]
