"""The approaches of the study: each module here holds one `APPROACH`; adding a file adds an approach."""
