"""OMDb over its API: what it carries of the raters IMDb, Rotten Tomatoes and Metacritic, film by film."""
