"""A home: its places, what a run holds of it, the copy of its ledger in the lake, its identity, its backups."""
