"""Providers and how their deliveries read: one folder a source, shared parts beside them."""
