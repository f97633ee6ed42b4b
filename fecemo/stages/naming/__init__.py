"""What naming by hand knows of a run, beside the stage that stores the names."""
