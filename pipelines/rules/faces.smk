"""Faces: drawn, fetched, imported; their landmarks; and aligned, once for all cells and seeds."""


def fetched_with(settings):
    return json.dumps({name: plain(getattr(settings, name)) for name in DECIDING + ("format", "limit")})


def fetch_command():
    """The list fetched whole or, where it is fetched in shards, one pack made of them."""
    if not ALL_SHARDS:
        return script("01_fetch", source)
    return f"{script('01_join')} --faces {shlex.quote(str(source.faces))} --shards {shlex.join(ALL_SHARDS)}"


if recipe.draw:
    rule draw:
        output: layout.drawn / DONE
        params: settings=json.dumps(plain(recipe.draw), sort_keys=True)
        threads: workflow.cores
        shell: script("00_draw", recipe.draw) + f" --out {shlex.quote(str(layout.drawn))}"


rule fetch_shard:
    input: DRAWN or source.faces
    output: Path(SHARD) / DONE
    params: settings=fetched_with(source), out=lambda wildcards: shlex.quote(SHARD.format(number=wildcards.number))
    shell: script("01_fetch", source) + f" --shard {{wildcards.number}}/{SHARDS} --out {{params.out}}"


rule fetch:
    input: DRAWN or source.faces, [Path(shard) / DONE for shard in ALL_SHARDS]
    output: layout.dataset("source") / DONE
    params: settings=fetched_with(source)
    shell: fetch_command() + f" --out {shlex.quote(str(layout.dataset('source')))}"


if rated:
    rule fetch_triplet_test:
        # After the source: both may be served at one port.
        input: DRAWN or rated.faces, layout.dataset("source") / DONE
        output: layout.dataset("triplet_test") / DONE
        params: settings=fetched_with(rated)
        shell: script("01_fetch", rated) + f" --out {shlex.quote(str(layout.dataset('triplet_test')))}"


rule import_labelled:
    input: DRAWN or target.images
    output: layout.dataset("target") / DONE
    params:
        settings=json.dumps(plain(recipe.target), sort_keys=True),
        # Drawn images are watched by the stage that draws them.
        images="" if recipe.draw else listing_digest(target.images)
    shell: script("02_import", target) + f" --out {shlex.quote(str(layout.dataset('target')))}"


for name, its in further.items():
    listed = its.faces if isinstance(its, FetchSettings) else its.images

    rule:
        name: f"dataset_{name}"
        input: DRAWN or listed
        output: layout.dataset(name) / DONE
        params:
            settings=fetched_with(its) if isinstance(its, FetchSettings) else json.dumps(plain(its), sort_keys=True),
            files="" if recipe.draw else listing_digest(listed)
        shell:
            script("01_fetch" if isinstance(its, FetchSettings) else "02_import", its)
            + f" --out {shlex.quote(str(layout.dataset(name)))}"


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
