"""Providers and how their deliveries read: one folder per source, and shared parts."""
