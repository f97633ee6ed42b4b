"""Order of the tests: files that take long begin first, so that at the end no core waits for the last of them."""

from pathlib import Path

SLOW = ("test_snakefile_runs", "test_model_approaches", "test_study", "test_additions_in_a_run", "test_report_page",
        "test_training", "test_side_by_side", "test_damaged_outputs", "test_early_stop", "test_train_embed",
        "test_loss_catalogue", "test_balances", "test_table_export", "test_cost_table", "test_learning_curves",
        "test_vector_rows", "test_export_model", "test_serve")
"""Longest first; see the durations that `make test` prints."""


def pytest_collection_modifyitems(items):
    rank = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(Path(item.path).stem, len(rank)))
