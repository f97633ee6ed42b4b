"""The blocks of Table 2: what stands in each cell, once for every way of writing it down."""

from collections import Counter
from collections.abc import Callable

from fecemo.evaluation.records.cited import DASH, Cited, cite, count, field_of, share
from fecemo.evaluation.records.cluster_sweep import ways_of
from fecemo.evaluation.tables.blocks import Block, Entry, Part
from fecemo.evaluation.tables.cost_entries import EMPTY, answer_entry, cite_sweep, heading, path_of, title_on
from fecemo.evaluation.tables.cost_table import OWN, RANKED, CostRow, CostTable, Way, pair_key, reference_of, way_key
from fecemo.evaluation.tables.cost_triplets import triplets_caption, triplets_entry
from fecemo.evaluation.tables.learning_curves import learning_block
from fecemo.evaluation.tables.table import Heading

Column = Callable[[CostRow], Entry]
TRAINED_ONCE = "The networks are of one training each: by how much another would differ is in no interval."
PROBES = {"Linear probe": "linear", "k-NN probe": "nearest"}


def cost_blocks(table: CostTable) -> list[Block]:
    """Return the blocks of Table 2; those with nothing to show are left out."""
    blocks = (_main_block(table), _accuracy_block(table), _against_block(table), _clusters_block(table),
              learning_block(table.curves, table.n_clusters, _usual(table), _uniform_chance(table)),
              _labels_block(table), _reference_block(table))
    return [block for block in blocks if block is not None]


def _main_block(table: CostTable) -> Block:
    leaders = {way: table.leader(way) for way in table.ways}

    def answered(way: Way) -> Column:
        return lambda row: answer_entry(row, way, RANKED, interval=True, best=leaders[way] is row)

    columns = {heading(way): answered(way) for way in table.ways}
    columns |= {title: _probe(name) for title, name in PROBES.items()}
    if any(row.triplets for row in table.rows):
        columns["Triplets"] = triplets_entry
    return _by_row("table2-balanced", "Balanced accuracy, by what was given", _main_caption(table), table, columns)


def _main_caption(table: CostTable) -> tuple[Part, ...]:
    levels = f"{100 * table.confidence:g} % interval"
    said = [f"Beside each figure its {levels}. k clusters of unlabelled faces are named by {table.per_cluster} "
            f"labelled faces of each (labels per cluster), or by {count(table.sample)} labelled faces in all (majority "
            "vote), none of which is scored: mean over seeds of the clusters and the naming, with an interval over "
            "both. "
            f"Classifiers give answers of their own. {TRAINED_ONCE} Probes: a logistic regression and nearest "
            "neighbours that learn from the train split, which tell what the embedding holds and are no result of the "
            "row."]
    if table.rare_class_exponent:
        said.append("In naming, the labels of rare emotions weigh more.")
    if table.class_balanced:
        said.append("The faces that name were drawn so that emotions are alike often among them, which only a set that "
                    "is labelled already allows.")
    if any(table.leader(way) for way in table.ways):
        said.append("Marked: ahead of every other row of its column, by the interval of the paired difference on the "
                    "faces that both were scored on.")
    said.append(f"{DASH}: does not apply, or has not run.")
    if len({row.column.name for row in table.rows}) > 1:
        said.append(f"Faces are of the variant {_usual(table).title} where nothing else is said.")
    for waits, n_rows in Counter(row.waits for row in table.rows if row.waits).items():
        said.append(f"{n_rows} of the rows without figures {'waits' if n_rows == 1 else 'wait'} "
                    f"{waits.removeprefix('waits ')}.")
    return *_chance(table), " ".join(said), *triplets_caption(table.rows)


def _uniform_chance(table: CostTable) -> float | None:
    return next((its.chance.uniform for row in table.rows if (its := row.cluster_sweep or row.score) is not None), None)


def _chance(table: CostTable) -> tuple[Part, ...]:
    """Return what one answer for every face gives, in one sentence, or nothing where no row has been scored."""
    def of(row: CostRow, field: str) -> Part | None:
        if row.cluster_sweep is not None:
            return cite_sweep(row, f"chance.{field}")
        return None if row.score is None else cite(row.score, f"chance.{field}")

    def span(field: str) -> tuple[Part, ...]:
        found = {str(part): part for row in table.rows if (part := of(row, field)) is not None}
        low, *_, high = *sorted(found), max(found)
        return (found[low],) if low == high else (found[low], " to ", found[high])

    if not any(row.cluster_sweep or row.score for row in table.rows):
        return ()
    return ("One answer for every face gives ", *span("uniform"), "; in accuracy, always naming the most frequent "
            "emotion, ", *span("majority"), ". ")


def _accuracy_block(table: CostTable) -> Block:
    def answered(way: Way) -> Column:
        return lambda row: answer_entry(row, way, "accuracy", interval=False)

    return _by_row("table2-accuracy", "Accuracy", "The same answers; mean ± standard deviation over seeds.", table,
                   {heading(way): answered(way) for way in table.ways}, only=_ran)


def _probe(name: str) -> Column:
    def entry(row: CostRow) -> Entry:
        if row.probes is None:
            return EMPTY
        def part(field: str) -> Cited:
            value = field_of(row.probes, f"{name}.{field}")
            return Cited(share(value), value, f"{row.key}/probes", f"{name}.{field}")
        return Entry((part(RANKED),),
                     ("[", part(f"intervals.{RANKED}.low"), ", ", part(f"intervals.{RANKED}.high"), "]"))
    return entry


def _against_block(table: CostTable) -> Block | None:
    """Return by how much each row is above the best of the study's own that was given no more."""
    ways = [way for way in table.ways if way[1] != "majority_vote"]

    def against(way: Way) -> Column:
        def entry(row: CostRow) -> Entry:
            own = reference_of(row, table.rows, way)
            it = None if own is None else table.difference(row, own, way)
            if own is None or it is None:
                return EMPTY
            path = f"differences.{pair_key(row, own)}.{way_key(way)}"
            parts = [Cited(share(getattr(it, part)), getattr(it, part), "table2", f"{path}.{part}")
                     for part in ("value", "low", "high")]
            return Entry((parts[0],), ("[", parts[1], ", ", parts[2], "]"), best=it.low > 0)
        return entry

    block = _by_row("table2-against", "Against the study's own", (
        "Balanced accuracy minus that of the best of the study's own approaches that was given no more, in the same "
        "column, trained on the same faces and scored on the same, with the interval of the paired difference. Marked: "
        f"all of it lies above 0. {TRAINED_ONCE}"), table, {heading(way): against(way) for way in ways},
        only=lambda row: not row.published and any(against(way)(row) is not EMPTY for way in ways))
    return block if block.lines else None


def _clusters_block(table: CostTable) -> Block | None:
    def over_seeds(n_clusters: int, name: str) -> Column:
        def entry(row: CostRow) -> Entry:
            at = _at(row, n_clusters)
            return EMPTY if at is None else Entry((cite_sweep(row, f"{at}.{name}.mean"),),
                                                  ("± ", cite_sweep(row, f"{at}.{name}.deviation")))
        return entry

    def stability(n_clusters: int) -> Column:
        def entry(row: CostRow) -> Entry:
            at = _at(row, n_clusters)
            return EMPTY if at is None else Entry((cite_sweep(row, f"{at}.stability", 2),))
        return entry

    if not any(row.cluster_sweep for row in table.rows):
        return None
    columns = {f"{title}, k={k}": over_seeds(k, name) for title, name in (("NMI", "nmi"), ("AMI", "ami"),
                                                                            ("ARI", "ari")) for k in table.n_clusters}
    columns |= {f"Stability, k={k}": stability(k) for k in table.n_clusters}
    return _by_row("table2-clusters", "Clusters and emotions, at several k", (
        "Whatever the clusters are called: mean ± standard deviation over seeds. NMI grows with the number of clusters "
        "by itself; AMI and ARI are 0 by chance. Stability: mean adjusted Rand index of the seeds' clusterings of the "
        "source faces."), table, columns, only=lambda row: row.cluster_sweep is not None)


def _at(row: CostRow, n_clusters: int) -> str | None:
    numbers = [] if row.cluster_sweep is None else [one.n_clusters for one in row.cluster_sweep.entries]
    return f"entries.{numbers.index(n_clusters)}" if n_clusters in numbers else None


def _labels_block(table: CostTable) -> Block:
    def naming(way: Way) -> Column:
        def entry(row: CostRow) -> Entry:
            if row.cluster_sweep is None or way not in ways_of(row.cluster_sweep):
                return EMPTY
            most = row.cluster_sweep.named(*way)
            assert most is not None
            at = most.labels.index(most.most_labels)
            return Entry((cite_sweep(row, f"{path_of(row, way)}.labels.{at}"),))
        return entry

    def cited(field: str) -> Column:
        return lambda row: EMPTY if row.score is None else Entry((cite(row.score, field),))

    def scored(row: CostRow) -> Entry:
        return cited("n_scored")(row) if row.cluster_sweep is None else Entry((cite_sweep(row, "n_scored"),))

    columns: dict[str, Column] = {"Training": cited("labels_used.training"), "Choosing": cited("labels_used.choosing")}
    columns |= {f"Naming, {heading(way)}": naming(way) for way in table.ways if way != OWN}
    return _by_row("table2-labels", "What it cost in labels", (
        "Labelled faces whose labels were seen: from which networks learned, by which settings were chosen, and which "
        "named clusters, with each seed. None of them is scored."), table, {
            **columns, "Faces scored": scored, "Seeds": lambda row: EMPTY if row.cluster_sweep is None else Entry(
                (str(len(row.cluster_sweep.seeds)),))}, only=_ran)


def _reference_block(table: CostTable) -> Block | None:
    references = table.references
    if references is None:
        return None
    sources = "; ".join(f"{source}, {title}" for source, title in references.sources.items())
    return Block(
        "table2-published", "As others publish", (f"{references.note} Sources: {sources}.",), published=True,
        headings=("Given", "System", "Figure", "Measure", "Source"),
        lines=tuple((f"{one.given[0].upper()}{one.given[1:]}", one.system, Entry((Cited(
            share(one.figure), one.figure, "table2", f"references.figures.{number}.figure"),)), Entry((one.measure,)),
            Entry((one.source,))) for number, one in enumerate(references.figures)))


def _ran(row: CostRow) -> bool:
    return row.score is not None or row.cluster_sweep is not None


def _usual(table: CostTable) -> Heading:
    """Return the variant of most rows."""
    (usual, _), = Counter(row.column for row in table.rows).most_common(1)
    return usual


def _by_row(name: str, title: str, caption: str | tuple[Part, ...], table: CostTable, columns: dict[str, Column],
            only: Callable[[CostRow], bool] = lambda row: True) -> Block:
    usual = _usual(table)
    lines: tuple[tuple[str | Entry, ...], ...] = tuple(
        (f"{given[0].upper()}{given[1:]}", title_on(row.row, row.column, usual),
         *(column(row) for column in columns.values()))
        for given, rows in table.by_given() for row in rows if only(row))
    parts = (caption,) if isinstance(caption, str) else caption
    return Block(name, title, parts, ("Given", "Approach", *columns), lines)
