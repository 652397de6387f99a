-- The view `entries` of catalogue films, as entries.sql makes it of delivered ones: `film` (movie, year, month, amounts)
-- and `entry` (kind, entry, name, movie, place), both with the catalogue's ids. Portable: DuckDB and Spark take it verbatim.
SELECT
  e.kind, e.entry, e.entry AS id, e.name, e.movie, f.year, f.month, f.budget, f.revenue, f.popularity, f.votes, f.c_rating,
  row_number() OVER (PARTITION BY e.kind, e.movie ORDER BY e.place, e.entry) AS position,
  count(*) OVER (PARTITION BY e.kind, e.movie) AS members
FROM entry e JOIN film f ON f.movie = e.movie
