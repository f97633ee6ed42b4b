"""Scores of one cell under several seeds: mean and spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from fecemo.errors import StoredStateError
from fecemo.evaluation.headline import HEADLINES
from fecemo.evaluation.score import Score


@dataclass(frozen=True)
class Spread:
    """One metric over seeds.

    Parameters
    ----------
    mean : float
    deviation : float
        Standard deviation of a sample (n − 1).
    low, high : float
        The least and the greatest value.
    """

    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class SeedSpread:
    """A cell over seeds.

    Parameters
    ----------
    seeds : tuple of int
        Ascending; at least two.
    metrics : dict of str to Spread
        By headline metric; one that is not defined under every seed is absent.
    """

    seeds: tuple[int, ...]
    metrics: dict[str, Spread]


def spread_over_seeds(scores: Sequence[Score]) -> SeedSpread | None:
    """Return mean and spread of one cell's scores, or None for fewer than two.

    Raises
    ------
    StoredStateError
        If the scores are of different cells or recipes, or two have the same seed.
    """
    if len(scores) < 2:
        return None
    if len({(score.recipe, score.approach, score.variant) for score in scores}) > 1:
        raise StoredStateError("scores of different cells or recipes cannot be joined to a mean")
    seeds = sorted(score.seed for score in scores)
    if len(set(seeds)) < len(seeds):
        raise StoredStateError(f"{scores[0].recipe} {scores[0].approach} {scores[0].variant}: two runs have the same "
                               f"seed ({', '.join(map(str, seeds))}); a spread needs different ones")
    metrics = {}
    for headline in HEADLINES:
        values = [value for score in scores if (value := score.metric(headline.name)) is not None]
        if len(values) == len(scores):
            metrics[headline.name] = Spread(fmean(values), stdev(values), min(values), max(values))
    return SeedSpread(tuple(seeds), metrics)
