"""The export formats: each module here holds one `EXPORT_FORMAT`; adding a file adds a format."""
