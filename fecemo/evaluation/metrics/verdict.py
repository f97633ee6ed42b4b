"""How a score stands to guessing, told by its intervals."""

from enum import StrEnum

from fecemo.evaluation.records.score import Score


class Verdict(StrEnum):
    """How a score stands to guessing."""

    ABOVE = "above chance"
    PARTLY = "partly above"
    AT = "at chance"
    BELOW = "below chance"


def verdict(score: Score) -> Verdict:
    """Tell a score from guessing by its intervals.

    Returns
    -------
    Verdict
        ``ABOVE`` if the whole interval of the accuracy lies above both the uniform guess and the majority's share;
        ``PARTLY`` if only the balanced accuracy's interval lies above one in as many emotions as were scored;
        ``BELOW`` if the whole interval of the accuracy lies under both guesses; else ``AT``.
    """
    guesses = (score.chance.uniform, score.chance.majority)
    accuracy, balanced = score.intervals["accuracy"], score.intervals["balanced_accuracy"]
    if accuracy.low > max(guesses):
        return Verdict.ABOVE
    if balanced.low > 1 / max(1, score.n_emotions):
        return Verdict.PARTLY
    return Verdict.BELOW if accuracy.high < min(guesses) else Verdict.AT
