"""A study as data: recipes, their rows and cells, and what each row is given. No stage, and no face is read."""
