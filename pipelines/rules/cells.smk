"""Cells: what is made from the faces for each row on each variant, under every seed, as the graph of artefacts has it."""


def cell_script(name, *stages):
    """The command of one stage's script or, with stages named, of several in one process."""
    return (f"{script(name)} --recipe {shlex.quote(str(RECIPE))}"
            " --run {wildcards.home:q} --approach {wildcards.approach:q} --variant {wildcards.variant:q}"
            + (f" --stages {shlex.join(stages)}" if stages else ""))


def cell_of(wildcards):
    seed = RunLayout(Path(wildcards.home)).seed
    return resolve(recipe if seed is None else seeded[seed], wildcards.approach, wildcards.variant)


def made_with(*kinds):
    """What of the recipe shapes artefacts: a change there, and only there, makes them again."""
    return lambda wildcards: json.dumps([KINDS[kind].config_of(cell_of(wildcards)) for kind in kinds], sort_keys=True)


def made_from(*kinds):
    """What artefacts of one job are made from: digests of others, and files that people bring."""
    def files(wildcards):
        cell, home = cell_of(wildcards), RunLayout(Path(wildcards.home))
        made = {(kind, (cell.row, cell.variant.name)) for kind in kinds}
        sources = [source for kind in kinds
                   for source in KINDS[kind].inputs(cell, home, KINDS[kind].config_of(cell)).values()]
        return list(dict.fromkeys(path for source in sources for path in (
            sorted(source.paths) if isinstance(source, Files)
            else [KINDS[source.kind].folder(home, *source.key) / DONE] if (source.kind, source.key) not in made
            else [])))
    return files


def done(kind):
    """What Snakemake watches, and may remove: the digest of a stage's output. It never sees a receipt.

    A stage whose receipt is current says so in a moment, and an equal digest runs nothing that depends on it.
    """
    return KINDS[kind].folder(any_home, "{approach}", "{variant}") / DONE


rule train:
    input: made_from("model", "outputs")
    output: done("model"), done("outputs")
    params: settings=made_with("model", "outputs"), threads=recipe.threads, devices=recipe.devices
    threads: recipe.threads or workflow.cores
    resources: gpu=1
    shell: cell_script("cell", "train", "embed")


rule cluster:
    input: done("outputs")
    output: done("clusters"), done("assignments") if recipe.roles.target else []
    params: settings=made_with("clusters")
    threads: recipe.threads or workflow.cores
    shell: cell_script("05_cluster")


rule map_faces:
    input: made_from("map")
    output: done("map")
    params: settings=made_with("map")
    threads: recipe.threads or workflow.cores
    shell: cell_script("06_map")


rule label:
    input: made_from("names")
    output: done("names")
    params: settings=made_with("names")
    shell: cell_script("07_label")


if recipe.cluster_sweep:
    rule cluster_sweep:
        input: made_from("cluster_sweep")
        output: done("cluster_sweep")
        params: settings=made_with("cluster_sweep")
        threads: recipe.threads or workflow.cores
        shell: cell_script("13_cluster_sweep")


if rated:
    rule triplet_test:
        input: made_from("triplet_test")
        output: done("triplet_test")
        params: settings=made_with("triplet_test")
        threads: recipe.threads or workflow.cores
        resources: gpu=1
        shell: cell_script("14_triplet_test")


rule evaluate:
    input: made_from("score")
    output: done("score")
    params: settings=made_with("score")
    shell: cell_script("08_evaluate")
