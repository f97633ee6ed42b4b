"""How far two people agree who named the same clusters."""

from dataclasses import dataclass

from fecemo.data.cluster_names import ClusterNames
from fecemo.data.cluster_parts import cluster_of, key_order
from fecemo.errors import StoredStateError


@dataclass(frozen=True)
class Agreement:
    """Agreement of two raters on the clusters that both named.

    Parameters
    ----------
    both : int
        Clusters that both named. What one named whole and the other by its halves counts as the halves.
    share : float or None
        Share of them with one and the same name; None where there are none.
    kappa : float or None
        Cohen's kappa; None where it is not defined, because both used one and the same name throughout, or nothing was
        named by both.
    differing : dict of str to (str, str)
        The two names of each cluster on which they differ.
    """

    both: int
    share: float | None
    kappa: float | None
    differing: dict[str, tuple[str, str]]


def compare_raters(first: ClusterNames, second: ClusterNames) -> Agreement:
    """Compare two people's names of one clustering. ``"mixed"``, ``"not a face"`` and ``"skip"`` count as names.

    The name of a whole cluster is that of its halves too. Where both divided a group into different halves, neither
    theirs nor what is below can be compared.

    Raises
    ------
    StoredStateError
        If they named different clusterings.
    """
    if first.clustering != second.clustering:
        raise StoredStateError(f"the names of {first.by!r} and of {second.by!r} belong to different clusterings "
                               f"({first.clustering[:12]}… and {second.clustering[:12]}…) and cannot be compared")
    named = {*first.names, *second.names}
    wholes = {above for key in named for above in _with_wholes(key)[1:]}
    unlike = {key for key in first.divided.keys() & second.divided.keys() if first.divided[key] != second.divided[key]}
    told = {key: (_name(first, key), _name(second, key)) for key in sorted(named - wholes, key=key_order)
            if not unlike.intersection(_with_wholes(key)[1:])}
    shared = [key for key, names in told.items() if all(names)]
    pairs = [told[key] for key in shared]
    if not pairs:
        return Agreement(0, None, None, {})
    share = sum(one == other for one, other in pairs) / len(pairs)
    used = {name for pair in pairs for name in pair}
    by_chance = sum(sum(one == name for one, _ in pairs) * sum(other == name for _, other in pairs) for name in used)
    by_chance_share = by_chance / len(pairs) ** 2
    return Agreement(
        both=len(pairs), share=share,
        kappa=None if len(used) == 1 else (share - by_chance_share) / (1 - by_chance_share),
        differing={cluster: pair for cluster, pair in zip(shared, pairs, strict=True) if pair[0] != pair[1]},
    )


def _with_wholes(key: str) -> list[str]:
    """Return a group and those of which it is a part, itself first and the cluster last."""
    return [key[:end] for end in range(len(key), len(str(cluster_of(key))) - 1, -1)]


def _name(names: ClusterNames, key: str) -> str:
    return next((names.names[whole] for whole in _with_wholes(key) if whole in names.names), "")
