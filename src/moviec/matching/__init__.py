"""Recognising the same film across sources that share no id: `resolve.match`, and `link` for lists in files."""
