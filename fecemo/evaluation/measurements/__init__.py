"""Measurements beside the score: each module offers one `MEASUREMENT`."""
