"""The revisions of the schema, oldest first: forward only, run at start under a lock, never edited once released."""
