"""How the terms of a loss are weighed against each other while a model trains."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BALANCES = "fecemo.training.balances"
"""This module, or the entry points of other distributions."""


@dataclass(frozen=True)
class Balance:
    """A way of weighing terms; its fields are what a recipe may set.

    Parameters
    ----------
    name : str
        Key in recipes; no setting.
    """

    name: str = field(default="", init=False)

    def total(self, terms: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return the loss that is descended.

        Parameters
        ----------
        terms : sequence of tensor of shape (), float32
            The loss of each term over the batch.
        weights : sequence of float
            What the recipe says of each.

        Returns
        -------
        tensor of shape (), float32
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Fixed(Balance):
    """Σ λ_k ℓ_k, each term by the weight that the recipe gives it."""

    name: str = field(default="fixed", init=False)

    def total(self, terms: Sequence[Any], weights: Sequence[float]) -> Any:
        """Return the weighted sum; see `Balance.total`."""
        return sum(weight * term for term, weight in zip(terms, weights, strict=True))


BALANCE = Fixed
