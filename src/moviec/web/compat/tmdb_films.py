"""Documents in TMDB's formats: a whole film, a film in a list, cast and crew, and what `append_to_response` adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from moviec.catalog.references import Genre
from moviec.search.summaries import FILM
from moviec.web.compat.shared import country, language, native, poster_path
from moviec.web.projection import choose

Document = Mapping[str, Any]

#: Departments of a crew, by our roles.
_DEPARTMENTS = {
    "director": ("Directing", "Director"),
    "writer": ("Writing", "Writer"),
    "composer": ("Sound", "Original Music Composer"),
    "producer": ("Production", "Producer"),
    "cinematographer": ("Camera", "Director of Photography"),
    "editor": ("Editing", "Editor"),
}
_VIDEO = re.compile(r"(?:youtube\.com/watch\?v=|youtu\.be/)([A-Za-z0-9_-]{6,20})")


class Names(msgspec.Struct, frozen=True):
    """Look-ups for several films at once: TMDB's ids of genres, persons and companies, by ours."""

    genres: Mapping[int, int] = {}
    people: Mapping[int, int] = {}
    companies: Mapping[int, int] = {}


def genre_ids(genres: Sequence[Genre]) -> dict[int, int]:
    """Return TMDB's ids of the genres that it has."""
    return {genre.id: found for genre in genres if (found := tmdb_id(genre.ids)) is not None}


def tmdb_id(ids: Mapping[str, Any]) -> int | None:
    """Return the TMDB id among ids by space, one or a list of them; or None."""
    found = ids.get("tmdb")
    some = found if isinstance(found, list) else [found]
    return next((int(key) for key in some if key is not None and str(key).isdecimal()), None)


def listed(document: Document, names: Names, languages: Sequence[str]) -> dict[str, Any]:
    """Return a film in TMDB's list format."""
    rating = _rating(document)
    return {
        "adult": document.get("adult", False),
        "backdrop_path": None,
        "genre_ids": [
            names.genres[genre["id"]] for genre in document.get("genres", []) if genre["id"] in names.genres
        ],
        "id": tmdb_id(document.get("ids", {})),
        "original_language": document.get("original_language"),
        "original_title": document.get("original_title") or document["title"],
        "overview": document.get("overview") or "",
        "popularity": document.get("popularity") or 0.0,
        "poster_path": poster_path(document.get("poster")),
        "release_date": document.get("released") or "",
        "title": _title(document, languages),
        "video": document.get("kind") == "video",
        "vote_average": rating.get("value", 0.0),
        "vote_count": rating.get("votes") or 0,
        "moviec_id": document["id"],
    }


def whole(document: Document, names: Names, languages: Sequence[str]) -> dict[str, Any]:
    """Return a film in TMDB's full format, with what is known here."""
    short = listed(document, names, languages)
    del short["genre_ids"]
    collection = document.get("collection")
    countries = document.get("countries", [])
    spoken = document.get("languages") or []
    return {
        **short,
        "belongs_to_collection": {"id": None, "name": collection, "poster_path": None, "backdrop_path": None}
        if collection
        else None,
        "budget": document.get("budget") or 0,
        "genres": [
            {"id": names.genres[genre["id"]], "name": genre["name"]}
            for genre in document.get("genres", [])
            if genre["id"] in names.genres
        ],
        "homepage": document.get("homepage") or "",
        "imdb_id": document.get("ids", {}).get("imdb"),
        "origin_country": countries[:1],
        "production_companies": [
            {
                "id": names.companies.get(company["id"]),
                "logo_path": None,
                "name": company["name"],
                "origin_country": "",
            }
            for company in document.get("companies", [])
        ],
        "production_countries": [{"iso_3166_1": code, "name": country(code)} for code in countries],
        "revenue": document.get("revenue") or 0,
        "runtime": document.get("runtime") or 0,
        "spoken_languages": [
            {"english_name": language(code), "iso_639_1": code, "name": native(code)} for code in spoken
        ],
        "status": document.get("status") or "Released",
        "tagline": document.get("tagline") or "",
    }


def credits(document: Document, names: Names) -> dict[str, Any]:
    """Return cast and crew."""
    people = document.get("people", [])
    cast = [person for person in people if person["role"] == "actor"]
    return {
        "cast": [
            {
                **_person(person, names),
                "known_for_department": "Acting",
                "character": person.get("character") or "",
                "order": place,
            }
            for place, person in enumerate(cast)
        ],
        "crew": [
            {
                **_person(person, names),
                "known_for_department": (department := _department(person["role"]))[0],
                "department": department[0],
                "job": department[1],
            }
            for person in people
            if person["role"] != "actor"
        ],
    }


def keywords(document: Document) -> dict[str, Any]:
    """Return keywords by name: their ids at TMDB are not known here."""
    return {"keywords": [{"id": None, "name": keyword} for keyword in document.get("keywords", [])]}


def external_ids(document: Document) -> dict[str, Any]:
    """Return ids elsewhere."""
    ids = document.get("ids", {})
    none = dict.fromkeys(("facebook_id", "instagram_id", "twitter_id"))
    return {"imdb_id": ids.get("imdb"), "wikidata_id": ids.get("wikidata"), **none}


def alternative_titles(document: Document) -> dict[str, Any]:
    """Return the other titles."""
    return {
        "titles": [
            {"iso_3166_1": title.get("region") or "", "title": title["title"], "type": ""}
            for title in document.get("other_titles", [])
        ]
    }


def release_dates(document: Document) -> dict[str, Any]:
    """Return the day of release and the age rating, as those of the United States: others are unknown here."""
    released, certificate = document.get("released"), document.get("certificate")
    if not released and not certificate:
        return {"results": []}
    day: dict[str, Any] = {
        "certification": certificate or "", "descriptors": [], "iso_639_1": "", "note": "",
        "release_date": f"{released}T00:00:00.000Z" if released else "", "type": 3,
    }  # fmt: skip
    return {"results": [{"iso_3166_1": "US", "release_dates": [day]}]}


def videos(document: Document) -> dict[str, Any]:
    """Return the trailer."""
    found = _VIDEO.search(document.get("trailer") or "")
    if not found:
        return {"results": []}
    video = {"iso_639_1": "en", "iso_3166_1": "US", "name": "Trailer", "key": found[1], "site": "YouTube"}
    return {"results": [{**video, "size": 1080, "type": "Trailer", "official": False, "id": found[1]}]}


#: Parts of a film with their own path, or added with `append_to_response`.
PARTS: Mapping[str, Callable[[Document], dict[str, Any]]] = {
    "keywords": keywords,
    "external_ids": external_ids,
    "alternative_titles": alternative_titles,
    "release_dates": release_dates,
    "videos": videos,
}


def _title(document: Document, languages: Sequence[str]) -> str:
    if not languages:
        return str(document["title"])
    film = FILM.decode(msgspec.json.encode(document))
    return choose(film.title, film.by_language(), languages) or film.title


def _rating(document: Document) -> Mapping[str, Any]:
    """Return the rating by TMDB's users."""
    found = [
        rating
        for rating in document.get("ratings", [])
        if (rating["rater"], rating["aspect"]) == ("tmdb", "overall")
    ]
    return found[0] if found else {}


def _person(person: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {
        "adult": False,
        "gender": 0,
        "id": names.people.get(person["id"]),
        "name": person["name"],
        "original_name": person["name"],
        "popularity": 0.0,
        "profile_path": None,
        "credit_id": f"{person['id']}-{person['role']}",
    }


def _department(role: str) -> tuple[str, str]:
    return _DEPARTMENTS.get(role, ("Crew", role.capitalize() or "Crew"))
