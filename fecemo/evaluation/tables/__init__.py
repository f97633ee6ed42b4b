"""The tables of a run: each module registers one `TABLE`, or a tuple of them, as pivots of the results."""
