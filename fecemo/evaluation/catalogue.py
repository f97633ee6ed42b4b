"""Every metric of the results: its name, what it is, and what chance gives."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Headline:
    """A metric of a score that has an interval; higher is better for every one."""

    name: str  #: Its field in `Score`, and its key in `Score.intervals`.
    title: str
    short: str  #: As a column's heading.
    meaning: str  #: One sentence for a reader.
    printed: bool = True  #: Whether the readable tables have a column for it; the CSV and JSON hold all.


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

METRICS = {
    **{headline.name: headline.meaning for headline in HEADLINES},
    "verdict": "1: the accuracy's whole interval is above guessing. 0.5: only that of the balanced accuracy is. 0: at "
               "chance. -1: below.",
    "majority_share": "Accuracy of always naming the most frequent class of the scored faces.",
    "support": "Scored faces of a class.", "answered": "Scored faces that were given a class.",
    "recall": "Share of a class's faces that were recognised.",
    "precision": "Share of the faces given a class that show it.", "f1": "Harmonic mean of recall and precision.",
    "kappa": "Cohen's kappa of one class against the rest.",
    "alpha": "Krippendorff's nominal alpha of one class against the rest.",
    "nmi": "Normalised mutual information of clusters and classes (the V-measure); grows with the number of clusters.",
    "homogeneity": "Clusters hold one class: one part of the V-measure.",
    "completeness": "Classes keep to one cluster: the other part.",
    "ami": "Adjusted mutual information: 0 by chance, 1 perfect.",
    "ari": "Adjusted Rand index: 0 by chance, 1 perfect.",
    "purity": "Accuracy of the best name for every group, found with the answers in hand: an upper bound, no result.",
    "oracle_accuracy": "Accuracy of the best names with each class once, found with the answers in hand: no result.",
    "silhouette": "Silhouette of a sample of the clustered faces, from -1 to 1.",
    "stability": "Mean adjusted Rand index between clusterings from other seeds.",
    "labels_training": "Labels from which a network learned.", "labels_naming": "Labels that named clusters.",
    "clusters_named": "Cost curve: clusters that a person looks at and names.",
    "faces_labelled": "Cost curve: faces that a person labels.",
    "labels_behind_looks": "Cost curve: labels by which looks at clusters are simulated; a person's eye needs none.",
    "person_seconds": "Cost curve: seconds of a person, at those an act that the recipe states.",
    "labels_of_nobody": "Labels of drawn or synthetic faces beside the target, from which a network learned.",
    "labels_choosing": "Labels by which settings were chosen, such as the epoch at which training stopped.",
    "faces_viewed": "Faces at which a person looked to name clusters.",
    "names_suggested": "Names that the person took from suggestions made of labels.",
    "labels_shown": "1 where labels were shown to the person who named.",
    "scores_seen": "Scores of other names that the person saw before.",
    "n_scored": "Faces scored.",
    "copies_scored": "Of these, copies of faces whose labels were read: 0, or the figures flatter themselves.",
    "copies_left_out": "Labelled faces that are not scored because they are copies of faces whose labels were read.",
    "abstained": "Scored faces that got no class; they count as wrong.",
    "seconds": "Seconds of all stages that lead to the figure.", "training_seconds": "Seconds of training.",
    "published_figure": "A figure that others publish, of other faces; its class says what it is.",
    "rare_class_exponent": "Naming: by how much the labels of rare classes weigh more; 0 is not at all.",
    "class_balanced": "Naming: 1 where equally many labels of each class were drawn, which takes a labelled set.",
    "triplet_accuracy": "Share of rated triplets whose odd face the embedding finds.",
}
"""Every metric that is no cell metric's own, with what it is."""

CHANCE = {"cohen_kappa": 0.0, "krippendorff_alpha": 0.0, "class_kappa": 0.0, "class_alpha": 0.0, "roc_auc": 0.5,
          "kappa": 0.0, "alpha": 0.0, "ami": 0.0, "ari": 0.0}
"""What guessing gives, where it is the same for all faces."""
