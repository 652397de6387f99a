"""`moviec show`: a film with everything that is known of it, every claim beside its source."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from moviec.catalog.finding import moved_on, movie_named
from moviec.catalog.history import Stood, document_as_of
from moviec.catalog.instants import instant_of
from moviec.cli.console import note, print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.cli.reading import reading
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.pipeline.opening import open_run
from moviec.pipeline.private_films import private_film
from moviec.sources.registry import find_sources

#: Fields that the heading or a table of their own shows.
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
    as_of: Annotated[
        str | None, typer.Option(help="As it stood on a day (its end, UTC) or at an instant.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a film: what is held to be true of it, and every claim with its source."""
    at = None if as_of is None else instant_of(as_of)
    with reading(open_home(home)) as context, context.catalogue.connect() as connection:
        number = movie_named(connection, movie)
        stood = document_as_of(connection, number, at)
    place = open_home(home)
    private = None
    if at is None and any(source.spec.private for source in find_sources(place.folder).values()):
        with open_run(place) as context:
            private = private_film(context, number, stood is not None)
    if stood is None and private is not None and private.document:
        note("this film is in private lists only: it is shown to you, and published to nobody")
        stood = Stood(document=private.document, claims=private.claims, since="")
    if stood is None:
        raise UsageError(f"there was no such film then (mc{number})", movie, "ask for a later instant")
    if merged := moved_on(movie, number):
        note(merged)
    if as_json:
        claims = json.loads(stood.claims)
        told = {"counts_in": claims["counts_in"]} if "counts_in" in claims else {}
        told |= {"own": list(private.own)} if private else {}
        print_json({"document": json.loads(stood.document), "claims": claims["fields"], **told})
        return
    _print(stood)
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


def _print(stood: Stood) -> None:
    document, claims = json.loads(stood.document), json.loads(stood.claims)
    genres = ", ".join(genre["name"] for genre in document.get("genres", ()))
    year = f" ({document['year']})" if "year" in document else ""
    since = f"since {stood.since[:16].replace('T', ' ')}" if stood.since else "private"
    print(f"{document['title'] or '(no title)'}{year}  {document['id']}  {since}")
    if genres:
        print(genres)
    if rating := document.get("rating"):
        print(
            f"C-rating {rating['c_rating']:.0f} ({rating['low']:.0f}–{rating['high']:.0f}, {rating['method']})"
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
    """Lay out every claim: a field's chosen ones are marked, lists of one source are put together."""
    rows = []
    for field, said in fields.items():
        together: dict[tuple[str, str, str], list[str]] = {}
        for claim in said["claims"]:
            # Of genres no claim wins: each label counts for itself.
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
