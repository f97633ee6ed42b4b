"""The labelling session as widgets of a notebook. All that is decided is decided in `fecemo.labelling`."""
