-- An export's tables in Snowflake: made by `make generated` from the export's own columns.
-- `moviec export out` writes the files; put them where the stage @moviec reads them.

CREATE OR REPLACE TABLE movies (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  kind VARCHAR COMMENT 'in `movies` feature, short, tv_movie or video; in `rollups` genres or production_companies',
  title VARCHAR COMMENT 'display title',
  original_title VARCHAR COMMENT 'title in the language it was made in',
  year INTEGER COMMENT 'year of release',
  released DATE COMMENT 'day of release',
  runtime INTEGER COMMENT 'minutes',
  status VARCHAR COMMENT 'Released, Rumored, Post Production, …',
  certificate VARCHAR COMMENT 'age rating',
  collection VARCHAR COMMENT 'series of films it belongs to',
  original_language VARCHAR COMMENT 'ISO 639-1',
  budget BIGINT COMMENT 'US dollars',
  revenue BIGINT COMMENT 'US dollars',
  revenue_scope VARCHAR COMMENT 'worldwide or domestic',
  popularity DOUBLE COMMENT 'how much it is looked at now, as TMDB counts',
  votes BIGINT COMMENT 'number of votes; in `movies` the largest of any rater',
  c_rating DOUBLE COMMENT '0 to 100',
  c_low DOUBLE COMMENT 'lower end of the C-rating’s interval',
  c_high DOUBLE COMMENT 'upper end of the C-rating’s interval',
  critics DOUBLE COMMENT 'C-rating by critics alone, 0 to 100',
  audience DOUBLE COMMENT 'C-rating by the audience alone, 0 to 100',
  raters INTEGER COMMENT 'how many raters stand behind the C-rating',
  method VARCHAR COMMENT 'version of the C-rating’s model',
  overview VARCHAR COMMENT 'what it is about, in a few sentences',
  tagline VARCHAR COMMENT 'its slogan',
  poster VARCHAR COMMENT 'address of the poster’s picture',
  trailer VARCHAR COMMENT 'address of the trailer',
  homepage VARCHAR COMMENT 'its own page',
  adult BOOLEAN COMMENT 'pornographic',
  sources VARCHAR COMMENT 'who lists it, by name, with blanks between'
);

COPY INTO movies FROM @moviec/movies.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE titles (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  title VARCHAR COMMENT 'as a source writes it',
  language VARCHAR COMMENT 'ISO 639-1',
  region VARCHAR COMMENT 'ISO 3166-1'
);

COPY INTO titles FROM @moviec/titles.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE genres (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  genre INTEGER COMMENT 'id of the genre',
  name VARCHAR COMMENT 'its name',
  facet VARCHAR COMMENT 'genre, form, audience or format',
  confidence DOUBLE COMMENT 'how sure, 0 to 1'
);

COPY INTO genres FROM @moviec/genres.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE people (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  person INTEGER COMMENT 'the person',
  name VARCHAR COMMENT 'its name',
  role VARCHAR COMMENT 'director, writer, actor, producer, …',
  character VARCHAR COMMENT 'who an actor plays',
  position INTEGER COMMENT '0 is first billed'
);

COPY INTO people FROM @moviec/people.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE companies (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  company INTEGER COMMENT 'the company',
  name VARCHAR COMMENT 'its name'
);

COPY INTO companies FROM @moviec/companies.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE countries (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  country VARCHAR COMMENT 'of production, ISO 3166-1'
);

COPY INTO countries FROM @moviec/countries.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE languages (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  language VARCHAR COMMENT 'of the title or spoken, ISO 639-1'
);

COPY INTO languages FROM @moviec/languages.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE keywords (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  keyword VARCHAR COMMENT 'as delivered'
);

COPY INTO keywords FROM @moviec/keywords.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE ids (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  space VARCHAR COMMENT 'imdb, tmdb, wikidata, …',
  external_id VARCHAR COMMENT 'the id there'
);

COPY INTO ids FROM @moviec/ids.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE ratings (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  rater VARCHAR COMMENT 'whose ratings they are',
  panel VARCHAR COMMENT 'critics or audience',
  aspect VARCHAR COMMENT 'overall, story, acting, …',
  value DOUBLE COMMENT 'on the rater’s scale',
  lowest DOUBLE COMMENT 'lower end of the scale',
  highest DOUBLE COMMENT 'upper end of the scale',
  votes BIGINT COMMENT 'how many voted',
  source VARCHAR COMMENT 'who delivered it'
);

COPY INTO ratings FROM @moviec/ratings.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE claims (
  id VARCHAR COMMENT 'the film’s public id, mc and digits',
  field VARCHAR COMMENT 'name of the field',
  source VARCHAR COMMENT 'who says so',
  value VARCHAR COMMENT 'the value as delivered; in `claims` as text',
  weight DOUBLE COMMENT 'what the claim counts for: log odds that the source is right about this field',
  chosen BOOLEAN COMMENT 'whether the film has this value'
);

COPY INTO claims FROM @moviec/claims.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE OR REPLACE TABLE rollups (
  kind VARCHAR COMMENT 'in `movies` feature, short, tv_movie or video; in `rollups` genres or production_companies',
  split VARCHAR COMMENT 'full: a film counts wholly under each; even: it is divided among them',
  year INTEGER COMMENT 'year of release',
  month INTEGER COMMENT '1 to 12; 0 is the whole year, with films whose month is unknown',
  entry INTEGER COMMENT 'id of the genre or company',
  name VARCHAR COMMENT 'its name',
  movies BIGINT COMMENT 'films, in millionths',
  films BIGINT COMMENT 'films behind the figures',
  budget BIGINT COMMENT 'US dollars',
  revenue BIGINT COMMENT 'US dollars',
  profit BIGINT COMMENT 'US dollars, of films with both known',
  budget_known BIGINT COMMENT 'films with a known budget',
  revenue_known BIGINT COMMENT 'films with known revenue',
  profit_known BIGINT COMMENT 'films with both known',
  popularity_sum BIGINT COMMENT 'millionths',
  popularity_mean BIGINT COMMENT 'millionths',
  popularity_median BIGINT COMMENT 'millionths',
  popularity_max BIGINT COMMENT 'millionths',
  popularity_known BIGINT COMMENT 'films with a known popularity',
  votes BIGINT COMMENT 'votes',
  votes_known BIGINT COMMENT 'films with a known number of votes',
  c_rating_known BIGINT COMMENT 'films with a C-rating',
  c_rating_mean BIGINT COMMENT 'hundredths of a point',
  c_rating_median BIGINT COMMENT 'hundredths of a point',
  c_rating_max BIGINT COMMENT 'hundredths of a point',
  movie_ids VARCHAR COMMENT 'the films behind the figures, a JSON list'
);

COPY INTO rollups FROM @moviec/rollups.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;

CREATE MATERIALIZED VIEW prior_years AS
SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups
WHERE month = 0 AND split = 'full';  -- current_date may not stand in one: ask for year < year(current_date)
