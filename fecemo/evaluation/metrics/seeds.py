"""Scores of one cell under several seeds: mean and spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from fecemo.errors import StoredStateError
from fecemo.evaluation.records.headline import HEADLINES
from fecemo.evaluation.records.score import Score


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


def share_a_test(scores: Sequence[Score]) -> bool:
    """Tell whether scores of one cell were taken on the same faces, as a mean over them must be.

    Where the unused labels are scored, seeds draw them differently and the same rule is enough.
    """
    rules = {score.score_on for score in scores}
    return len(rules) <= 1 and (rules != {"test"} or len({score.scored_faces for score in scores}) == 1)


def spread_over_seeds(scores: Sequence[Score]) -> SeedSpread | None:
    """Return mean and spread of one cell's scores, or None for fewer than two.

    Raises
    ------
    StoredStateError
        If the scores are of different cells or recipes, were taken on different tests, or two have the same seed.
    """
    if len(scores) < 2:
        return None
    if len({(score.recipe, score.approach, score.variant) for score in scores}) > 1:
        raise StoredStateError("scores of different cells or recipes cannot be joined to a mean")
    if not share_a_test(scores):
        on = ", ".join(f"seed {score.seed} on {score.score_on} ({score.n_scored} faces, {score.scored_faces[:12]}…)"
                       for score in scores)
        raise StoredStateError(f"{scores[0].recipe} {scores[0].approach} {scores[0].variant} was scored on different "
                               f"tests, which a mean would mix: {on}; run the evaluate stage again on the same faces")
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
