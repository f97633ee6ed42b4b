"""Table 1 and the tables beneath it: accuracies, metrics, costs and clusters of every cell, and numbers answered."""

from fecemo.evaluation.catalogue import HEADLINES
from fecemo.evaluation.table import Figure, Table

SCORED = "stage == 'evaluate' and setting == '' and state != 'published'"
CELL = ("title", "variant_title")
TABLE = (
    Table(
        name="table1", title="Table 1", order=0, lines=("title",), headings=("Approach",), split="part", where=SCORED,
        figures=(Figure("accuracy", over="variant_title", places=4, mark=True, counted=True),),
        caption="Accuracy: share of the scored faces that got the right class.",
        notes=("chance", "human", "seeds", "marked", "naming", "copies", "others", "dashes")),
    Table(
        name="better", title="Which is better", order=100, lines=("on", "compared"), headings=("On", "Compared"),
        where="against in ('variant', 'row') and stage == 'evaluate'", differences=True,
        figures=(Figure("accuracy", "Accuracy"), Figure("accuracy", "p", column="p", beside=""),
                 Figure("balanced_accuracy", "Balanced acc."),
                 Figure("accuracy", "Faces shared", column="n", beside="")),
        caption="The most accurate of each column and row against the others. p: that both are equally accurate, by "
                "McNemar's exact test, corrected by Holm for the number of comparisons.", notes=("same_faces",)),
    Table(
        name="metrics", title="Every metric", order=110, lines=CELL, split="part", where=SCORED,
        figures=tuple(Figure(headline.name, headline.short, mark=True) for headline in HEADLINES if headline.printed),
        notes=("human", "seeds", "marked")),
    Table(
        name="cost", title="Labels and time behind each figure", order=120, lines=CELL, where=SCORED,
        figures=(Figure("labels_training", "Labels: training", beside=""),
                 Figure("labels_naming", "Labels: naming", beside=""),
                 Figure("labels_choosing", "Labels: choosing", beside=""),
                 Figure("faces_viewed", "Faces looked at", beside=""),
                 Figure("names_suggested", "Names suggested", beside=""),
                 Figure("accuracy", "Named by", column="naming"), Figure("n_scored", "Faces scored", beside=""),
                 Figure("copies_scored", "Copies scored", beside=""), Figure("copies_left_out", "Left out", beside=""),
                 Figure("accuracy", "Scored on", column="scored_on"),
                 Figure("accuracy", "Uniform chance", column="chance", beside=""),
                 Figure("majority_share", "Majority chance", beside=""), Figure("seconds", "Time", beside="")),
        caption="Labels of people that were read, and what guessing gives: uniformly, and by always naming the most "
                "frequent class. Copies: the same picture was read with its label; those left out are not scored."),
    Table(
        name="clusters", title="Clusters and classes", order=130, lines=CELL,
        where="stage == 'evaluate' and setting == '' and readout == 'clusters' and state == 'measured'",
        figures=(Figure("nmi", "NMI", beside=""), Figure("homogeneity", "Homog.", beside=""),
                 Figure("completeness", "Compl.", beside=""), Figure("ami", "AMI", beside=""),
                 Figure("ari", "ARI", beside=""), Figure("purity", "Purity", beside="chance"),
                 Figure("oracle_accuracy", "Best names", beside="chance"),
                 Figure("silhouette", "Silhouette", beside=""), Figure("stability", "Stability", beside="")),
        caption="NMI is the V-measure, whose parts are homogeneity and completeness; AMI and ARI are 0 by chance. "
                "Purity and best names use the answers and are upper bounds, not results: each group by its most "
                "frequent class, and each class once. Chance: the same with the classes shuffled over the faces."),
    Table(
        name="regression", title="Numbers that are answered", order=140, lines=CELL,
        where="stage == 'regression' and setting == '' and state == 'measured'",
        figures=(Figure("ccc", "CCC", over="class", mark=True), Figure("pearson", "Pearson", over="class"),
                 Figure("rmse", "RMSE", over="class")),
        caption="Numbers that people gave against what the model answers. CCC is the concordance correlation "
                "coefficient, 1 where all are equal. Chance is 0 for CCC and for Pearson's correlation."),
    Table(
        name="published", title="As published", order=300, lines=("title",), headings=("Approach",), split="part",
        where="stage == 'published'", published=True,
        figures=(Figure("published_figure", over="class", places=4),),
        caption="Published figures, not measured here, on other faces.", notes=("source",)),
)
