"""Faces: each data set as its recipe makes it; their landmarks; and aligned, once for all cells and seeds."""


served = {}
for name, step in STEPS_OF_DATASETS:
    stage, watched = step.stage, json.dumps(step.watched, sort_keys=True)
    # Two steps that serve photographs at one port follow each other.
    before = [served[step.port]] if step.port in served else []
    sharded = ALL_SHARDS and name == recipe.roles.source and stage == "fetch"
    command = script(step.script, step.settings)

    if sharded:
        rule shard:
            input: step.inputs, before
            output: Path(SHARD) / DONE
            params:
                settings=watched, command=command,
                out=lambda wildcards: shlex.quote(SHARD.format(number=wildcards.number))
            shell: f"{{params.command}} --shard {{wildcards.number}}/{SHARDS} --out {{params.out}}"

        command = f"{script('01_join')} --faces {shlex.quote(str(step.settings.faces))} --shards {shlex.join(ALL_SHARDS)}"

    rule:
        name: f"{stage}_{name}"
        input: step.inputs, before, [Path(shard) / DONE for shard in ALL_SHARDS] if sharded else []
        output: step.out / DONE
        # A job reads its command when it runs, and a loop has gone on by then: parameters are kept with their rule.
        params: settings=watched, command=command, out=step.out
        threads: workflow.cores if step.all_cores else 1
        shell: "{params.command} --out {params.out:q}"

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


def eyes_from(dataset):
    """The landmark features that say where eyes are; none where a face detector saw them and there is no better model."""
    seen = recipe.datasets[dataset].way.has_eyes and not locate_model(recipe.landmark_model).is_file()
    return [] if seen else [layout.column(dataset, "landmark_features")]


rule align:
    input: lambda wildcards: [folder / DONE for folder in [layout.dataset(wildcards.dataset), *eyes_from(wildcards.dataset)]]
    output: layout.column("{dataset}", "{faces}") / DONE
    params:
        dataset=lambda wildcards: layout.dataset(wildcards.dataset),
        features=lambda wildcards: shlex.join(
            word for folder in eyes_from(wildcards.dataset) for word in ("--landmark-features", str(folder))),
        out=lambda wildcards: layout.column(wildcards.dataset, wildcards.faces)
    threads: workflow.cores
    shell:
        f"{script('02_align')} --dataset {{params.dataset:q}} {{params.features}} --faces {{wildcards.faces}}"
        " --out {params.out:q} --threads {threads}"
