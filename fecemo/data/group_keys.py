"""Keys of clusters, and of the halves into which a person divides them: ``"3"``, ``"3a"``, ``"3b"``, ``"3ba"``.

To divide is an act of naming: the stored clustering stays as it is, the file of names says which groups were divided,
and who reads it computes the same halves by the same rule.
"""

import re
from collections.abc import Collection

_KEY = re.compile(r"(0|[1-9][0-9]*)[ab]*")


def is_key(text: str) -> bool:
    """Tell whether a text is the key of a cluster, or of a part of one."""
    return _KEY.fullmatch(text) is not None


def cluster_of(key: str) -> int:
    """Return the stored cluster to which a group belongs."""
    return int(key.rstrip("ab"))


def halves_of(key: str) -> tuple[str, str]:
    """Return the keys of a group's halves."""
    return f"{key}a", f"{key}b"


def key_order(key: str) -> tuple[int, str]:
    """Return what sorts keys: by cluster, a group before its halves."""
    return cluster_of(key), key.lstrip("0123456789")


def group_keys(n_clusters: int, divided: Collection[str]) -> list[str]:
    """Return, in order, the keys of the groups that have a name each: of undivided clusters and undivided halves.

    ``divided`` holds the keys of the groups that were divided.
    """
    def leaves(key: str) -> list[str]:
        return [leaf for half in halves_of(key) for leaf in leaves(half)] if key in divided else [key]

    return [leaf for cluster in range(n_clusters) for leaf in leaves(str(cluster))]
