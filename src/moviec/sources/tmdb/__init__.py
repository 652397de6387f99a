"""TMDB over its API: details of films, the daily list of ids, and what changed since."""
