"""`moviec search`, `show` and `history`: films found, one film with every claim, and what changed in it."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from moviec.catalog.connect import connect
from moviec.catalog.finding import instant_of, moved_on, movie_named
from moviec.catalog.history import PastDocument, document_as_of, movie_changes, ratings_moved, sources_of
from moviec.catalog.queries import documents_of, last_change, movies_titled
from moviec.catalog.references import all_genres
from moviec.cli.console import HomeOption, JsonOption, Tell, note, on_one_line, print_json, print_table, steps
from moviec.cli.delivery_messages import reading
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.pipeline.fusing import private_film
from moviec.pipeline.opening import open_run
from moviec.search import Ask, Finder
from moviec.search.index import catch_up, indexer
from moviec.search.readings import GenreWords, fold_title
from moviec.search.summaries import Summary, summary_of
from moviec.sources.registry import find_source, find_sources
from moviec.units import plural


def search(
    query: Annotated[list[str], typer.Argument(help="Words: a title, people, a year, genres.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue. The search index is brought up to date first, or built where there is none."""
    with steps(quiet=as_json) as tell:
        found, note = find(open_home(home), " ".join(query), limit, tell)
    if note:
        print(note, file=sys.stderr)
    if as_json:
        print_json(found)
        return
    rows = [
        (item.id, str(item.year or "–"), item.title, ", ".join(item.genres), "–" if item.c_rating is None else f"{item.c_rating:.0f}")
        for item in found
    ]  # fmt: skip
    print_table(plural(len(found), "film", "films"), ("id", "year", "title", "genres", "rating"), rows)


def find(home: Home, query: str, limit: int, tell: Tell = lambda _: None) -> tuple[list[Summary], str]:
    """Return the films that match, best first, and a note on the result."""
    catalogue = connect(home.catalogue)
    try:
        with catalogue.connect() as connection:
            head = last_change(connection)
        if not head:
            with reading(home):
                return (
                    [],
                    "there are no films yet; `moviec ingest` adds some, `moviec demo` shows a sample",
                )
        finder = fresh_index(home, catalogue, head, tell)
        with catalogue.connect() as connection:
            if finder.position is not None:
                behind = head - finder.position
                note = (
                    f"the search index is still {plural(behind, 'change', 'changes')} behind"
                    if behind > 0
                    else ""
                )
                genres = GenreWords.of(all_genres(connection))
                return finder.find(Ask(query=query, limit=limit, facets=False), genres).items, note
            movies = movies_titled(connection, fold_title(query), limit)
            documents = dict(documents_of(connection, movies))
            found = [summary_of(documents[movie]) for movie in movies if movie in documents]
            return (
                found,
                "the search index is being built; until then only the beginnings of titles are found",
            )
    finally:
        catalogue.dispose()


def fresh_index(home: Home, catalogue: sa.Engine, head: int, tell: Tell) -> Finder:
    """Open the index; where it is behind the log and no other process updates it, update it."""
    finder = Finder(home.search)
    finder.refresh()
    if finder.position is None or finder.position < head:
        with indexer(home.search) as mine:
            if mine:
                tell("search index: updating" if finder.position else "search index: building")
                catch_up(catalogue, home.search, tell)
        finder.refresh()
    return finder


#: Fields shown in the heading or in their own table.
_APART = (
    "id",
    "title",
    "year",
    "genres",
    "people",
    "companies",
    "ratings",
    "rating",
    "other_titles",
    "keywords",
    "money",
    "confidence",
)


def show(
    movie: Annotated[
        str, typer.Argument(metavar="ID", help="mc12, imdb:tt0114709, tmdb:862, or a record, SOURCE:KEY.")
    ],
    as_of: Annotated[str | None, typer.Option(help="As of the end of a day (UTC) or an instant.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a film: the chosen value of each field, and every claim with its source."""
    at = None if as_of is None else instant_of(as_of)
    with reading(open_home(home)) as context, context.catalogue.connect() as connection:
        number = movie_named(connection, movie)
        found = document_as_of(connection, number, at)
    place = open_home(home)
    private = None
    if at is None and any(source.spec.private for source in find_sources(place.folder).values()):
        with open_run(place) as context:
            private = private_film(context, number, found is not None)
    if found is None and private is not None and private.document:
        note("this film is in private lists only: it is shown to you, and published to nobody")
        found = PastDocument(document=private.document, claims=private.claims, since="")
    if found is None:
        raise UsageError(f"there was no such film then (mc{number})", movie, "give a later instant")
    if merged := moved_on(movie, number):
        note(merged)
    if as_json:
        claims = json.loads(found.claims)
        more = {"counts_in": claims["counts_in"]} if "counts_in" in claims else {}
        more |= {"own": list(private.own)} if private else {}
        print_json({"document": json.loads(found.document), "claims": claims["fields"], **more})
        return
    _print(found)
    if private:
        rows = [
            (
                str(one["source"]),
                str(one["key"]),
                _text([f"{r['value']:g} of {r['highest']:g}" for r in one["ratings"] or ()]),
            )
            for one in private.own
        ]
        print_table("\nYour lists (private)", ("source", "key", "rating"), rows)


def _print(found: PastDocument) -> None:
    document, claims = json.loads(found.document), json.loads(found.claims)
    genres = ", ".join(genre["name"] for genre in document.get("genres", ()))
    year = f" ({document['year']})" if "year" in document else ""
    since = f"since {found.since[:16].replace('T', ' ')}" if found.since else "private"
    print(f"{document['title'] or '(no title)'}{year}  {document['id']}  {since}")
    if genres:
        print(genres)
    if rating := document.get("rating"):
        print(
            f"C-rating {rating['c_rating']:.0f} ({rating['low']:.0f}–{rating['high']:.0f}, {rating['method']})"
        )
    elif document.get("ratings"):
        print(
            "no C-rating: the rating model uses none of its raters; `moviec fit` learns a model from your records"
        )
    for role in ("director", "writer", "actor"):
        names = [person["name"] for person in document.get("people", ()) if person.get("role") == role]
        if names:
            print(f"{role}: {', '.join(names[:6])}{' …' if len(names) > 6 else ''}")
    for name, value in document.items():
        if name not in _APART:
            print(f"{name.replace('_', ' ')}: {_text(value)}")
    for one in document.get("money", ()):
        scope = f"{one['scope']}, " if "scope" in one else ""
        print(
            f"{one['field']} in another currency: {one['currency']} {one['amount']:,} ({scope}{one['source']})"
        )
    if counts := claims.get("counts_in"):
        month = f"-{counts['month']:02}" if "month" in counts else ", in no month"
        print(f"counts in: {counts['year']}{month} (by {counts['by']})")
    ratings = [
        (one["rater"], one["panel"], one["aspect"], f"{one['value']:g} of {one['highest']:g}", f"{one.get('votes', 0) or '–':,}" if one.get("votes") else "–", one["source"])
        for one in document.get("ratings", ())
    ]  # fmt: skip
    if ratings:
        print_table("\nRatings", ("rater", "panel", "aspect", "value", "votes", "source"), ratings)
    print_table("\nClaims (* chosen)", ("field", "source", "weight", "claim"), _claims(claims["fields"]))


def _claims(fields: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return a row for each claim, marked if chosen; a source's list becomes one row."""
    rows = []
    for field, said in fields.items():
        together: dict[tuple[str, str, str], list[str]] = {}
        for claim in said["claims"]:
            # For genres no claim wins: each label counts by itself.
            mark = "*" if claim.get("chosen", said["rule"] != "latent_truth") else " "
            weight = f"{claim['weight']:.2f}" if "weight" in claim else ""
            listed = claim.get("labels") or claim.get("names")
            values = [_text(value) for value in listed] if listed else [_text(claim.get("value"))]
            together.setdefault((claim["source"], mark, weight), []).extend(values)
        rows += [(field, source, weight, f"{mark} {_shortened(values)}") for (source, mark, weight), values in together.items()]  # fmt: skip
    return rows


def _shortened(values: list[str]) -> str:
    more = f" and {len(values) - 12} more" if len(values) > 12 else ""
    text = "; ".join(values[:12]) + more
    return text if len(text) <= 300 else text[:299] + "…"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000:
        return f"{value:,}"
    return str(value)


#: Characters shown of a value.
WIDE = 60

#: Characters shown of the common start of two long values.
LEAD = 15

_RATINGS = ("at", "movie", "rater", "aspect", "value_before", "value_after", "votes_before", "votes_after")


def history(
    movie: Annotated[str | None, typer.Argument(metavar="[ID]", help="mc12, imdb:tt0114709, …")] = None,
    source: Annotated[
        str | None, typer.Option(help="Instead: how this source's ratings moved, of the film or of all.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only after this day or instant.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what changed in a film, when, and through which delivery or decision; or how a source's ratings moved."""
    if movie is None and source is None:
        raise UsageError("give a film or --source", "history", "for example: moviec history mc12")
    after = instant_of(since, "--since") if since else ""
    place = open_home(home)
    if source is not None:
        find_source(source, place.folder)
    with reading(place) as context, context.catalogue.connect() as connection:
        number = None if movie is None else movie_named(connection, movie)
        remarks = list(_remarks(connection, movie, number, source))
        if source is not None:
            found = ratings_moved(connection, source, after, number).to_pylist()
        elif number is not None:
            found = movie_changes(connection, number, after)
    for remark in remarks:
        note(remark)
    if as_json:
        print_json(found)
    elif source is None:
        _print_changes(found)
    else:
        of = f" of mc{number}" if number else ""
        print_table(f"Ratings of {source}{of}", _RATINGS, [[_short(row[name]) for name in _RATINGS] for row in found])  # fmt: skip


def _remarks(
    connection: sa.Connection, movie: str | None, number: int | None, source: str | None
) -> list[str]:
    """Return notes on the result for a film: that it was merged into another film, or why the result is empty."""
    if movie is None or number is None:
        return []
    merged = moved_on(movie, number)
    remarks = [f"{merged}, so this is that film's history"] if merged else []
    if source is not None and source not in (listing := sources_of(connection, number)):
        remarks.append(f"{source} does not list mc{number}; it is listed by: {', '.join(listing)}")
    return remarks


def _print_changes(found: list[dict[str, Any]]) -> None:
    for one in found:
        print(f"{one['number']}  {one['at'][:19].replace('T', ' ')}  {one['kind']}{_cause(one)}")
        for field, (before, after) in one["fields"].items():
            print(f"    {field}: {change(before, after)}")
    if not found:
        print("nothing changed")


def _cause(one: dict[str, Any]) -> str:
    by = f" by {one['source']} ({one['delivery']})" if one["source"] else ""
    if decision := one["decision"]:
        is_undone = decision["undone"] is not None and decision["undone"] <= one["at"]
        by_whom = f" by {decision['undone_by']}" if decision["undone_by"] else ""
        done = f"taken back{by_whom}" if is_undone else decision["verdict"]
        by += f" by decision {decision['number']} of {decision['who']} ({done})"
    return by


def change(before: Any, after: Any) -> str:
    """Return a change of a value as text; of long values only the entries that went and came, or the text that
    differs.
    """
    texts = _as_text(before), _as_text(after)
    if max(map(len, texts)) <= WIDE:
        return " → ".join(texts)
    if isinstance(before, list) and isinstance(after, list):
        gone = [entry for entry in before if entry not in after]
        come = [entry for entry in after if entry not in before]
        if len(gone) == len(come) > 0:
            return ", ".join(map(change, gone, come))
        moved = [*(f"− {_short(entry)}" for entry in gone), *(f"+ {_short(entry)}" for entry in come)]
        return ", ".join(moved) or f"the same {len(after):,} entries in a different order or number"
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        parts = (f"{name} {change(before.get(name), after.get(name))}" for name in names)
        same = {name: value for name, value in before.items() if name not in names}
        alike = [_short(same[name]) for name in ("name", "title", *same) if name in same][:1]
        return ": ".join((*alike, ", ".join(parts)))
    pairs = enumerate(zip(*texts, strict=False))
    differs = next((place for place, (one, other) in pairs if one != other), min(map(len, texts)))
    return " → ".join(_cut(text, max(differs - LEAD, 0)) for text in texts)


def _cut(text: str, start: int = 0) -> str:
    """Return `WIDE` characters of a text from a position on."""
    part = ("…" if start else "") + text[start:]
    return part if len(part) <= WIDE else part[: WIDE - 1] + "…"


def _short(value: Any) -> str:
    return _cut(_as_text(value))


def _as_text(value: Any) -> str:
    return on_one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
