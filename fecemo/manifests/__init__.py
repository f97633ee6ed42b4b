"""What a data set is: lists of faces, labelled sets, splits, published figures."""
