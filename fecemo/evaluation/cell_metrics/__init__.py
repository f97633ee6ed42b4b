"""Measurements beside the score: each module holds one `METRIC`."""
