"""Fusion: one value per field, one rating per film, each with its claims and its confidence."""
