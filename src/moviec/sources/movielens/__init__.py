"""MovieLens: movies.csv, with links.csv, ratings.csv and tags.csv where delivered."""
