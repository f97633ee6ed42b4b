"""Augmentations: each module here holds an `AUGMENTATION`, or several as a tuple; a new file is a new one."""
