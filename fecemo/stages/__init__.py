"""One file a stage: a frozen configuration and ``run(inputs → outputs)``. Only this floor knows file names.

Its rooms hold what several stages read: a study as data, faces, names given by hand, and what tables are made of.
"""
