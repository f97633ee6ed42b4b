"""What a person's acts buy, and what they cost: a table a cost curve."""

from functools import partial

from fecemo.evaluation.table import Figure, Table

table = partial(Table, lines=("titled", "naming"), headings=("Approach", "Acts are spent on"),
                where="stage == 'cost_curve' and naming != ''")
TABLE = (
    table(
        name="cost-curve", title="What a person’s acts buy", order=105,
        figures=(Figure("balanced_accuracy", over="amount_words"),),
        caption="Balanced accuracy after so many acts: a cluster looked at and named is one, a face labelled is one. "
                "Without an act, names come from published action units or from drawn faces. The last column of "
                "strategies that label faces is of all of them.",
        notes=("chance", "human", "looks")),
    table(
        name="cost-seconds", title="A person’s seconds behind each", order=106,
        figures=(Figure("person_seconds", over="amount_words", beside=""),),
        notes=("person_seconds",)),
)
