"""Files that are written once: raw payloads by their SHA-256, and batches of records."""
