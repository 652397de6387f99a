"""Wikipedia's lists of films as JSON lines: title, year, cast, genres, address of the article."""
