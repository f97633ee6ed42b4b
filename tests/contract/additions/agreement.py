"""A table: how well classes and numbers agree with people, beside what guessing gives."""

from fecemo.evaluation.table import Figure, Table

TABLE = Table(
    name="agreement", title="Agreement with people", order=105, lines=("title", "variant_title"),
    where="metric in ('balanced_accuracy', 'ccc') and state == 'measured'",
    figures=(Figure("balanced_accuracy", "Classes", beside="chance"), Figure("ccc", over="class", heading="Numbers")))
