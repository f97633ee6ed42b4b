"""Files of tensors: each module here holds one `TENSOR_FILE`; adding a file adds a kind."""
