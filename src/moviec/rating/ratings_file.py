"""A file of ratings (CSV, TSV, JSON lines, Parquet; text ones also gzipped) read into the view `ratings`.

Lines that cannot be read as rows at all become the table `ratings_unread` (file_row, movie, source, value, reason).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.bounds import check_regular
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.dialect import Dialect, gunzip
from moviec.engine.textfile.rows import check_encoding, copy_rows, keep_rows, read_names
from moviec.engine.unreadable_cells import Unread
from moviec.errors import PayloadError, UsageError
from moviec.rating.arrays import REQUIRED
from moviec.reading.columns import Column, Rows, extra_of, read_columns
from moviec.reading.conversion import WORKBOOKS, readable
from moviec.reading.film_table import path_of, stage_list, unfold, with_positions
from moviec.reading.layouts import ALIASES, MORE_ALIASES, Layout, layout_of, usual_columns
from moviec.work import work_folder

#: A longer line of JSON is not a rating.
LONGEST_LINE = 1_000_000

DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")

_COLUMNS: dict[str, pa.DataType] = {"file_row": pa.int64(), "value": pa.string(), "reason": pa.string()}
_UNREAD = pa.schema(_COLUMNS)


#: The kinds of a table's cells; all others are texts.
_KINDS = {"value": "rating", "lowest": "rating", "highest": "rating", "votes": "count", "deviation": "number"}

#: How each column is used once its cells are read. An unusable value stays unchanged, for the rejected rows;
#: an unreadable number of votes counts as none, without losing the value.
_USED = {
    "value": "coalesce(on_scale(try_cast(r_value AS DOUBLE), {value_top}, try_cast(r_highest AS DOUBLE), {highest_top})::VARCHAR, value)",
    "lowest": "coalesce(known_text(r_lowest), lowest)",
    "highest": "coalesce(known_text(r_highest), highest)",
    "votes": "known_text(r_votes)",
    "deviation": "coalesce(known_text(r_deviation), deviation)",
}


class Opened(msgspec.Struct, frozen=True):
    """The columns of a table of ratings, in lower case, and those with cells that could not be read."""

    columns: list[str]
    unread: tuple[Unread, ...]


def open_ratings(engine: DuckEngine, path: Path) -> Opened:
    """Register the file as `ratings`, its cells read and its rows numbered in `file_row`.

    Raises UsageError for a missing file or an unknown ending, PayloadError for a file without ratings.
    """
    check_regular(path)
    with work_folder() as work:
        columns = _open(engine, readable(path, Path(work)), path, Path(work))
    columns = _long(engine, columns, path.name)
    missing = [name for name in REQUIRED if name not in columns]
    if {"value", "highest"} <= {*missing} and "movie" not in columns:
        named = ", ".join(name for name in columns if name != "file_row")
        raise PayloadError(
            f"no column of ratings among {named[:300]}",
            path.name,
            f"a table of ratings has {', '.join(REQUIRED)}",
        )
    if missing:
        raise PayloadError(
            f"no column {', '.join(missing)}", path.name, f"a table of ratings has {', '.join(REQUIRED)}"
        )
    return Opened(columns, _read_cells(engine, columns))


def _read_cells(engine: DuckEngine, columns: list[str]) -> tuple[Unread, ...]:
    """Create the view `ratings`: the rows of `rating_cells` with their cells read."""
    some = [Column(name, kind, f"r_{name}") for name, kind in _KINDS.items() if name in columns]
    readings = read_columns(engine, Rows("rating_cells", "rating_cells", "file_row"), "ratings_read", some)
    tops = {f"{name}_top": identifier(extra_of(f"r_{name}", "top")) for name in ("value", "highest")}
    used = ", ".join(
        f"{_USED[name].format(**tops)} AS {name}" if name in _USED else identifier(name) for name in columns
    )
    engine.materialize("ratings", f"SELECT {used} FROM ratings_read ORDER BY file_row")
    return readings.unread


#: Names of the columns of films, viewers and ratings in tables with one row per viewer.
_FILM = (
    "movie",
    "movieid",
    "film",
    "filmid",
    "title",
    "tconst",
    "imdb_id",
    "imdbid",
    "id",
    "item",
    "itemid",
    "name",
    "series_title",
)
_VIEWER = ("userid", "user", "user_id", "viewer", "viewerid", "reviewer", "critic")
_GIVEN = ("rating", "value", "score", "stars")

#: Raters with a column of their own, by the folded name of the column, with the ends of their scales.
_WIDE = {
    "imdb": ("imdb", 1, 10), "imdbrating": ("imdb", 1, 10), "imdbscore": ("imdb", 1, 10),
    "tmdb": ("tmdb", 0, 10), "voteaverage": ("tmdb", 0, 10), "metacritic": ("metacritic", 0, 100), "metascore": ("metacritic", 0, 100),
    "metacriticuser": ("metacritic_user", 0, 10), "rottentomatoes": ("rottentomatoes", 0, 100), "tomatometer": ("rottentomatoes", 0, 100),
    "rottentomatoesuser": ("rottentomatoes_audience", 0, 100), "audiencescore": ("rottentomatoes_audience", 0, 100),
    "letterboxd": ("letterboxd", 0.5, 5), "movielens": ("movielens", 0.5, 5), "douban": ("douban", 2, 10), "kinopoisk": ("kinopoisk", 1, 10),
}  # fmt: skip


def _long(engine: DuckEngine, columns: list[str], file: str) -> list[str]:
    """Convert tables with one row per viewer and film, with a column per rater, or of one person's ratings, to a table
    of ratings.

    Other tables are unchanged.
    """
    usual = usual_columns([name for name in columns if name != "file_row"], ALIASES | MORE_ALIASES)
    unfolded = {name.partition(".")[0] for name in columns if "." in name}  # an object is not a film's name
    film = next((name for name in _FILM if name in columns and name not in unfolded), usual.get("title"))
    viewer = next((name for name in _VIEWER if name in columns), None)
    given = next((name for name in _GIVEN if name in columns), usual.get("rating"))
    if film is None or {"value", "highest"} & {*columns}:
        return columns
    layout = layout_of(columns, file)
    film = (layout.feeding("title", columns) if layout else None) or film
    if film == usual.get("title") and "year" in usual:
        _tell_apart(engine, film, usual["year"])
    if "source" in columns:
        return _of_sources(engine, film, given) if given else columns
    if viewer and given:
        return _of_viewers(engine, film, given)
    wide: dict[str, tuple[str, float, float]] = {
        name: _WIDE[folded] for name in columns if (folded := "".join(filter(str.isalnum, name))) in _WIDE
    }
    if "tconst" in columns and "averagerating" in columns:
        wide["averagerating"] = _WIDE["imdb"]
    wide |= _own_of(layout, columns)
    wide = wide or _like_raters(engine, [name for name in columns if name not in (film, "file_row")])
    if wide:
        return _of_columns(engine, film, wide)
    if given is None:
        return columns
    return _of_sources(engine, film, given, quoted(OWN))


#: The rater of a list that does not name one.
OWN = "me"


def _own_of(layout: Layout | None, columns: list[str]) -> dict[str, tuple[str, float, float]]:
    """Return the columns of a layout's raters, with the ends of their scales."""
    if layout is None:
        return {}
    return {
        column: (name, scale.lowest, scale.highest)
        for name, scale in layout.raters.items()
        if (column := layout.feeding(f"ratings.{name}", columns))
    }


def _tell_apart(engine: DuckEngine, film: str, year: str) -> None:
    """Append the year to titles that several films of the table share."""
    title, years = identifier(film), f"regexp_extract({identifier(year)}, '(?:18|19|20)[0-9]{{2}}')"
    engine.materialize(
        "titled_cells",
        f"SELECT * REPLACE (CASE WHEN {years} <> '' AND count(DISTINCT {years}) OVER (PARTITION BY {title}) > 1"
        f" THEN {title} || ' (' || {years} || ')' ELSE {title} END AS {title}) FROM rating_cells ORDER BY file_row",
    )
    engine.materialize("rating_cells", "SELECT * FROM titled_cells")


#: Columns of numbers that are not ratings.
_NO_RATINGS = frozenset(
    ("year", "jahr", "annee", "runtime", "duration", "minutes", "votes", "numvotes", "rank", "position", "nr", "no", "number", "budget", "revenue",
     "gross", "popularity", "id", "movieid", "imdbid", "tmdbid", "filmid", "date", "day", "month", "decade", "age", "length", "count")
)  # fmt: skip


def _like_raters(engine: DuckEngine, columns: list[str]) -> dict[str, tuple[str, float, float]]:
    """Return the columns with cells like ratings, each a rater of that name; empty if fewer than two."""
    found: dict[str, tuple[str, float, float]] = {}
    for name in columns:
        if "".join(filter(str.isalnum, name)) in _NO_RATINGS:
            continue
        cells = f"try_cast(replace(trim({identifier(name)}), ',', '.') AS DOUBLE)"
        facts = engine.query(
            f"SELECT count(*) FILTER (WHERE trim({identifier(name)}) <> '') AS filled, count({cells}) AS read,"
            f" min({cells}) AS least, max({cells}) AS most FROM rating_cells"
        ).to_pylist()[0]
        if (
            facts["read"]
            and facts["read"] >= 0.8 * facts["filled"]
            and facts["least"] >= 0
            and facts["most"] <= 100
        ):
            found[name] = (name.replace("'", ""), 0, _top(facts["most"]))
    return found if len(found) > 1 else {}


def _top(most: float) -> int:
    """Return the assumed top of values' scale: the first usual one that none exceeds."""
    return next((top for top in (5, 10, 100) if most <= top), 100)


def _of_sources(engine: DuckEngine, film: str, given: str, source: str = "source") -> list[str]:
    """Convert a table of film, source and rating to a table of ratings: each source's scale is that of its values.

    `source` is its column, or the SQL of one source for all.
    """
    cells = Column(given, "rating", "r_given")
    engine.materialize("source_cells", "SELECT * FROM rating_cells")
    read_columns(engine, Rows("source_cells", "source_cells", "file_row"), "source_ratings", [cells])
    top = identifier(extra_of("r_given", "top"))
    stars = f"WHEN {top} = 'stars' THEN try_cast(r_given AS DOUBLE)"
    value = (
        f"CASE {stars} ELSE on_scale(try_cast(r_given AS DOUBLE), {top},"
        f" coalesce(max(try_cast({top} AS DOUBLE)) OVER (PARTITION BY {source}), 1), NULL) END"
    )
    cell = identifier(given)
    engine.materialize(
        "rating_cells",
        f"SELECT movie, source, coalesce(value::VARCHAR, given) AS value, '0' AS lowest,"
        f" CASE WHEN max(value) OVER (PARTITION BY source) <= 5 THEN '5'"
        f"      WHEN max(value) OVER (PARTITION BY source) <= 10 THEN '10' ELSE '100' END AS highest, file_row"
        f" FROM (SELECT {identifier(film)} AS movie, {source} AS source, {value} AS value, {cell} AS given, file_row"
        f"       FROM source_ratings WHERE {identifier(film)} IS NOT NULL AND trim({cell}) <> '') ORDER BY file_row",
    )
    return [*REQUIRED, "file_row"]


def _of_viewers(engine: DuckEngine, film: str, given: str) -> list[str]:
    """Count each film's viewers and take their mean; the scale is that of the values."""
    cells = Column(given, "rating", "r_given")
    engine.view("viewer_cells", "SELECT * FROM rating_cells")
    read_columns(engine, Rows("viewer_cells", "viewer_cells", "file_row"), "viewer_ratings", [cells])
    value = "try_cast(r_given AS DECIMAL(12, 4))"
    ends = engine.query(
        f"SELECT min({value}) AS lowest, max({value}) AS highest FROM viewer_ratings"
    ).to_pylist()[0]
    highest = _top(float(ends["highest"] or 0))
    lowest = (
        0.5
        if highest == 5 and ends["lowest"] and ends["lowest"] < 1
        else 0
        if ends["lowest"] == 0 or highest == 100
        else 1
    )
    engine.materialize(
        "rating_cells",
        f"SELECT {identifier(film)} AS movie, 'viewers' AS source, (sum({value}) / count({value}))::DOUBLE::VARCHAR AS value,"
        f" '{lowest}' AS lowest, '{highest}' AS highest, count({value})::VARCHAR AS votes, min(file_row) AS file_row"
        f" FROM viewer_ratings WHERE {identifier(film)} IS NOT NULL GROUP BY {identifier(film)} HAVING count({value}) > 0 ORDER BY file_row",
    )
    return [*REQUIRED, "votes", "file_row"]


def _of_columns(engine: DuckEngine, film: str, wide: Mapping[str, tuple[str, float, float]]) -> list[str]:
    """Convert each rater's column to rows of ratings, without empty values."""
    parts = " UNION ALL ".join(
        f"SELECT {identifier(film)} AS movie, '{rater}' AS source, {identifier(name)} AS value, '{lowest}' AS lowest,"
        f" '{highest}' AS highest, file_row FROM rating_cells WHERE {identifier(name)} IS NOT NULL"
        for name, (rater, lowest, highest) in wide.items()
    )
    engine.materialize("rating_parts", f"SELECT * FROM ({parts}) ORDER BY file_row, source")
    engine.materialize("rating_cells", "SELECT * FROM rating_parts")
    return [*REQUIRED, "file_row"]


def _open(engine: DuckEngine, path: Path, given: Path, work: Path) -> list[str]:
    if given.suffix.lower() in (*WORKBOOKS, ".dat"):
        return _open_csv(engine, path, DELIMITERS[".csv"])
    kind = path.with_suffix("").suffix.lower() if path.suffix == ".gz" else path.suffix.lower()
    kind = ".csv" if kind in (".txt", ".md") else kind
    try:
        if kind in DELIMITERS:
            return _open_csv(engine, path, DELIMITERS[kind])
        if kind in JSON_LINES and _is_list(path):
            return _open_list(engine, path, work)
        if kind in JSON_LINES:
            return [*unfold(engine, "rating_cells", _open_json(engine, path)[:-1]), "file_row"]
        if kind == ".parquet":
            return _open_parquet(engine, path)
    except duckdb.Error as error:
        raise PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name) from error
    raise UsageError(
        f"a table cannot have the ending '{kind}'", path.name, "give .csv, .tsv, .jsonl or .parquet"
    )


def _open_csv(engine: DuckEngine, path: Path, delimiters: str) -> list[str]:
    with work_folder() as folder:
        work = Path(folder)
        plain = gunzip(path, work / path.stem) if path.suffix == ".gz" else path
        with plain.open("rb") as start:
            first = start.readline().decode("utf-8-sig", errors="replace")
        header = read_names(plain, Dialect(max(delimiters, key=first.count)))
        names = with_positions([name.lower() for name in header.names])
        file = copy_rows(engine, msgspec.structs.replace(header, names=names), names, work / "rows.parquet")
        check_encoding(engine, file)
        keep_rows(engine, file, "rating_cells", "file_row")
    unread = [
        (row.before + number, row.text, f"line {row.line}: {row.reason}")
        for number, row in enumerate(file.broken, 1)
    ]
    engine.register(
        "unread",
        pa.Table.from_pylist([dict(zip(_UNREAD.names, row, strict=True)) for row in unread], _UNREAD),
    )
    engine.materialize(
        "ratings_unread",
        "SELECT file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, value, reason FROM unread",
    )
    return [*names, "file_row"]


def _open_json(engine: DuckEngine, path: Path) -> list[str]:
    lines = (
        f"read_csv({quoted(str(path))}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false,"
        f" delim = '\x1f', quote = '', escape = '', max_line_size = {LONGEST_LINE})"
    )
    engine.materialize("rating_lines", f"SELECT line, row_number() OVER () AS file_row FROM {lines}")
    engine.materialize(
        "ratings_unread",
        "SELECT file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, line AS value, 'not a JSON object' AS reason"
        " FROM rating_lines WHERE NOT CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
        " AND trim(line) <> ''",
    )
    engine.materialize(
        "rating_objects",
        "SELECT * FROM rating_lines WHERE file_row NOT IN (SELECT file_row FROM ratings_unread) AND trim(line) <> ''",
    )
    keys = engine.query("SELECT DISTINCT unnest(json_keys(line)) AS name FROM rating_objects ORDER BY name")
    given = [str(name) for name in keys.column("name").to_pylist()]
    if not given:
        raise PayloadError("no line is a JSON object", path.name, "give one object a line")
    cells = {name: f"json_extract_string(line, {quoted(path_of(name))})" for name in given}
    names = _keep_columns(engine, cells, "rating_objects")
    return [*names, "file_row"]


def _is_list(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _open_list(engine: DuckEngine, path: Path, work: Path) -> list[str]:
    """Open a JSON list, with nested values under their path."""
    columns, _ = stage_list(engine, path, "json", work)
    given = unfold(engine, "listed", columns)
    engine.view("numbered_rows", "SELECT *, position AS file_row FROM listed")
    names = _keep_columns(engine, {name: identifier(name) for name in given}, "numbered_rows")
    engine.materialize("ratings_unread", _NONE_UNREAD)
    return [*names, "file_row"]


#: A table with only readable rows.
_NONE_UNREAD = (
    "SELECT 0::BIGINT AS file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, NULL::VARCHAR AS value,"
    " NULL::VARCHAR AS reason WHERE false"
)


def _open_parquet(engine: DuckEngine, path: Path) -> list[str]:
    engine.parquet("rating_file", [path])
    given = engine.query("SELECT * FROM rating_file LIMIT 0").column_names
    engine.view("numbered_rows", "SELECT *, row_number() OVER () AS file_row FROM rating_file")
    names = _keep_columns(engine, {name: identifier(name) for name in given}, "numbered_rows")
    engine.materialize("ratings_unread", _NONE_UNREAD)
    return [*names, "file_row"]


def _keep_columns(engine: DuckEngine, cells: Mapping[str, str], rows: str) -> list[str]:
    """Create `rating_cells` with the columns of a table of ratings, in any case; return their names."""
    names = dict.fromkeys(given.lower() for given in cells if given.lower() != "file_row")
    spelled = {name: [cell for given, cell in cells.items() if given.lower() == name] for name in names}
    found = {name: each for name, each in spelled.items() if each}
    columns = "".join(
        f"coalesce({', '.join(f'CAST({cell} AS VARCHAR)' for cell in each)}) AS {identifier(name)}, "
        for name, each in found.items()
    )
    engine.materialize("rating_cells", f"SELECT {columns}file_row FROM {rows}")
    return list(found)
