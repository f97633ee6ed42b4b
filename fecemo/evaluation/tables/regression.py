"""The table of numbers that models answer, such as valence and arousal."""

from fecemo.evaluation.table import Figure, Table

TABLE = Table(
    name="regression", title="Numbers that are answered", order=140, lines=("title", "variant_title"),
    where="stage == 'regression' and setting == '' and state == 'measured'",
    figures=(Figure("ccc", "CCC", over="class", mark=True), Figure("pearson", "Pearson", over="class"),
             Figure("rmse", "RMSE", over="class")),
    caption="Numbers that people gave against what the model answers. CCC is the concordance correlation coefficient, "
            "1 where all are equal. Chance is 0 for CCC and for Pearson's correlation.")
