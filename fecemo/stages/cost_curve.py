"""Cost curve: embeddings → what every face is answered after so many acts of a person, and how often that is right."""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from fecemo.clustering.kmeans import ClusterSpace
from fecemo.clustering.settings import KMeansSettings
from fecemo.clustering.strategy import Person, Pile, Strategy, strategies
from fecemo.data.arrays import read_output
from fecemo.data.dataset import Dataset
from fecemo.data.receipts import Receipt
from fecemo.errors import InputError
from fecemo.evaluation.metrics.cost_curve import COST_CURVE, CostCurve, SpentActs, score_acts
from fecemo.evaluation.metrics.over_seeds import seed_mean
from fecemo.evaluation.probing.probe import fit_standard_vectors
from fecemo.progress import progress
from fecemo.stages.cell_arguments import CellArguments
from fecemo.stages.labels_read import labels_read, scored_faces, seeded_facts
from fecemo.stages.run_stage import StageResult, run_artifact
from fecemo.stages.suggestions import suggest_faces
from fecemo.study.faces.data_names import TARGET


def run(arguments: CellArguments) -> Receipt:
    """Spend a person's acts on one cell's faces in every way that is known, and score what follows.

    The person is simulated by the labels of the target's train split, the pile: a look at a cluster by those of the
    faces that it shows. After each number of acts of the recipe's ``cost_curve``, with each of its seeds, the faces on
    which the cell is scored are answered; no label of theirs is read before. Writes ``cost_curve.json``.

    Raises
    ------
    InputError
        If the recipe has no cost_curve, the approach no clusters, or there is no labelled face to act on or to score.
    StoredStateError
        If the embeddings are missing or cannot be clustered, or a label that was used would be scored.
    """
    cell, layout = arguments.clustered_cell(), arguments.layout
    recipe, settings, where = cell.recipe, cell.recipe.cost_curve, (arguments.approach, arguments.variant)
    if settings is None:
        raise InputError(f"{arguments.recipe}: there is no key cost_curve, which says how many acts to spend, such as "
                         "cost_curve: {acts: [0, 8, 40, 160], seeds: 5}")
    model = arguments.artifacts.require("model", *where)
    arguments.artifacts.require("outputs", *where)
    target = Dataset(layout.dataset(recipe.role(TARGET)))

    def work(folder: Path) -> StageResult:
        embedded = read_output(layout.outputs(*where), recipe.role(TARGET), cell.approach.output)
        may_act = np.flatnonzero(target.naming_faces[embedded.rows])
        read = labels_read(cell, layout, target, model, needed=False)
        if not len(may_act):
            raise InputError(f"{target.folder}: the train split holds no labelled face on which a person could act; "
                             "import a labelled set, or other splits")
        scored = scored_faces(cell.score_on, target, read, embedded.rows[may_act])
        at, truth = np.searchsorted(embedded.rows, scored.rows), target.labels[scored.rows]
        values = np.asarray(embedded.values, np.float32)
        standard = fit_standard_vectors(values, may_act, components=recipe.evaluation.probe.components,
                                        seed=recipe.seed)
        suggestions = {name: (logs[may_act], logs[at]) for name, logs in suggest_faces(
            recipe, layout, embedded.rows, target.classes).items()} if cell.takes_landmarks else {}
        kmeans = KMeansSettings(n_init=settings.n_init, max_iter=recipe.clustering.max_iter,
                                algorithm=recipe.clustering.algorithm)
        space = ClusterSpace.of(values[may_act], kmeans, recipe.seed, title=cell.title)
        labels = target.labels[embedded.rows[may_act]]
        chosen = {name: strategy for name, strategy in strategies().items()
                  if not settings.strategies or name in settings.strategies}
        spent: dict[tuple[str, int], list[tuple[Person, np.ndarray]]] = defaultdict(list)
        agreement = []
        with progress(settings.seeds * len(chosen), f"cost curve: {cell.title}", "strategy") as bar:
            for seed in range(recipe.seed, recipe.seed + settings.seeds):
                pile = Pile(values[may_act], values[at], standard.of(values, may_act), standard.of(values, at),
                            target.classes, kmeans, seed, suggestions, space)
                agreement.append(_ami(truth, pile))
                for strategy in chosen.values():
                    for acts in _acts_of(strategy, settings.acts, len(pile)):
                        person = Person(labels, target.classes, seed, settings.shown,
                                        recipe.naming.rare_class_exponent, recipe.naming.class_balanced)
                        if (answers := strategy.answer(pile, person, acts)) is not None:
                            spent[strategy.name, acts].append((person, answers))
                    bar.update(1)
        points = [score_acts(_joined(chosen[name], acts, of_seeds), truth, target.classes,
                             recipe.evaluation.resampling(recipe.seed),
                             seconds_per_cluster=settings.seconds_per_cluster,
                             seconds_per_face=settings.seconds_per_face)
                  for (name, acts), of_seeds in sorted(spent.items(), key=lambda item: item[0][1])]
        if not points:
            numbers = ", ".join(map(str, settings.acts))
            raise InputError(f"{arguments.recipe}: cost_curve: no strategy can spend {numbers} acts on {len(may_act)} "
                             "faces; name other numbers")
        record = CostCurve(
            **seeded_facts(cell, target, scored, read, settings.seeds), pile_faces=len(may_act),
            class_balanced=recipe.naming.class_balanced, seconds_per_cluster=settings.seconds_per_cluster,
            seconds_per_face=settings.seconds_per_face, ami=seed_mean(agreement), points=tuple(points))
        best = record.best
        return StageResult(
            files=[COST_CURVE.write(folder, record)],
            summary={"n_scored": len(truth), "best_balanced_accuracy": best.balanced_accuracy.mean},
            message=f"{cell.title}: {len(points)} points of {len({point.strategy for point in points})} strategies; "
                    f"balanced accuracy {best.balanced_accuracy.mean:.3f} after {best.acts} acts, {best.title}, on "
                    f"{len(truth)} faces")

    return run_artifact(arguments.artifacts, "cost_curve", cell, work)


def _acts_of(strategy: Strategy, acts: tuple[int, ...], n_faces: int) -> list[int]:
    """Return how many acts a strategy is asked with: no more than there are faces, and all of these where it may."""
    within = [count for count in sorted(acts) if count < n_faces]
    return [*within, n_faces] if strategy.whole else within


def _joined(strategy: Strategy, acts: int, of_seeds: list[tuple[Person, np.ndarray]]) -> SpentActs:
    """Return what was spent and answered under all seeds; of counts, the most of any seed."""
    named, labelled, behind = (max(getattr(person, count) for person, _ in of_seeds) for count in (
        "clusters_named", "faces_labelled", "labels_behind_looks"))
    return SpentActs(strategy.name, strategy.title, acts, named, labelled, behind,
                     [answers for _, answers in of_seeds])


def _ami(truth: np.ndarray, pile: Pile) -> float:
    from sklearn.metrics import adjusted_mutual_info_score

    if len(pile) < len(pile.classes):
        print(f"cost curve: {len(pile)} faces cannot make {len(pile.classes)} clusters", file=sys.stderr)
        return 0.0
    return float(adjusted_mutual_info_score(truth, pile.clustering(len(pile.classes)).scored))
