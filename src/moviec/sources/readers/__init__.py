"""Readers of file formats, shared by all sources."""
