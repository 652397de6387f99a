"""A query from a mapping: which column of someone's table feeds which field, each field read in its usual spellings.

A column feeds a field ("title"), a person's role ("people.director"), an id space ("ids.imdb"), a rater
("ratings.mysite", "ratings.mysite.votes") or the scope of takings ("revenue.domestic").
"""

from __future__ import annotations

from moviec.engine.duckdb import identifier, quoted
from moviec.errors import UsageError
from moviec.sources.spec import FileSpec, SourceSpec
from moviec.sources.sql import SqlSource

#: How a cell of each field is read; {0} is the cell, {1} the separator of lists.
READ = {
    **dict.fromkeys(
        [
            "title",
            "original_title",
            "kind",
            "status",
            "collection",
            "certificate",
            "original_language",
            "overview",
            "tagline",
            "poster",
            "trailer",
            "homepage",
        ],
        "tidy({0})",
    ),
    **dict.fromkeys(("genres", "keywords", "languages", "countries"), "listed({0}, {1})"),
    "other_titles": "titles_as(listed({0}, {1}))",
    "companies": "list_transform(listed({0}, {1}), lambda n: {{'name': n, 'key': NULL::VARCHAR}})",
    "year": "year_of({0})",
    "released": "date_of({0})",
    "runtime": "try_cast(whole(tidy({0})) AS INTEGER)",
    "budget": "whole(tidy({0}))",
    "revenue": "whole(tidy({0}))",
    "popularity": "(try_cast(tidy({0}) AS DECIMAL(18, 6))::DECIMAL(38, 6) * 1000000)::BIGINT",
    "adult": "try_cast(tidy({0}) AS BOOLEAN)",
}

#: How ids of a space are read, where there is more to it than trimming.
IDS = {"imdb": "imdb_id", "tmdb": "number_id", "movielens": "number_id"}


def mapped_source(spec: SourceSpec) -> SqlSource:
    """Make a source of facts alone; raises UsageError where the mapping names what cannot be mapped."""
    return SqlSource(spec, mapping_sql(spec))


def mapping_sql(spec: SourceSpec) -> str:
    """Write the query that reads the first file of the facts into records."""
    role, file = next(iter(spec.files.items()))
    feeds = [(feed, column) for column, fed in file.columns.items() for feed in fed if feed != "key"]
    selected = {feed: _read(feed, column, file) for feed, column in feeds if feed in READ}
    if "released" in selected:
        year = selected.get("year", "NULL")
        cell = next(identifier(column) for feed, column in feeds if feed == "released")
        selected["year"] = f"coalesce({year}, year({selected['released']})::INTEGER, year_within({cell}))"
    selected |= _people(feeds, file) | _ids(feeds, file) | _ratings(feeds, spec, file) | _revenue(feeds, file)
    if strange := [feed for feed, _ in feeds if feed.partition(".")[0] not in selected]:
        raise UsageError(
            f"a column cannot feed {', '.join(strange)}", f"{spec.name}/source.toml", "see docs/sources.md"
        )
    cells = "".join(f",\n  {sql} AS {identifier(field)}" for field, sql in selected.items())
    faults = ",\n    ".join(
        f"unreadable({quoted(feed.partition('.')[0])}, {identifier(column)}, {_failed(feed, column, file)})"
        for feed, column in feeds
        if feed.partition(".")[0] != "people"
    )
    return (
        f"SELECT _position, {quoted(role)} AS role, _line AS line, {identifier(file.key)} AS key{cells},\n"
        f"  problems_in([\n    {faults}\n  ]) AS problems, []::VARCHAR[] AS list_problems\nFROM {role}"
    )


def _read(feed: str, column: str, file: FileSpec) -> str:
    """Write how a cell is read for what it feeds; people are read as lists, which cannot fail."""
    field, _, part = feed.partition(".")
    if field == "ids":
        pattern = f"{IDS.get(part, 'tidy')}({{0}})"
    elif field == "ratings":
        pattern = (
            "whole(tidy({0}))" if part.endswith(".votes") else "try_cast(rtrim(tidy({0}), '%') AS DOUBLE)"
        )
    else:
        pattern = READ[field]
    return pattern.format(identifier(column), quoted(file.separator))


def _failed(feed: str, column: str, file: FileSpec) -> str:
    """Write whether reading a cell gives nothing: of a date the year is something, votes below nothing are not."""
    if feed.startswith("ratings.") and feed.endswith(".votes"):
        return f"coalesce({_read(feed, column, file)} < 0, true)"
    year = f" AND year_within({identifier(column)}) IS NULL" if feed == "released" else ""
    return f"{_read(feed, column, file)} IS NULL{year}"


def _after(feeds: list[tuple[str, str]], field: str) -> list[tuple[str, str]]:
    """List what stands behind the dot, with its column, of the feeds of a field."""
    return [(feed.partition(".")[2], column) for feed, column in feeds if feed.partition(".")[0] == field]


def _people(feeds: list[tuple[str, str]], file: FileSpec) -> dict[str, str]:
    lists = [
        f"people_as({quoted(role or 'actor')}, names_listed({identifier(column)}, {quoted(file.separator)}))"
        for role, column in _after(feeds, "people")
    ]
    return {"people": f"nullif(flatten([{', '.join(lists)}]), [])"} if lists else {}


def _ids(feeds: list[tuple[str, str]], file: FileSpec) -> dict[str, str]:
    ids = [
        f"{{'k': {quoted(space)}, 'v': {_read(f'ids.{space}', column, file)}}}"
        for space, column in _after(feeds, "ids")
        if space
    ]
    return {"ids": f"known_ids([{', '.join(ids)}])"} if ids else {}


def _ratings(feeds: list[tuple[str, str]], spec: SourceSpec, file: FileSpec) -> dict[str, str]:
    columns = dict(_after(feeds, "ratings"))
    ratings = []
    for rater in (name for name in columns if not name.endswith(".votes")):
        if rater not in spec.raters:
            raise UsageError(
                f"no [raters.{rater}]", f"{spec.name}/source.toml", "give its panel, lowest and highest"
            )
        facts = spec.raters[rater]
        votes = columns.get(f"{rater}.votes")
        ratings.append(
            f"rating_of({quoted(rater)}, {quoted(facts.panel)}, [{facts.lowest}, {facts.highest}],"
            f" {_read(f'ratings.{rater}', columns[rater], file)},"
            f" {_read(f'ratings.{rater}.votes', votes, file) if votes else 'NULL'}, NULL)"
        )
    return {"ratings": f"known_ratings([{', '.join(ratings)}])"} if ratings else {}


def _revenue(feeds: list[tuple[str, str]], file: FileSpec) -> dict[str, str]:
    scoped = [(scope, column) for scope, column in _after(feeds, "revenue") if scope]
    if not scoped:
        return {}
    scope, column = scoped[0]
    return {"revenue": _read("revenue", column, file), "revenue_scope": quoted(scope)}
