"""Ways of altering faces: each module here holds one `AUGMENTATION`; adding a file adds a way."""
