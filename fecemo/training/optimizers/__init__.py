"""How weights follow from gradients: each module here holds one `OPTIMIZER`; adding a file adds an optimizer."""
