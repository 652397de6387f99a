"""The database: what was delivered, which batches exist, rejected rows, runs."""
