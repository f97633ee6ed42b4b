"""What is stored of a cell: its score, its predictions, and how a figure of them is cited."""
