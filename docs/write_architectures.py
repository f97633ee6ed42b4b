"""Write ``architectures.md``: every approach of the study on every variant beside what the study says of it.

    python docs/write_architectures.py

Everything but the sentences below comes from the catalogue of approaches and from the recipe ``table1``, which is what
runs; a test keeps the file equal to what this program writes.
"""

import sys
from pathlib import Path

from fecemo.drawn.expression import EMOTIONS
from fecemo.models.approach import approaches
from fecemo.models.description import ModelDescription, describe
from fecemo.study.cell import Cell, resolve
from fecemo.study.recipe_file import read_recipe

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "pipelines" / "recipes" / "table1.yaml"
PAGE = Path(__file__).with_name("architectures.md")

OPENING = """# The networks, beside the study

Written by `docs/write_architectures.py` from the code and from `pipelines/recipes/table1.yaml`; a test keeps it
current. The study is "Categorizing Facial Expressions" (3 December 2023), sections 4.2 to 4.4. Shapes are those
of one face.

Ours in all of them, because the text does not say: a batch of 32 faces; first weights by Glorot's uniform rule
(Keras's default), drawn from the recipe's seed; rescaling as a layer of the
network, so that all networks take pixels from 0 to 255; no weight decay, no augmentation, no early stop. A last
batch that is not full is filled up with faces at no weight.
"""

PUBLISHED = {
    "dense_autoencoder": (
        "Encoder of six layers: flatten; four dense layers of 2000, 1000, 500 and 200 units; dense output of 100;"
        " all SELU. Decoder: flatten; four dense layers in reverse order; a dense layer of 200·200·3 units, SELU;"
        " the image. Binary cross-entropy, Adam at 1e-4, 10 epochs.",
        "The rescaling before the encoder, which the text does not name, since cross-entropy asks for pixels in "
        "[0, 1]. A SELU output under cross-entropy is not sound: what falls outside of [0, 1] is clipped and "
        "teaches nothing; `output_activation: sigmoid` is the sound choice."),
    "conv_autoencoder": (
        "Encoder of ten layers: rescaling, six convolutions of kernel 3 with SELU and filters rising from 32 to "
        "128, three max-poolings. Decoder of seven layers: six transposed convolutions with the filters of their "
        "respective convolutions, SELU, the last sigmoid; a reshape. Embeddings are flattened. Loss, optimizer "
        "and epochs as above. For close crops stride and pool size were adjusted, and 10,000 faces used.",
        "Filters in pairs 32, 64, 128; same padding; a pooling after each pair; pool sizes 2, 2, 2, and 2, 3, 5 "
        "where the side is 150, which 8 does not divide. The last transposed convolution has the "
        "image's channels in place of the 32 filters of its convolution, as the reshape asks; "
        "the one that mirrors the convolution before a pooling has the pooling's size as stride."),
    "semi_supervised": (
        "The convolutional autoencoder with filters from 128 to 512, Adamax at 1e-4, 5 epochs on unlabelled "
        "faces. Then its encoder frozen and three dense layers of falling width, 256 to 8; Adam at 5e-5, "
        "categorical cross-entropy, on 20 % of the labelled faces.",
        "The middle width 64, SELU in the first two, softmax in the last; 5 epochs of the second phase; pools as "
        "above."),
    "supervised": (
        "Rescaling; seven convolutions of 64 filters, kernel 3, same padding, ReLU; max-pooling; seven more; "
        "max-pooling; three more; flatten; dense 256 SELU; dense 8 softmax. Categorical cross-entropy, Adam at "
        "5e-5, 5 epochs.",
        "Pool size 2; the split into training and test faces, 80 to 20."),
}


def network_table(plans: dict[str, ModelDescription]) -> list[str]:
    """Return a network's layers as rows, its variants as columns."""
    first = next(iter(plans.values()))
    lines = [f"| stack | layer | kind | activation | {' | '.join(f'{name}: shape | weights' for name in plans)} |",
             f"|:--|:--|:--|:--|{':--|--:|' * len(plans)}"]
    for index, layer in enumerate(first.layers):
        of_variants = [plan.layers[index] for plan in plans.values()]
        cells = [f"{'×'.join(map(str, drawing.output_shape))} | {drawing.parameters:,}" for drawing in of_variants]
        named = f"{layer.stack} | {layer.name} | {layer.kind} | {layer.activation or '–'}"
        lines.append(f"| {named} | {' | '.join(cells)} |")
    totals = [f" | **{plan.parameters():,}**" for plan in plans.values()]
    return [*lines, f"| **all** | | | | {' | '.join(totals)} |"]


def fit_table(cells: dict[str, Cell]) -> list[str]:
    """Return how each phase is fitted."""
    lines = ["| phase | outputs | variant | loss | optimizer | rate | epochs | batch | faces | frozen |",
             "|:--|:--|:--|:--|:--|--:|--:|--:|:--|:--|"]
    for name, cell in cells.items():
        for phase in cell.approach.phases:
            fit = cell.fit[phase.name]
            labels = f"{fit.label_fraction:.0%} of the labels" if fit.label_fraction else "the train split"
            source = f"{fit.faces:,} source faces" if fit.faces else "all source faces"
            faces = source if phase.role == "source" else labels
            lines.append(f"| {phase.name} | {', '.join(fit.outputs)} | {name} "
                         f"| {' + '.join(term.loss.name for term in fit.losses)} | {fit.optimizer.name} "
                         f"| {fit.learning_rate:g} | {fit.epochs} | {fit.batch_size} | {faces} "
                         f"| {', '.join(phase.frozen) or '–'} |")
    return lines


def page() -> str:
    """Return the whole page."""
    recipe = read_recipe(RECIPE)
    lines = [OPENING]
    for name in PUBLISHED:
        approach = approaches()[name]
        cells = {variant: resolve(recipe, name, variant) for variant in recipe.variants}
        published, departures = PUBLISHED[name]
        lines += [f"## {approach.title} (`{name}`)", "", f"**Published.** {published}", "",
                  f"**Ours.** {departures}", "",
                  *fit_table(cells), ""]
        outlines = {variant: approach.outline(cell.model, {"image": cell.shape}, len(EMOTIONS))
                    for variant, cell in cells.items()}
        for output in approach.outputs:
            of_variants = {variant: describe(outline, [output]) for variant, outline in outlines.items()}
            lines += [f"### {output}", "", *network_table(of_variants), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE, file=sys.stderr)
