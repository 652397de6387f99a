"""The web: the REST API and the site, over the catalogue and the search index. No state of its own, runs no stage."""
