"""Faces: drawn, fetched, imported, measured and aligned, once for all cells and seeds."""


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
    output: layout.source / DONE
    params: settings=fetched_with(source)
    shell: fetch_command() + f" --out {shlex.quote(str(layout.source))}"


if rated:
    rule fetch_triplet_test:
        # After the source: both may be served at one port.
        input: DRAWN or rated.faces, layout.source / DONE
        output: layout.triplet_test_faces / DONE
        params: settings=fetched_with(rated)
        shell: script("01_fetch", rated) + f" --out {shlex.quote(str(layout.triplet_test_faces))}"


rule import_labelled:
    input: DRAWN or target.images
    output: layout.target / DONE
    params:
        settings=json.dumps(plain(recipe.target), sort_keys=True),
        # Drawn images are watched by the stage that draws them.
        images="" if recipe.draw else listing_digest(target.images)
    shell: script("02_import", target) + f" --out {shlex.quote(str(layout.target))}"


rule measure:
    input: lambda wildcards: layout.pack(wildcards.pack) / DONE, recipe.landmark_model or []
    output: layout.measurements("{pack}") / DONE
    params:
        pack=lambda wildcards: layout.pack(wildcards.pack),
        out=lambda wildcards: layout.measurements(wildcards.pack)
    threads: workflow.cores
    shell:
        f"{script('02_measure')} --landmark-model {shlex.quote(str(recipe.landmark_model))}"
        " --pack {params.pack:q} --out {params.out:q} --threads {threads}"


rule align:
    input: lambda wildcards: layout.pack(wildcards.pack) / DONE, layout.measurements("{pack}") / DONE
    output: layout.aligned("{pack}") / DONE
    params:
        pack=lambda wildcards: layout.pack(wildcards.pack),
        measurements=lambda wildcards: layout.measurements(wildcards.pack),
        out=lambda wildcards: layout.aligned(wildcards.pack)
    threads: workflow.cores
    shell:
        f"{script('02_align')} --pack {{params.pack:q}} --measurements {{params.measurements:q}}"
        " --out {params.out:q} --threads {threads}"
