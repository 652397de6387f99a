"""One module per provider: a film in, the rows of that provider's files out."""
