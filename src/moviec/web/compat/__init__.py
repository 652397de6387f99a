"""Answers as OMDb and TMDB give them, for programs that are written for those: `/omdb/` and `/3/…`."""
