"""How the terms of a loss are weighed against each other while a model trains.

Losses of unlike size, such as a cross-entropy and squared gray levels, drown each other in a sum. A balance sets a
factor to each from what was seen of them so far. Validation, the best epoch and the learning curve's loss are of the
plain sum always, by the recipe's weights: what a balance goes down is no yardstick, because it moves.

Others come from entry points in the group ``fecemo.balances``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from fecemo.data.ranges import Ranged, ranged
from fecemo.lazy_keras import ops
from fecemo.registry import Registry

EPSILON = 1e-8
"""Losses are divided by no less than this."""
State = Mapping[str, Any]
"""Arrays by name, float32, of shape (k,) for the k terms of a phase."""


@dataclass(frozen=True)
class Balance(Ranged):
    """A way of weighing terms; its fields are what a recipe may set.

    Attributes
    ----------
    learned : tuple of str
        Parts of the state that the optimizer learns, as it learns weights.
    """

    name: str = field(default="", init=False)  #: Key in recipes; no setting.

    learned: ClassVar[tuple[str, ...]] = ()

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return what is remembered, as it is before the first step; it is kept in checkpoints."""
        return {}

    def update_state(self, terms: Any, counts: Any, state: State) -> dict[str, Any]:
        """Return the parts of the state that a batch changes, before `total` is asked of that batch.

        Parameters
        ----------
        terms, counts
            See `total`; no gradient flows through them.
        state : mapping of str to tensor
        """
        return {}

    def next_epoch(self, state: State) -> dict[str, Any]:
        """Return the parts of the state that the beginning of an epoch changes; of the first one too."""
        return {}

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the loss that is descended.

        Parameters
        ----------
        terms : tensor of shape (k,), float32
            Of each term the mean over those examples of the batch whose target is known; 0 where there are none.
        weights : tensor of shape (k,), float32
            λ, what the recipe says of each.
        state : mapping of str to tensor

        Returns
        -------
        tensor of shape (), float32
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Fixed(Balance):
    """Σ λ_i L_i, each term by the weight that the recipe gives it."""

    name: str = field(default="fixed", init=False)

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the weighted sum; see `Balance.total`."""
        return ops.sum(weights * terms)


@dataclass(frozen=True)
class EMA(Balance):
    """Σ λ_i L_i / E_i with E_i ← β E_i + (1 − β) L_i, a constant for the gradient (Lakkapragada et al. 2023).

    E_i begins at the first L_i, so that the first steps are not blown up. A loss in other units, c L_i, has the same
    gradient. β = 0 gives that of Σ log L_i, and β towards 1 fixed weights. The text gives no β.
    """

    beta: float = ranged(0.9, min=0, below=1)  #: β, in [0, 1).
    name: str = field(default="ema", init=False)

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return ``averages``, E, and ``averaged``, 1 for terms that have been seen."""
        return {"averages": np.zeros(n_terms, np.float32), "averaged": np.zeros(n_terms, np.float32)}

    def update_state(self, terms: Any, counts: Any, state: State) -> dict[str, Any]:
        """Return the averages; those of terms without a known example stay; see `Balance.update_state`."""
        present = ops.cast(counts > 0, "float32")
        averages = ops.where(state["averaged"] > 0, self.beta * state["averages"] + (1 - self.beta) * terms, terms)
        return {"averages": ops.where(present > 0, averages, state["averages"]),
                "averaged": ops.maximum(state["averaged"], present)}

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the sum of the terms, each divided by its average; see `Balance.total`."""
        return ops.sum(weights * _divided(terms, state))


@dataclass(frozen=True)
class DWA(Balance):
    """Σ λ_i w_i L_i, w_i = K exp(r_i / T) / Σ_k exp(r_k / T), K the terms (Liu, Johns and Davison 2019, equation 7).

    r_i is the mean of L_i over the last epoch, divided by that over the epoch before: a term that falls slowly counts
    more. In the first two epochs w_i is 1.
    """

    temperature: float = ranged(2.0, above=0)  #: T.
    name: str = field(default="dwa", init=False)

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return the running epoch's ``sums`` and ``counts``, the means ``last`` and ``before``, and the ``epochs``."""
        return {name: np.zeros(n_terms, np.float32) for name in ("sums", "counts", "last", "before", "epochs")}

    def update_state(self, terms: Any, counts: Any, state: State) -> dict[str, Any]:
        """Return the sums of the running epoch; see `Balance.update_state`."""
        return {"sums": state["sums"] + counts * terms, "counts": state["counts"] + counts}

    def next_epoch(self, state: State) -> dict[str, Any]:
        """Return the means of the epochs that are over, and sums that begin anew; see `Balance.next_epoch`."""
        ran = state["counts"] > 0
        nothing = ops.zeros_like(state["sums"])
        return {"before": ops.where(ran, state["last"], state["before"]),
                "last": ops.where(ran, state["sums"] / ops.maximum(state["counts"], 1.0), state["last"]),
                "epochs": state["epochs"] + ops.cast(ran, "float32"), "sums": nothing, "counts": nothing}

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the weighted sum, slow terms counting more; see `Balance.total`."""
        return ops.sum(weights * self.factors(state) * terms)

    def rates(self, state: State) -> Any:
        """Return r of each term, 1 in the first two epochs: tensor of shape (k,)."""
        rates = state["last"] / ops.maximum(state["before"], EPSILON)
        return ops.where(ops.min(state["epochs"]) >= 2, rates, ops.ones_like(rates))

    def factors(self, state: State) -> Any:
        """Return w of each term, 1 in the first two epochs: tensor of shape (k,)."""
        rates = self.rates(state)
        return rates.shape[0] * ops.softmax(rates / self.temperature)


@dataclass(frozen=True)
class RatedEMA(EMA):
    """Σ λ_i r_i L_i / E_i, r of `DWA` and E of `EMA`: our reading of "Rated EMA" (Lakkapragada et al. 2023).

    The text that could be read says that it combines EMA with DWA and scales by magnitude before it adjusts by rates,
    and prints no formula.
    """

    name: str = field(default="rema", init=False)

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return the states of `EMA` and `DWA`."""
        return {**super().init_state(n_terms), **self._rates().init_state(n_terms)}

    def update_state(self, terms: Any, counts: Any, state: State) -> dict[str, Any]:
        """Return both states; see `Balance.update_state`."""
        return {**super().update_state(terms, counts, state),
                **self._rates().update_state(terms, counts, state)}

    def next_epoch(self, state: State) -> dict[str, Any]:
        """Return the state of `DWA`; see `Balance.next_epoch`."""
        return self._rates().next_epoch(state)

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the sum of the divided terms, each by its rate; see `Balance.total`."""
        return ops.sum(weights * self._rates().rates(state) * _divided(terms, state))

    def _rates(self) -> DWA:
        return DWA()


@dataclass(frozen=True)
class DynamicWeightedEMA(RatedEMA):
    """Σ λ_i w_i L_i / E_i, w of `DWA` and E of `EMA`: our reading of "Dynamic Weighted EMA"; see `RatedEMA`."""

    temperature: float = ranged(2.0, above=0)  #: See `DWA`.
    name: str = field(default="dwema", init=False)

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the sum of the divided terms, slow ones counting more; see `Balance.total`."""
        return ops.sum(weights * self._rates().factors(state) * _divided(terms, state))

    def _rates(self) -> DWA:
        return DWA(self.temperature)


@dataclass(frozen=True)
class Uncertainty(Balance):
    """Σ λ_i L_i / (2 exp s_i) + s_i / 2, s learned with the weights (Kendall, Gal and Cipolla 2018, section 3.2)."""

    begin: float = -0.5  #: s_i, the logarithm of a term's variance, before the first step.
    name: str = field(default="uncertainty", init=False)

    learned = ("log_variances",)

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return ``log_variances``, s."""
        return {"log_variances": np.full(n_terms, self.begin, np.float32)}

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the sum of the terms by their precision, and what uncertainty costs; see `Balance.total`."""
        logs = state["log_variances"]
        return ops.sum(weights * terms * ops.exp(-logs) / 2 + logs / 2)


@dataclass(frozen=True)
class Geometric(Balance):
    """(Π λ_i L_i)^(1/k), the geometric mean of the k terms of which a batch knows an example.

    That of Pourmirzaei, Montazer and Esmaili's code in the place of a sum: √(30 L_emotion · L_tiles), L_tiles the mean
    over the tiles of a jigsaw. A loss in other units, c L_i, changes the length of the gradient and not its direction;
    a term that nears 0 takes the others with it. Weights must be above 0 to count.
    """

    name: str = field(default="geometric", init=False)

    def init_state(self, n_terms: int) -> dict[str, np.ndarray]:
        """Return ``present``, 1 for the terms of which the batch knows an example."""
        return {"present": np.ones(n_terms, np.float32)}

    def update_state(self, terms: Any, counts: Any, state: State) -> dict[str, Any]:
        """Return which terms the batch knows; see `Balance.update_state`."""
        return {"present": ops.cast(counts > 0, "float32")}

    def total(self, terms: Any, weights: Any, state: State) -> Any:
        """Return the geometric mean of the weighted terms, 0 where there is none; see `Balance.total`."""
        counted = state["present"] * ops.cast(weights > 0, "float32")
        logs = ops.log(ops.maximum(ops.where(counted > 0, weights * terms, 1.0), EPSILON))
        number = ops.sum(counted)
        return ops.where(number > 0, ops.exp(ops.sum(logs) / ops.maximum(number, 1.0)), 0.0)


def _divided(terms: Any, state: State) -> Any:
    return terms / ops.stop_gradient(ops.maximum(state["averages"], EPSILON))


balances = Registry[type[Balance]]("fecemo.training.balances", "BALANCE", "balance")
BALANCE = (Fixed, EMA, DWA, RatedEMA, DynamicWeightedEMA, Uncertainty, Geometric)
