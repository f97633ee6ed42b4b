"""Cells: what is made from the faces for each row on each variant, under every seed, as the graph of artefacts has it.

All stages of a cell run in one process, a fork of a server that has imported TensorFlow once; each writes its own
receipt, and none does again what is current. Names that a person gives come between: what follows from them is a job of its own.
"""

MADE_BY = {"train": ("model",), "embed": ("outputs",), "triplet_test": ("triplet_test",),
           "cluster": ("clusters", "assignments") if recipe.roles.target else ("clusters",), "map_faces": ("map",),
           "cluster_sweep": ("cluster_sweep",), "cost_curve": ("cost_curve",), "label": ("names",), "evaluate": ("score",)}
# A job reads its command when it runs, and a loop has gone on by then: row and stages are kept with their rule.
CELL = (f"{script('cell', forked=True)} --recipe {shlex.quote(str(RECIPE))} --run {{params.run:q}} --approach {{params.row:q}}"
        " --variant {wildcards.variant:q} --stages {params.stages}")


def stages_of(row, first_seed):
    """The stages of a row's cells, in their order; maps, sweeps and triplet tests are made under the first seed.

    Without labelled faces nothing is scored.
    """
    cell = resolve(recipe, row, (recipe.settings_of(row).variants or tuple(recipe.variants))[0])
    clustered, is_step = cell.approach.predicts_by == "clusters", row in recipe.steps
    grouped, labelled = clustered and not is_step, recipe.roles.target is not None
    by_hand = clustered and recipe.naming.method == "hand"
    asked = {
        "train": cell.made_by == row, "embed": cell.made_by == row,
        "triplet_test": first_seed and rated and grouped and labelled,
        "cluster": grouped,
        "map_faces": first_seed and not is_step and (clustered or cell.tsne_output),
        "cluster_sweep": first_seed and clustered and recipe.cluster_sweep and labelled,
        "cost_curve": first_seed and grouped and recipe.cost_curve and labelled,
        "label": grouped and not by_hand,
        "evaluate": labelled and not by_hand and (grouped or not clustered)}
    return [stage for stage in MADE_BY if asked[stage]]


def kinds_of(stages):
    return [kind for stage in stages for kind in MADE_BY[stage]]


def run_of(wildcards):
    return RunLayout(Path(wildcards.get("home", layout.run)))


def cell_of(row, wildcards):
    seed = run_of(wildcards).seed
    return resolve(recipe if seed is None else seeded[seed], row, wildcards.variant)


def made_with(row, stages):
    """What of the recipe shapes artefacts: a change there, and only there, makes them again."""
    return lambda wildcards: json.dumps([KINDS[kind].config_of(cell_of(row, wildcards)) for kind in kinds_of(stages)],
                                        sort_keys=True)


def made_from(row, stages):
    """What artefacts of one job are made from: digests of others, and files that people bring."""
    def files(wildcards):
        cell, home = cell_of(row, wildcards), run_of(wildcards)
        made = {(kind, (cell.row, cell.variant.name)) for kind in kinds_of(stages)}
        sources = [source for kind, _ in made
                   for source in KINDS[kind].inputs(cell, home, KINDS[kind].config_of(cell)).values()]
        return sorted({path for source in sources for path in (
            source.paths if isinstance(source, Files)
            else [KINDS[source.kind].folder(home, *source.key) / DONE] if (source.kind, source.key) not in made
            else [])})
    return files


def done(home, row, stages):
    """What Snakemake watches, and may remove: the digest of a stage's output. It never sees a receipt.

    A stage whose receipt is current says so in a moment, and an equal digest runs nothing that depends on it.
    """
    return [KINDS[kind].folder(home, row, "{variant}") / DONE for kind in kinds_of(stages)]


# No prefix of a rule's name begins another, so that rows called x and seeds_x have rules of their own.
for row in (*recipe.approaches, *recipe.steps):
    for home in (layout, of_any_seed) if recipe.seeds and row in recipe.approaches else (layout,):
        stages = stages_of(row, home is layout)

        rule:
            name: f"cell_{row}" if home is layout else f"seeds_{row}"
            input: made_from(row, stages)
            output: done(home, row, stages)
            params:
                settings=made_with(row, stages), threads=recipe.threads, devices=recipe.devices,
                run=lambda wildcards: run_of(wildcards).run, row=row, stages=shlex.join(stages)
            threads: recipe.threads or workflow.cores
            # Where nobody says how many GPUs there are, no job asks a scheduler for one.
            resources: gpu=int("train" in stages and "gpu" in workflow.global_resources)
            shell: CELL

        if "cluster" in stages and recipe.naming.method == "hand":
            named = ["label", "evaluate"] if recipe.roles.target else ["label"]

            rule:
                name: f"names_{row}" if home is layout else f"seednames_{row}"
                input: made_from(row, named)
                output: done(home, row, named)
                params:
                    settings=made_with(row, named), run=lambda wildcards: run_of(wildcards).run, row=row,
                    stages=shlex.join(named)
                shell: CELL
