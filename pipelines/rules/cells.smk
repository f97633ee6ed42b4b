"""Cells: what is made of the faces for each row on each variant, under every seed."""


def cell_script(name):
    return (f"{script(name)} --recipe {shlex.quote(str(RECIPE))}"
            " --run {wildcards.home:q} --approach {wildcards.approach:q} --variant {wildcards.variant:q}")


def cell_of(wildcards):
    seed = RunLayout(Path(wildcards.home)).seed
    return resolve(recipe if seed is None else recipe.with_seed(seed, str(RECIPE)), wildcards.approach,
                   wildcards.variant)


def made_with(config_of):
    """What of the recipe shapes a stage's output: a change there, and only there, runs the stage again."""
    return lambda wildcards: json.dumps(config_of(cell_of(wildcards)), sort_keys=True)


def learns_from(wildcards):
    cell = cell_of(wildcards)
    weights = [cell.pretrained / DONE] if cell.pretrained else []
    return [*faces_of(learnt_from(cell.approach), cell), *row_behind(cell, wildcards), *weights]


def row_behind(cell, wildcards):
    """The embeddings of another row of the same run, where a cell is made of them."""
    return [RunLayout(Path(wildcards.home)).embeddings(cell.of, cell.variant.name) / DONE] if cell.of else []


def faces_of(packs, cell):
    """Packs, what was measured on the faces of those that ask for it, and their aligned faces where a cell sees those."""
    return [*(layout.pack(name) / DONE for name in packs),
            *(layout.measurements(name) / DONE for name, measured in packs.items() if measured),
            *(layout.aligned(name) / DONE for name in packs if cell.faces_seen == "aligned")]


def scored_by(wildcards):
    home = RunLayout(Path(wildcards.home))
    stages = [home.embeddings, home.model]
    if (wildcards.approach, wildcards.variant) in CLUSTERED:
        stages += [home.clusters, home.assigned, home.names]
    return [stage(wildcards.approach, wildcards.variant) / DONE for stage in stages]


def embedded_faces(wildcards):
    cell = cell_of(wildcards)
    return [*faces_of(embedded(cell.approach), cell), *row_behind(cell, wildcards)]


def grouped_from(wildcards):
    home, row = RunLayout(Path(wildcards.home)), cell_of(wildcards).made_by
    return [stage(row, wildcards.variant) / DONE for stage in (home.embeddings, home.model)]


def triplet_test_inputs(wildcards):
    home, cell = RunLayout(Path(wildcards.home)), cell_of(wildcards)
    behind = [home.triplet_test(cell.of, cell.variant.name) / DONE] if cell.of else []
    # Of what is learned from, none may be triplet_test.
    learned = [layout.source / DONE, layout.target / DONE]
    return [*faces_of({"triplet_test": cell.approach.takes == "measurements"}, cell), *behind, *learned]


def hand_names(wildcards):
    """A cell's file of names, and all others of its run: a label that a person saw elsewhere counts here too."""
    path = RunLayout(Path(wildcards.home)).hand_names(wildcards.approach, wildcards.variant)
    return sorted({path, *path.parents[1].glob("*/*.json")}) if recipe.naming.method == "hand" else []


def done(folder):
    """What Snakemake watches, and may remove: the digest of a stage's output. It never sees a receipt.

    A stage whose receipt still fits says so in a moment, and an equal digest runs nothing that depends on it.
    """
    return folder("{approach}", "{variant}") / DONE


rule train:
    input: learns_from
    output: done(any_home.model)
    params: settings=made_with(train_config), threads=recipe.threads, devices=recipe.devices
    threads: recipe.threads or workflow.cores
    resources: gpu=1
    shell: cell_script("03_train")


rule embed:
    input: done(any_home.model), embedded_faces
    output: done(any_home.embeddings)
    params: settings=made_with(embed_config)
    threads: recipe.threads or workflow.cores
    resources: gpu=1
    shell: cell_script("04_embed")


rule cluster:
    input: done(any_home.embeddings)
    output: done(any_home.clusters), done(any_home.assigned)
    params: settings=made_with(cluster_config)
    threads: recipe.threads or workflow.cores
    shell: cell_script("05_cluster")


rule map_faces:
    input: done(any_home.embeddings)
    output: done(any_home.map)
    params: settings=made_with(map_config)
    threads: recipe.threads or workflow.cores
    shell: cell_script("06_map")


rule label:
    input: done(any_home.clusters), done(any_home.assigned), hand_names
    output: done(any_home.names)
    params:
        settings=json.dumps(plain(recipe.naming), sort_keys=True),
        seed=lambda wildcards: cell_of(wildcards).recipe.seed
    shell: cell_script("07_label")


if recipe.cluster_sweep:
    rule cluster_sweep:
        input: grouped_from
        output: done(any_home.cluster_sweep)
        params: settings=made_with(cluster_sweep_config)
        threads: recipe.threads or workflow.cores
        shell: cell_script("13_cluster_sweep")


if rated:
    rule triplet_test:
        input: done(any_home.model), triplet_test_inputs
        output: done(any_home.triplet_test)
        params: settings=made_with(triplet_test_config)
        threads: recipe.threads or workflow.cores
        resources: gpu=1
        shell: cell_script("14_triplet_test")


rule evaluate:
    input: scored_by, [base / recipe.evaluation.about_faces] if recipe.evaluation.about_faces else []
    output: done(any_home.score)
    params: settings=made_with(evaluate_config)
    shell: cell_script("08_evaluate")
