"""Tags, sidecars, words and search: what an archive takes from a finished run. Photographs are never written."""
