"""The headline metrics: the figures of a score that have an interval, and what each of them means."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Headline:
    """One metric; higher is better for every one.

    Parameters
    ----------
    name : str
        Its field in `Score`, and its key in `Score.intervals`.
    title, short : str
        In full, and as a column's heading.
    meaning : str
        One sentence for a reader.
    printed : bool
        Whether the readable tables have a column for it; the CSV and JSON hold all.
    """

    name: str
    title: str
    short: str
    meaning: str
    printed: bool = True


HEADLINES = (
    Headline("accuracy", "Accuracy", "Accuracy", "Share of the scored faces that got the right emotion."),
    Headline("balanced_accuracy", "Balanced accuracy", "Balanced acc.",
             "Mean over emotions of the share of their faces that were recognised; rare emotions count as much as "
             "frequent ones."),
    Headline("macro_f1", "Macro F1", "Macro F1",
             "Mean over emotions of F1, the harmonic mean of recall and precision."),
    Headline("cohen_kappa", "Cohen's kappa", "Kappa",
             "Agreement beyond what the frequencies of truth and answers give by chance: 0 chance, 1 perfect."),
    Headline("krippendorff_alpha", "Krippendorff's alpha", "Alpha",
             "The same with the frequencies of truth and answers pooled (nominal): 0 chance, 1 perfect."),
    Headline("roc_auc", "ROC AUC", "ROC AUC",
             "How well faces of an emotion rank above the others by their score for it, one against rest, mean over "
             "emotions: one half is chance, 1 perfect."),
    Headline("pr_auc", "PR AUC", "PR AUC",
             "Average precision of the same ranking, mean over emotions; chance is the emotion's share of the faces."),
    Headline("class_kappa", "Kappa, mean over emotions", "Kappa by emotion",
             "Mean over emotions of Cohen's kappa of this emotion or another.", printed=False),
    Headline("class_alpha", "Alpha, mean over emotions", "Alpha by emotion",
             "Mean over emotions of Krippendorff's alpha of this emotion or another.", printed=False),
)

PAIRED = ("accuracy", "balanced_accuracy", "macro_f1", "cohen_kappa", "krippendorff_alpha")
"""Metrics that follow from answers alone, so that two cells can be compared face by face."""

RANKING_RULES = {
    "classifier": "Classifiers rank faces by their class probabilities.",
    "clusters": "Clusters rank them by the relative margin of the distances to the centres: with d the distance of a "
                "face to the nearest centre that bears the emotion's name and d′ to the nearest that does not, "
                "(d′ − d) / (d′ + d). It is above 0 exactly where the face's own cluster bears the name, and −1 for an "
                "emotion that none bears.",
}
"""What ranks faces for the areas under the curves, by how an approach predicts."""
