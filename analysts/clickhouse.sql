-- An export's tables in ClickHouse: made by `make generated` from the export's own columns.
-- `moviec export out` writes the files; put them where the server (user_files, or s3() in place of file()) reads them.

CREATE TABLE movies (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `kind` Nullable(String) COMMENT 'in `movies` feature, short, tv_movie or video; in `rollups` genres or production_companies',
  `title` Nullable(String) COMMENT 'display title',
  `original_title` Nullable(String) COMMENT 'title in the language it was made in',
  `year` Nullable(Int32) COMMENT 'year of release',
  `released` Nullable(Date32) COMMENT 'day of release',
  `runtime` Nullable(Int32) COMMENT 'minutes',
  `status` Nullable(String) COMMENT 'Released, Rumored, Post Production, …',
  `certificate` Nullable(String) COMMENT 'age rating',
  `collection` Nullable(String) COMMENT 'series of films it belongs to',
  `original_language` Nullable(String) COMMENT 'ISO 639-1',
  `budget` Nullable(Int64) COMMENT 'US dollars',
  `revenue` Nullable(Int64) COMMENT 'US dollars',
  `revenue_scope` Nullable(String) COMMENT 'worldwide or domestic',
  `popularity` Nullable(Float64) COMMENT 'how much it is looked at now, as TMDB counts',
  `votes` Nullable(Int64) COMMENT 'number of votes; in `movies` the largest of any rater',
  `c_rating` Nullable(Float64) COMMENT '0 to 100',
  `c_low` Nullable(Float64) COMMENT 'lower end of the C-rating’s interval',
  `c_high` Nullable(Float64) COMMENT 'upper end of the C-rating’s interval',
  `critics` Nullable(Float64) COMMENT 'C-rating by critics alone, 0 to 100',
  `audience` Nullable(Float64) COMMENT 'C-rating by the audience alone, 0 to 100',
  `raters` Nullable(Int32) COMMENT 'how many raters stand behind the C-rating',
  `method` Nullable(String) COMMENT 'version of the C-rating’s model',
  `overview` Nullable(String) COMMENT 'what it is about, in a few sentences',
  `tagline` Nullable(String) COMMENT 'its slogan',
  `poster` Nullable(String) COMMENT 'address of the poster’s picture',
  `trailer` Nullable(String) COMMENT 'address of the trailer',
  `homepage` Nullable(String) COMMENT 'its own page',
  `adult` Nullable(Bool) COMMENT 'pornographic',
  `sources` Nullable(String) COMMENT 'who lists it, by name, with blanks between'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO movies SELECT * FROM file('out/movies.parquet', Parquet);

CREATE TABLE titles (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `title` Nullable(String) COMMENT 'as a source writes it',
  `language` Nullable(String) COMMENT 'ISO 639-1',
  `region` Nullable(String) COMMENT 'ISO 3166-1'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO titles SELECT * FROM file('out/titles.parquet', Parquet);

CREATE TABLE genres (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `genre` Nullable(Int32) COMMENT 'id of the genre',
  `name` Nullable(String) COMMENT 'its name',
  `facet` Nullable(String) COMMENT 'genre, form, audience or format',
  `confidence` Nullable(Float64) COMMENT 'how sure, 0 to 1'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO genres SELECT * FROM file('out/genres.parquet', Parquet);

CREATE TABLE people (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `person` Nullable(Int32) COMMENT 'the person',
  `name` Nullable(String) COMMENT 'its name',
  `role` Nullable(String) COMMENT 'director, writer, actor, producer, …',
  `character` Nullable(String) COMMENT 'who an actor plays',
  `position` Nullable(Int32) COMMENT '0 is first billed'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO people SELECT * FROM file('out/people.parquet', Parquet);

CREATE TABLE companies (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `company` Nullable(Int32) COMMENT 'the company',
  `name` Nullable(String) COMMENT 'its name'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO companies SELECT * FROM file('out/companies.parquet', Parquet);

CREATE TABLE countries (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `country` Nullable(String) COMMENT 'of production, ISO 3166-1'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO countries SELECT * FROM file('out/countries.parquet', Parquet);

CREATE TABLE languages (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `language` Nullable(String) COMMENT 'of the title or spoken, ISO 639-1'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO languages SELECT * FROM file('out/languages.parquet', Parquet);

CREATE TABLE keywords (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `keyword` Nullable(String) COMMENT 'as delivered'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO keywords SELECT * FROM file('out/keywords.parquet', Parquet);

CREATE TABLE ids (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `space` Nullable(String) COMMENT 'imdb, tmdb, wikidata, …',
  `external_id` Nullable(String) COMMENT 'the id there'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO ids SELECT * FROM file('out/ids.parquet', Parquet);

CREATE TABLE ratings (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `rater` Nullable(String) COMMENT 'whose ratings they are',
  `panel` Nullable(String) COMMENT 'critics or audience',
  `aspect` Nullable(String) COMMENT 'overall, story, acting, …',
  `value` Nullable(Float64) COMMENT 'on the rater’s scale',
  `lowest` Nullable(Float64) COMMENT 'lower end of the scale',
  `highest` Nullable(Float64) COMMENT 'upper end of the scale',
  `votes` Nullable(Int64) COMMENT 'how many voted',
  `source` Nullable(String) COMMENT 'who delivered it'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO ratings SELECT * FROM file('out/ratings.parquet', Parquet);

CREATE TABLE claims (
  `id` String COMMENT 'the film’s public id, mc and digits',
  `field` Nullable(String) COMMENT 'name of the field',
  `source` Nullable(String) COMMENT 'who says so',
  `value` Nullable(String) COMMENT 'the value as delivered; in `claims` as text',
  `weight` Nullable(Float64) COMMENT 'what the claim counts for: log odds that the source is right about this field',
  `chosen` Nullable(Bool) COMMENT 'whether the film has this value'
) ENGINE = MergeTree ORDER BY (id);

INSERT INTO claims SELECT * FROM file('out/claims.parquet', Parquet);

CREATE TABLE rollups (
  `kind` String COMMENT 'in `movies` feature, short, tv_movie or video; in `rollups` genres or production_companies',
  `split` String COMMENT 'full: a film counts wholly under each; even: it is divided among them',
  `year` Int32 COMMENT 'year of release',
  `month` Int32 COMMENT '1 to 12; 0 is the whole year, with films whose month is unknown',
  `entry` Int32 COMMENT 'id of the genre or company',
  `name` Nullable(String) COMMENT 'its name',
  `movies` Nullable(Int64) COMMENT 'films, in millionths',
  `films` Nullable(Int64) COMMENT 'films behind the figures',
  `budget` Nullable(Int64) COMMENT 'US dollars',
  `revenue` Nullable(Int64) COMMENT 'US dollars',
  `profit` Nullable(Int64) COMMENT 'US dollars, of films with both known',
  `budget_known` Nullable(Int64) COMMENT 'films with a known budget',
  `revenue_known` Nullable(Int64) COMMENT 'films with known revenue',
  `profit_known` Nullable(Int64) COMMENT 'films with both known',
  `popularity_sum` Nullable(Int64) COMMENT 'millionths',
  `popularity_mean` Nullable(Int64) COMMENT 'millionths',
  `popularity_median` Nullable(Int64) COMMENT 'millionths',
  `popularity_max` Nullable(Int64) COMMENT 'millionths',
  `popularity_known` Nullable(Int64) COMMENT 'films with a known popularity',
  `votes` Nullable(Int64) COMMENT 'votes',
  `votes_known` Nullable(Int64) COMMENT 'films with a known number of votes',
  `c_rating_known` Nullable(Int64) COMMENT 'films with a C-rating',
  `c_rating_mean` Nullable(Int64) COMMENT 'hundredths of a point',
  `c_rating_median` Nullable(Int64) COMMENT 'hundredths of a point',
  `c_rating_max` Nullable(Int64) COMMENT 'hundredths of a point',
  `movie_ids` Nullable(String) COMMENT 'the films behind the figures, a JSON list'
) ENGINE = MergeTree ORDER BY (kind, split, year, month, entry);

INSERT INTO rollups SELECT * FROM file('out/rollups.parquet', Parquet);

CREATE MATERIALIZED VIEW prior_years ENGINE = MergeTree ORDER BY (kind, year, entry) POPULATE AS
SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups
WHERE month = 0 AND split = 'full' AND year < toYear(today());
