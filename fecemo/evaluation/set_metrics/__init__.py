"""Metrics between two sets of faces: each module holds one `METRIC`; see `fecemo.evaluation.set_metric`."""
