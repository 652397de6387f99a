"""Anyone's own list: CSV, TSV, JSON, JSON lines or Parquet, read by a mapping in a `source.toml`."""
