"""Ways of spending a person's acts on a pile of faces: every module is an entry, or several, of `STRATEGY`."""
