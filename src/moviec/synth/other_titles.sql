-- The titles of IMDb's files that are no films: episodes, series and games. Reads `wanted` (one row: people in films, `strangers`
-- in none, seed, `words`: rows of wording), `kinds` (kind, upto: shares of a thousand, added up) and `wording` (at, title, name).

-- name: below_2_32
CREATE OR REPLACE MACRO below_2_32(number, salt) AS (number::UBIGINT * 2654435761 + salt::UBIGINT * 40503) % 4294967296

-- name: mixed
-- A number below 2^32 that follows from a number and a salt, mixed well enough to draw by.
CREATE OR REPLACE MACRO mixed(number, salt) AS
  (xor(below_2_32(number, salt), below_2_32(number, salt) >> 15) * 2146121005 % 4294967296 >> 3)::BIGINT

-- name: others
-- Six of ten episodes have no title of their own, as there.
SELECT t.n, 'tt' || t.n AS tconst, k.kind, 1950 + mixed(t.n, seed + 1) % 76 AS year, 1 + mixed(t.n, seed + 2) % 8 AS akas,
       1 + mixed(t.n, seed + 3) % 15 AS principals, mixed(t.n, seed + 4) % 10 = 0 AS rated, mixed(t.n, seed + 5) AS chance,
       CASE WHEN k.kind = 'tvEpisode' AND mixed(t.n, seed + 6) % 10 < 6
            THEN 'Episode #' || (1 + mixed(t.n, seed + 7) % 20) || '.' || (1 + mixed(t.n, seed + 8) % 40)
            ELSE w.title END AS title
FROM (SELECT range AS n FROM range({first}, {end})) t
CROSS JOIN wanted
JOIN wording w ON w.at = mixed(t.n, seed + 9) % words
JOIN (SELECT kind, upto, lag(upto, 1, 0) OVER (ORDER BY upto) AS above FROM kinds) k
  ON mixed(t.n, seed + 10) % 1000 >= k.above AND mixed(t.n, seed + 10) % 1000 < k.upto

-- name: basics
SELECT tconst, kind, title, title, '0', year::VARCHAR, '\N', CASE WHEN chance % 3 = 0 THEN '\N' ELSE (20 + chance % 60)::VARCHAR END,
       ['Drama', 'Comedy', 'Talk-Show', 'News', 'Reality-TV'][1 + chance % 5]
FROM others ORDER BY n

-- name: ratings
SELECT tconst, printf('%.1f', 1 + (chance % 91) / 10), (5 + chance % 2000)::VARCHAR FROM others WHERE rated ORDER BY n

-- name: crew
SELECT tconst, printf('nm%07d', {stranger} + mixed(n, seed + 11) % strangers), '\N' FROM others CROSS JOIN wanted ORDER BY n

-- name: akas
SELECT tconst, i::VARCHAR, title, ['US', 'DE', 'FR', 'ES', 'IT', 'JP', 'IN', 'PT'][i], '\N', 'imdbDisplay', '\N', '0'
FROM (SELECT n, tconst, title, unnest(range(1, akas + 1)) AS i FROM others) ORDER BY n, i

-- name: principals
-- One in four is somebody who is in films, too.
SELECT tconst, i::VARCHAR,
       printf('nm%07d', CASE WHEN mixed(n * 16 + i, seed + 12) % 4 = 0 THEN 1 + mixed(n * 16 + i, seed + 13) % people
                             ELSE {stranger} + mixed(n * 16 + i, seed + 13) % strangers END),
       ['actor', 'actress', 'self', 'writer', 'producer', 'editor', 'composer'][1 + mixed(n * 16 + i, seed + 14) % 7], '\N', '\N'
FROM (SELECT n, tconst, unnest(range(1, principals + 1)) AS i FROM others) CROSS JOIN wanted ORDER BY n, i

-- name: names
-- Everybody who is in none of the films, each with the title of their number.
SELECT printf('nm%07d', {stranger} + n - {begin}), w.name, '\N', '\N', 'actor', tconst
FROM others CROSS JOIN wanted JOIN wording w ON w.at = mixed(n, seed + 15) % words ORDER BY n
