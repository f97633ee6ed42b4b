"""Table 2 and the tables beneath it: clusters, named at several costs, beside classifiers, by supervision."""

from functools import partial

from fecemo.evaluation.table import Figure, Table

RAN = ("setting == '' and state == 'measured' and (stage == 'cluster_sweep' or (stage == 'evaluate' and "
       "readout == 'argmax'))")
table = partial(Table, document="table2", lines=("supervised", "titled"), headings=("Supervision", "Approach"))
TABLE = (
    table(
        name="table2", title="Table 2", order=0,
        where="setting == '' and state != 'published' "
              "and (stage != 'evaluate' or readout == 'argmax' or value != value)",
        figures=(Figure("balanced_accuracy", over="answer", mark=True, where="value == value"),
                 Figure("probes.linear.balanced_accuracy", "Linear probe"),
                 Figure("probes.nearest.balanced_accuracy", "k-NN probe"),
                 Figure("triplet_accuracy", "Triplets", where="`class` == ''")),
        caption="Balanced accuracy, by supervision.",
        notes=("chance", "human", "sweep", "trained_once", "marked", "others", "dashes", "triplets")),
    table(
        name="table2-accuracy", title="Accuracy", order=110, where=RAN,
        figures=(Figure("accuracy", over="answer", beside="deviation"),),
        caption="The same answers; mean ± standard deviation over seeds."),
    table(
        name="table2-against", title="Against the study's own approaches", order=120, differences=True,
        lines=("supervised", "title"), where="against == 'study'",
        figures=(Figure("balanced_accuracy", over="answer"),),
        caption="Balanced accuracy minus that of the best of the study's own approaches that had no more supervision,"
                " in the same column, trained on the same faces and scored on the same.",
        notes=("same_faces", "trained_once")),
    table(
        name="table2-clusters", title="Clusters and classes, at several k", order=130,
        where="setting == '' and stage == 'cluster_sweep' and naming == ''",
        figures=(*(Figure(name.lower(), name, over="answer", beside="deviation") for name in ("NMI", "AMI", "ARI")),
                 Figure("stability", "Stability", over="answer", places=2)),
        caption="Whatever the clusters are called: mean ± standard deviation over seeds. NMI grows with the number of"
                " clusters; AMI and ARI are 0 by chance. Stability: mean adjusted Rand index between the seeds' "
                "clusterings."),
    table(
        name="table2-learning", title="Learning curves", order=140, lines=("curve", "amount_words"),
        headings=("Curve", "Amount"),
        where="unit != '' and (stage != 'evaluate' or readout == 'argmax' or value != value)",
        figures=(Figure("balanced_accuracy", over="answer", where="naming != 'vote' and value == value"),
                 Figure("training_seconds", "Training", beside="")),
        caption="Balanced accuracy of rows above, and of the same with less of one thing, everything else being "
                "equal; the last line of each is the row itself. Training: of all networks of the row; a dash where "
                "nothing was trained for the line."),
    table(
        name="table2-labels", title="Labels behind each figure", order=150, where=RAN,
        figures=(Figure("labels_training", "Training", beside=""), Figure("labels_choosing", "Choosing", beside=""),
                 Figure("labels_naming", "Naming", over="answer", where="readout == 'clusters'", beside=""),
                 Figure("n_scored", "Faces scored", beside=""),
                 Figure("copies_scored", "Copies scored", beside=""), Figure("copies_left_out", "Left out", beside=""),
                 Figure("n_scored", "Seeds", column="seeds", beside="")),
        caption="Labelled faces whose labels were read: from which networks learned, by which settings were chosen, "
                "and which named clusters. None of them is scored. Copies: the same picture was read with its label; "
                "those left out are not scored."),
    table(
        name="table2-triplets", title="Triplet test, by type", order=160,
        where="stage == 'triplet_test' and setting == '' and `class` != ''",
        figures=(Figure("triplet_accuracy", over="class", beside=""),),
        caption="Share of the rated triplets of each type whose odd face is found; chance is 1/3."),
    table(
        name="table2-published", title="As others publish", order=300, published=True, lines=("supervised", "title"),
        headings=("Supervision", "System"), where="stage == 'references'",
        figures=(Figure("published_figure", "Figure"), Figure("published_figure", "Measure", column="class"),
                 Figure("published_figure", "Source", column="source")),
        caption="Published figures, not measured here, on other faces: to be compared with care."),
)
