"""Ways in which clusters get their emotions, one a file."""
