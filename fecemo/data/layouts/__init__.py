"""The layouts of labelled images: each module here holds one `LAYOUT`; adding a file adds a layout."""
