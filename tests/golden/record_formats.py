"""What every stored record holds, by its format: of a cell, of names, and receipts."""

import dataclasses
import types
import typing

from fecemo.data.cluster_names import HAND_FORMAT, NAMED_FORMAT, ClusterNames, HandNames
from fecemo.data.receipts import RECEIPT_FORMAT, Receipt
from fecemo.evaluation.cell_metric import cell_metrics
from fecemo.evaluation.metrics.cluster_sweep import CLUSTER_SWEEP, ClusterSweep
from fecemo.evaluation.metrics.cost_curve import COST_CURVE, CostCurve
from fecemo.evaluation.metrics.triplets import TRIPLET_TEST_RECORD, TripletTest
from fecemo.evaluation.records.score import SCORE, Score


def record_formats() -> dict[str, object]:
    """Return the fields of every record, with the type of each; those of dataclasses within it spelled out."""
    return {SCORE.format: _fields(Score), CLUSTER_SWEEP.format: _fields(ClusterSweep),
            COST_CURVE.format: _fields(CostCurve),
            TRIPLET_TEST_RECORD.format: _fields(TripletTest), RECEIPT_FORMAT: _fields(Receipt),
            HAND_FORMAT: _fields(HandNames), NAMED_FORMAT: _fields(ClusterNames),
            **{metric.record.format: _fields(metric.kind) for metric in cell_metrics().values()}}


def _fields(kind: object) -> object:
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {field.name: _fields(hints[field.name]) for field in dataclasses.fields(kind)}
    parts = [_fields(part) for part in typing.get_args(kind)]
    name = "one of" if isinstance(kind, types.UnionType) else getattr(kind, "__name__", str(kind))
    return [name, *parts] if parts else name
