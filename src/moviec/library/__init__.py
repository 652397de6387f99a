"""A catalogue in this process: the API's answers without a server, tables for Arrow, pandas and Polars, and MCP."""
