"""Faces: each data set as its recipe makes it; their landmarks; and aligned, once for all cells and seeds."""


def made_by(step):
    """The command of one step on the way to a data set. A brace in a user's path is no wildcard."""
    return f"{script(step.script, step.settings)} --out {shlex.quote(str(step.out))}".replace("{", "{{").replace("}", "}}")


served = {}
for name, step in STEPS_OF_DATASETS:
    stage, shaped_by = step.script.partition("_")[2], json.dumps(step.shaped_by, sort_keys=True)
    # Two steps that serve photographs at one port follow each other.
    before = [served[step.port]] if step.port in served else []
    sharded = ALL_SHARDS and name == recipe.roles.source and stage == "fetch"

    if sharded:
        rule fetch_shard:
            input: step.inputs, before
            output: Path(SHARD) / DONE
            params: settings=shaped_by, out=lambda wildcards: shlex.quote(SHARD.format(number=wildcards.number))
            shell: script(step.script, step.settings) + f" --shard {{wildcards.number}}/{SHARDS} --out {{params.out}}"

    rule:
        name: f"{stage}_{name}"
        input: step.inputs, before, [Path(shard) / DONE for shard in ALL_SHARDS] if sharded else []
        output: step.out / DONE
        params: settings=shaped_by
        threads: workflow.cores if step.all_cores else 1
        shell:
            made_by(step) if not sharded else
            f"{script('01_join')} --faces {shlex.quote(str(step.settings.faces))} --shards {shlex.join(ALL_SHARDS)}"
            f" --out {shlex.quote(str(step.out))}"

    if step.port is not None:
        served[step.port] = step.out / DONE


rule landmarks:
    input: lambda wildcards: layout.dataset(wildcards.dataset) / DONE, locate_model(recipe.landmark_model)
    output: layout.column("{dataset}", "landmark_features") / DONE
    params:
        dataset=lambda wildcards: layout.dataset(wildcards.dataset),
        out=lambda wildcards: layout.column(wildcards.dataset, "landmark_features")
    threads: workflow.cores
    shell:
        f"{script('02_landmarks')} --landmark-model {shlex.quote(str(recipe.landmark_model))}"
        " --dataset {params.dataset:q} --out {params.out:q} --threads {threads}"


rule align:
    input: lambda wildcards: layout.dataset(wildcards.dataset) / DONE, layout.column("{dataset}", "landmark_features") / DONE
    output: layout.column("{dataset}", "aligned") / DONE
    params:
        dataset=lambda wildcards: layout.dataset(wildcards.dataset),
        features=lambda wildcards: layout.column(wildcards.dataset, "landmark_features"),
        out=lambda wildcards: layout.column(wildcards.dataset, "aligned")
    threads: workflow.cores
    shell:
        f"{script('02_align')} --dataset {{params.dataset:q}} --landmark-features {{params.features:q}}"
        " --out {params.out:q} --threads {threads}"
