-- An export's tables in Redshift: made by `make generated` from the export's own columns.
-- `moviec export out` writes the files; put them where COPY does: s3://BUCKET/out, with a role that may read it reads them.

CREATE TABLE movies (
  id VARCHAR(65535),
  kind VARCHAR(65535),
  title VARCHAR(65535),
  original_title VARCHAR(65535),
  year INTEGER,
  released DATE,
  runtime INTEGER,
  status VARCHAR(65535),
  certificate VARCHAR(65535),
  collection VARCHAR(65535),
  original_language VARCHAR(65535),
  budget BIGINT,
  revenue BIGINT,
  revenue_scope VARCHAR(65535),
  popularity DOUBLE PRECISION,
  votes BIGINT,
  c_rating DOUBLE PRECISION,
  c_low DOUBLE PRECISION,
  c_high DOUBLE PRECISION,
  critics DOUBLE PRECISION,
  audience DOUBLE PRECISION,
  raters INTEGER,
  method VARCHAR(65535),
  overview VARCHAR(65535),
  tagline VARCHAR(65535),
  poster VARCHAR(65535),
  trailer VARCHAR(65535),
  homepage VARCHAR(65535),
  adult BOOLEAN,
  sources VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY movies FROM 's3://BUCKET/out/movies.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE titles (
  id VARCHAR(65535),
  title VARCHAR(65535),
  language VARCHAR(65535),
  region VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY titles FROM 's3://BUCKET/out/titles.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE genres (
  id VARCHAR(65535),
  genre INTEGER,
  name VARCHAR(65535),
  facet VARCHAR(65535),
  confidence DOUBLE PRECISION
) DISTKEY (id) SORTKEY (id);

COPY genres FROM 's3://BUCKET/out/genres.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE people (
  id VARCHAR(65535),
  person INTEGER,
  name VARCHAR(65535),
  role VARCHAR(65535),
  character VARCHAR(65535),
  position INTEGER
) DISTKEY (id) SORTKEY (id);

COPY people FROM 's3://BUCKET/out/people.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE companies (
  id VARCHAR(65535),
  company INTEGER,
  name VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY companies FROM 's3://BUCKET/out/companies.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE countries (
  id VARCHAR(65535),
  country VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY countries FROM 's3://BUCKET/out/countries.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE languages (
  id VARCHAR(65535),
  language VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY languages FROM 's3://BUCKET/out/languages.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE keywords (
  id VARCHAR(65535),
  keyword VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY keywords FROM 's3://BUCKET/out/keywords.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE ids (
  id VARCHAR(65535),
  space VARCHAR(65535),
  external_id VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY ids FROM 's3://BUCKET/out/ids.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE ratings (
  id VARCHAR(65535),
  rater VARCHAR(65535),
  panel VARCHAR(65535),
  aspect VARCHAR(65535),
  value DOUBLE PRECISION,
  lowest DOUBLE PRECISION,
  highest DOUBLE PRECISION,
  votes BIGINT,
  source VARCHAR(65535)
) DISTKEY (id) SORTKEY (id);

COPY ratings FROM 's3://BUCKET/out/ratings.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE claims (
  id VARCHAR(65535),
  field VARCHAR(65535),
  source VARCHAR(65535),
  value VARCHAR(65535),
  weight DOUBLE PRECISION,
  chosen BOOLEAN
) DISTKEY (id) SORTKEY (id);

COPY claims FROM 's3://BUCKET/out/claims.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE TABLE rollups (
  kind VARCHAR(65535),
  split VARCHAR(65535),
  year INTEGER,
  month INTEGER,
  entry INTEGER,
  name VARCHAR(65535),
  movies BIGINT,
  films BIGINT,
  budget BIGINT,
  revenue BIGINT,
  profit BIGINT,
  budget_known BIGINT,
  revenue_known BIGINT,
  profit_known BIGINT,
  popularity_sum BIGINT,
  popularity_mean BIGINT,
  popularity_median BIGINT,
  popularity_max BIGINT,
  popularity_known BIGINT,
  votes BIGINT,
  votes_known BIGINT,
  c_rating_known BIGINT,
  c_rating_mean BIGINT,
  c_rating_median BIGINT,
  c_rating_max BIGINT,
  movie_ids VARCHAR(65535)
) DISTSTYLE ALL SORTKEY (kind, year, month);

COPY rollups FROM 's3://BUCKET/out/rollups.parquet' IAM_ROLE default FORMAT AS PARQUET;

CREATE MATERIALIZED VIEW prior_years AUTO REFRESH YES AS
SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups
WHERE month = 0 AND split = 'full';  -- ask for year < extract(year FROM current_date)
