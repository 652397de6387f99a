"""A query from a mapping: which column of someone's table feeds which field, each read according to its field's kind.

A column feeds a field ("title"), a person's role ("people.director"), an id space ("ids.imdb"), a rater
("ratings.mysite", "ratings.mysite.votes") or the scope of takings ("revenue.domestic").
"""

from __future__ import annotations

import msgspec

from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.rows import apart
from moviec.errors import UsageError
from moviec.reading.columns import Column, extra_of
from moviec.reading.kinds import KINDS, LISTS
from moviec.sources.spec import FileSpec, SourceSpec
from moviec.sources.sql import SqlSource

#: The kind of the cells of what a mapping feeds.
FED = {
    "title": "title",
    "original_title": "title",
    "year": "year",
    "released": "date",
    "runtime": "duration",
    "budget": "money",
    "revenue": "money",
    "popularity": "number",
    "adult": "flag",
    "genres": "labels",
    "keywords": "labels",
    "languages": "languages",
    "countries": "countries",
    "other_titles": "titles",
    "companies": "companies",
    "people": "names",
    **dict.fromkeys(
        (
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
        ),
        "text",
    ),
}

#: A column of objects with a name and a job each.
CREW = "people.crew"

#: The type that a read cell is cast to, by field; the others are text.
CAST = {
    "year": "try_cast({0} AS INTEGER)",
    "released": "try_cast({0} AS DATE)",
    "runtime": "try_cast(try_cast({0} AS DOUBLE) AS INTEGER)",
    "budget": "try_cast({0} AS BIGINT)",
    "revenue": "try_cast({0} AS BIGINT)",
    "popularity": "(try_cast({0} AS DECIMAL(18, 6))::DECIMAL(38, 6) * 1000000)::BIGINT",
    "adult": "try_cast({0} AS BOOLEAN)",
    "other_titles": "titles_as({0})",
    "companies": "list_transform({0}, lambda n: {{'name': n, 'key': NULL::VARCHAR}})",
    "genres": "{0}",
    "keywords": "{0}",
    "languages": "{0}",
    "countries": "{0}",
    "kind": "film_kind({0})",
}


def mapped_source(spec: SourceSpec) -> SqlSource:
    """Make a source from facts alone; raises UsageError if the mapping names something that cannot be mapped."""
    files = {role: _apart(file) for role, file in spec.files.items()}
    first = next(iter(files))
    joins = tuple(file.joins for file in files.values() if file.joins)
    for name in joins:
        if name not in files[first].columns:
            raise UsageError(
                f"joins names no column of [files.{first}]", f"{spec.name}/source.toml", f"list {name} there"
            )
    files[first] = msgspec.structs.replace(files[first], joined_by=joins)
    spec = msgspec.structs.replace(spec, files=files)
    return SqlSource(spec, mapping_sql(spec), mapped_columns)


def kind_fed(feed: str) -> str | None:
    """Return the kind of the cells that feed a field: "ids.imdb" is of the kind "imdb"; None for what is not a cell's
    value.
    """
    field, _, part = feed.partition(".")
    if field == "ids":
        return part if part in KINDS else "id"
    if feed == CREW:
        return "objects"
    if field == "ratings":
        return "count" if part.endswith(".votes") else "rating"
    return FED.get(field)


def fed_column(column: str, feed: str) -> str:
    """Return the name of the read column for a feed of a mapping's column."""
    return f"{column} › {feed}"


def mapped_columns(spec: FileSpec) -> list[Column]:
    """Return the columns of a mapping, one for each feed; the value read is added next to the cell."""
    return [
        Column(name, kind, fed_column(name, feed), spec.convention(kind))
        for name, feeds in spec.columns.items()
        for feed in feeds
        if (kind := kind_fed(feed))
    ]


def _apart(file: FileSpec) -> FileSpec:
    """Rename columns to their staged names."""
    return msgspec.structs.replace(
        file,
        key=apart(file.key),
        columns={apart(name): feeds for name, feeds in file.columns.items()},
        with_key=tuple(map(apart, file.with_key)),
        joins=apart(file.joins),
        required=tuple(map(apart, file.required)),
        alike=tuple(map(apart, file.alike)),
        only={apart(name): values for name, values in file.only.items()},
    )


def mapping_sql(spec: SourceSpec) -> str:
    """Return the query that reads the first file of the facts into records."""
    (role, file), *others = spec.files.items()
    feeds = _feeds(file)
    for name, other in others:
        feeds += [(feed, _joined(name, column)) for feed, column in _feeds(other)]
    _check(spec, feeds)
    simple = [feed for feed, _ in feeds if "." not in feed and feed not in ("people", "ids", "ratings")]
    selected = {feed: _cast(feed, feeds) for feed in dict.fromkeys(simple)}
    selected |= _years(feeds) | _people(feeds) | _ids(feeds) | _ratings(feeds, spec) | _money(feeds)
    cells = "".join(f",\n  {sql} AS {identifier(field)}" for field, sql in selected.items())
    faults = ",\n    ".join(sql for feed, column in feeds for sql in _faults(feed, column, feeds, spec))
    return (
        f"SELECT {role}._position, {quoted(role)} AS role, {role}._line AS line,"
        f" {role}.{'_key' if file.with_key else identifier(file.key)} AS key{cells},\n"
        f"  problems_in([\n    {faults}\n  ]) AS problems, []::VARCHAR[] AS list_problems\nFROM {role}"
        + "".join(_join(role, file, name, other) for name, other in others)
    )


def _feeds(file: FileSpec) -> list[tuple[str, str]]:
    return [(feed, column) for column, fed in file.columns.items() for feed in fed if feed != "key"]


def _joined(role: str, column: str) -> str:
    """Return the name of a further file's column next to those of the first."""
    return f"{role}/{column}"


def _join(role: str, file: FileSpec, name: str, other: FileSpec) -> str:
    """Return the join of a further file's columns, as they were read, by its key."""
    cells = []
    for feed, column in _feeds(other):
        own, beside = fed_column(column, feed), fed_column(_joined(name, column), feed)
        kind = KINDS.get(kind_fed(feed) or "")
        cells.append(f"{identifier(own)} AS {identifier(beside)}")
        cells += [
            f"{identifier(extra_of(own, what))} AS {identifier(extra_of(beside, what))}"
            for what in (kind.extras if kind else ())
        ]
    key = identifier(f"{name}/key")
    own_key = "_key" if file.with_key else identifier(file.key)
    joins = f"trim({role}.{identifier(other.joins)})" if other.joins else f"{role}.{own_key}"
    other_key = "_key" if other.with_key else identifier(other.key)
    return (
        f"\nLEFT JOIN (SELECT {', '.join([f'{other_key} AS {key}', *cells])} FROM {name}) AS {identifier(f'{name}/')}"
        f" ON {key} = {joins}"
    )


def _check(spec: SourceSpec, feeds: list[tuple[str, str]]) -> None:
    """Raise UsageError for an invalid feed of a column."""
    parted = ("people", "ids", "ratings", "revenue")
    for feed, _ in feeds:
        field, dot, part = feed.partition(".")
        if (
            kind_fed(feed) is None
            or (dot and field not in parted)
            or (field in ("ids", "ratings") and not part)
        ):
            raise UsageError(
                f"a column cannot feed {feed}", f"{spec.name}/source.toml", "see docs/sources.md"
            )
        rater = part.removesuffix(".votes")
        if field == "ratings" and rater not in spec.raters:
            raise UsageError(
                f"no [raters.{rater}]", f"{spec.name}/source.toml", "give its panel, lowest and highest"
            )


def _cell(feed: str, column: str) -> str:
    return identifier(fed_column(column, feed))


def _extra(feed: str, column: str, what: str) -> str:
    return identifier(extra_of(fed_column(column, feed), what))


def _cast(feed: str, feeds: list[tuple[str, str]]) -> str:
    """Return SQL for a field: the first of its columns with a readable value."""
    cast = CAST.get(feed, "known_text({0})")
    values = [cast.format(_cell(feed, column)) for other, column in feeds if other == feed]
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _years(feeds: list[tuple[str, str]]) -> dict[str, str]:
    """Return SQL for the year: its own column's, else the date's, else the one in the title."""
    own = [CAST["year"].format(_cell(feed, column)) for feed, column in feeds if feed == "year"]
    in_titles = [
        f"try_cast({_extra(feed, column, 'year')} AS INTEGER)"
        for wanted in ("released", "title", "original_title")
        for feed, column in feeds
        if feed == wanted
    ]
    dates = (
        [f"year({_cast('released', feeds)})::INTEGER"] if any(feed == "released" for feed, _ in feeds) else []
    )
    return {"year": f"coalesce({', '.join([*own, *dates, *in_titles, 'NULL'])})"}


def _after(feeds: list[tuple[str, str]], field: str) -> list[tuple[str, str, str]]:
    """Return the part after the dot, the feed and its column, for the feeds of a field."""
    return [
        (feed.partition(".")[2], feed, column) for feed, column in feeds if feed.partition(".")[0] == field
    ]


def _people(feeds: list[tuple[str, str]]) -> dict[str, str]:
    lists = [
        f"crew_as({_cell(feed, column)})"
        if feed == CREW
        else f"people_as({quoted(role or 'actor')}, {_cell(feed, column)})"
        for role, feed, column in _after(feeds, "people")
    ]
    return {"people": f"nullif(flatten([{', '.join(lists)}]), [])"} if lists else {}


def _ids(feeds: list[tuple[str, str]]) -> dict[str, str]:
    """Return SQL for the ids: of their own columns, then those marked in the title."""
    values: dict[str, list[str]] = {}
    for space, feed, column in _after(feeds, "ids"):
        values.setdefault(space, []).append(f"known_text({_cell(feed, column)})")
    for feed, column in feeds:
        for space in ("imdb", "tmdb") if feed in ("title", "original_title") else ():
            values.setdefault(space, []).append(_extra(feed, column, space))
    entries = [
        f"{{'k': {quoted(space)}, 'v': coalesce({', '.join([*some, 'NULL'])})}}"
        for space, some in values.items()
    ]
    return {"ids": f"known_ids([{', '.join(entries)}])"} if entries else {}


def _value(feed: str, column: str, spec: SourceSpec) -> str:
    """Return SQL for a rating's value on its rater's scale."""
    highest = spec.raters[feed.partition(".")[2]].highest
    top = _extra(feed, column, "top")
    return f"on_scale(try_cast({_cell(feed, column)} AS DOUBLE), {top}, {highest}, NULL)"


def _votes(feed: str, column: str) -> str:
    return f"try_cast({_cell(feed, column)} AS BIGINT)"


def _ratings(feeds: list[tuple[str, str]], spec: SourceSpec) -> dict[str, str]:
    columns = {part: (feed, column) for part, feed, column in _after(feeds, "ratings")}
    ratings = []
    for rater in (name for name in columns if not name.endswith(".votes")):
        facts = spec.raters[rater]
        votes = columns.get(f"{rater}.votes")
        ratings.append(
            f"rating_of({quoted(rater)}, {quoted(facts.panel)}, [{facts.lowest}, {facts.highest}],"
            f" {_value(*columns[rater], spec)}, {_votes(*votes) if votes else 'NULL'}, NULL)"
        )
    return {"ratings": f"known_ratings([{', '.join(ratings)}])"} if ratings else {}


def _money(feeds: list[tuple[str, str]]) -> dict[str, str]:
    """Return SQL for takings in dollars with their scope, and for budget and takings in other currencies."""
    paid = [(feed, column) for feed, column in feeds if feed.partition(".")[0] in ("budget", "revenue")]
    if not paid:
        return {}
    paid.sort(key=lambda each: ("worldwide" not in each[0], "domestic" in each[0]))
    other = ", ".join(
        f"money_of({quoted(feed.partition('.')[0])}, {_extra(feed, column, 'amount')}, {_extra(feed, column, 'currency')},"
        f" {quoted(feed.partition('.')[2]) if '.' in feed else 'NULL'})"
        for feed, column in paid
    )
    money = {"money": f"known_money([{other}])"}
    scoped = [(scope, feed, column) for scope, feed, column in _after(feeds, "revenue") if scope]
    if not scoped:
        return money
    scoped.sort(key=lambda each: each[0] != "worldwide")
    amounts = [f"try_cast({_cell(feed, column)} AS BIGINT)" for _, feed, column in scoped]
    scopes = [
        f"WHEN {amount} IS NOT NULL THEN {quoted(scope)}"
        for amount, (scope, _, _) in zip(amounts, scoped, strict=True)
    ]
    return money | {
        "revenue": f"coalesce({', '.join([*amounts, 'NULL'])})",
        "revenue_scope": f"CASE {' '.join(scopes)} END",
    }


def _faults(feed: str, column: str, feeds: list[tuple[str, str]], spec: SourceSpec) -> list[str]:
    """Return SQL for the problems that a cell can have."""
    field, _, part = feed.partition(".")
    cell = _cell(feed, column)
    if kind_fed(feed) in LISTS:
        return []
    failed = f"starts_with({cell}, chr(26))"
    if field == "ratings":
        value = (
            f"{_votes(feed, column)} < 0"
            if part.endswith(".votes")
            else f"{_value(feed, column, spec)} IS NULL AND {cell} IS NOT NULL"
        )
        failed = f"coalesce({failed} OR {value}, false)"
    return [f"CASE WHEN {failed} THEN {quoted(field + '_unreadable')} END"]
