"""The image variants: each module here holds one `VARIANT`; adding a file adds a variant."""
