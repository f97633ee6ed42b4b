"""How others name the layers of residual networks: each module holds one `NAMING`; adding a file adds a naming."""
