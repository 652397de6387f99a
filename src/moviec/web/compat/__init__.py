"""Responses in the formats of OMDb and TMDB, for programs written for those: `/omdb/` and `/3/…`."""
