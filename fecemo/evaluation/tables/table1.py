"""Table 1 and the tables beneath it: accuracies, metrics, costs and clusters of every cell."""

from fecemo.evaluation.catalogue import HEADLINES
from fecemo.evaluation.table import Figure, Table

TABLE = (
    Table(
        name="table1", title="Table 1", order=0, lines=("title",), headings=("Approach",), split="part",
        where="stage == 'evaluate' and setting == '' and state != 'published'",
        figures=(Figure("accuracy", over="variant_title", places=4, mark=True),),
        caption="Accuracy: share of the scored faces that got the right class.",
        notes=("chance", "seeds", "marked", "naming", "dashes")),
    Table(
        name="better", title="Which is better", order=100, lines=("on", "compared"), headings=("On", "Compared"),
        where="against in ('variant', 'row') and stage == 'evaluate'", differences=True,
        figures=(Figure("accuracy", "Accuracy"), Figure("balanced_accuracy", "Balanced acc."),
                 Figure("accuracy", "Faces shared", column="n", beside="", kind="count")),
        caption="The most accurate of each column and row against the others.", notes=("same_faces",)),
    Table(
        name="metrics", title="Every metric", order=110, lines=("title", "variant_title"), split="part",
        where="stage == 'evaluate' and setting == '' and state != 'published'",
        figures=tuple(Figure(one.name, one.short, mark=True) for one in HEADLINES if one.printed),
        notes=("seeds", "marked")),
    Table(
        name="cost", title="Labels and time behind each figure", order=120, lines=("title", "variant_title"),
        where="stage == 'evaluate' and setting == '' and state != 'published'",
        figures=(Figure("labels_training", "Labels: training", kind="count", beside=""),
                 Figure("labels_naming", "Labels: naming", kind="count", beside=""),
                 Figure("labels_choosing", "Labels: choosing", kind="count", beside=""),
                 Figure("faces_looked_at", "Faces looked at", kind="count", beside=""),
                 Figure("names_suggested", "Names suggested", kind="count", beside=""),
                 Figure("accuracy", "Named by", column="naming", kind="text"),
                 Figure("n_scored", "Faces scored", kind="count", beside=""),
                 Figure("accuracy", "Scored on", column="scored_on", kind="text"),
                 Figure("accuracy", "Uniform chance", column="chance", beside=""),
                 Figure("majority_share", "Majority chance", beside=""),
                 Figure("seconds", "Time", kind="seconds", beside="")),
        caption="Labels of people that were read, and what guessing gives: uniformly, and by always naming the most "
                "frequent class."),
    Table(
        name="clusters", title="Clusters and classes", order=130, lines=("title", "variant_title"),
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
        name="published", title="As published", order=300, lines=("title",), headings=("Approach",), split="part",
        where="stage == 'published'", published=True,
        figures=(Figure("published_figure", over="class", places=4),),
        caption="Published figures, not measured here, on other faces.", notes=("source",)),
)
