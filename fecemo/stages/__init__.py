"""One file a stage: a frozen configuration and ``run(inputs → outputs)``. Only this floor knows file names."""
