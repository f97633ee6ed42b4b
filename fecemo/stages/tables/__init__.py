"""What tables and the report of a run are made of: its records, read. Nothing is written here."""
