"""Several runs side by side."""

from fecemo.evaluation.table import Figure, Table

TABLE = (
    Table(
        name="side_by_side", title="Accuracy", document="side_by_side", order=0, lines=("title", "variant_title"),
        where="stage == 'evaluate' and setting == '' and state == 'measured'",
        figures=(Figure("accuracy", over="run"),),
        caption="Accuracy: share of the scored faces that got the right class.", notes=("chance", "seeds")),
    Table(
        name="side_by_side-balanced", title="Balanced accuracy", document="side_by_side", order=100,
        lines=("title", "variant_title"), where="stage == 'evaluate' and setting == '' and state == 'measured'",
        figures=(Figure("balanced_accuracy", over="run"),),
        caption="Mean over classes of the share of their faces that were recognised.", notes=("seeds",)),
    Table(
        name="side_by_side-differences", title="Differences from the first run", document="side_by_side", order=110,
        lines=("title", "variant_title"), differences=True, where="against == 'run'",
        figures=(Figure("accuracy", over="run"), Figure("accuracy", "Faces shared", column="n", over="run", beside="")),
        caption="Accuracy minus that of the first run.", notes=("same_faces",)),
)
