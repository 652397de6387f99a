"""TMDB on the loopback: details with what is appended, changes by day, the daily list of ids, and pictures.

After https://developer.themoviedb.org/reference: version 3 of the API, the file exports, the image host.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from PIL import Image

from moviec.loopback.server import Limit, Request, Response, as_json
from moviec.model import MILLION
from moviec.synth.film import COUNTRIES, LANGUAGES, TMDB_GENRES, Film

_NO_KEY = {
    "status_code": 7,
    "status_message": "Invalid API key: You must be granted a valid key.",
    "success": False,
}
_NO_FILM = {
    "success": False,
    "status_code": 34,
    "status_message": "The resource you requested could not be found.",
}
_TOO_MANY = {
    "status_code": 25,
    "status_message": "Your request count is over the allowed limit.",
    "success": False,
}

#: Changes on one page.
PAGE = 100


class Tmdb:
    """TMDB with some films. `changed` names, by day, ids that changed then; `gone` are deleted ids, `merged` those that
    now answer as another one. `rate` requests a second are answered. Of companies `owned` names the one that owns another,
    `countries` their country, where it is known, `known_as` their other names.
    """

    def __init__(self, films: Sequence[Film], key: str, rate: float = 1e9) -> None:
        """Set the films; `key` is the only accepted key, as a parameter or as a bearer token."""
        self.films = {film.ids.tmdb: film for film in films}
        self.detail: Callable[[int], dict[str, Any] | None] = self._detail
        self.changed: dict[dt.date, list[int]] = {}
        self.gone: set[int] = set()
        self.merged: dict[int, int] = {}
        self.companies = {company.id: company.name for film in films for company in film.companies}
        self.owned: dict[int, int] = {}
        self.countries: dict[int, str] = {}
        self.known_as: dict[int, list[str]] = {}
        self.ids: list[tuple[int, float]] = [(film.ids.tmdb, film.popularity / MILLION) for film in films]
        self._key, self._limit = key, Limit(rate)

    def __call__(self, request: Request) -> Response:
        """Respond to a request."""
        if found := re.fullmatch(r"/p/exports/movie_ids_(\d\d)_(\d\d)_(\d{4})\.json\.gz", request.path):
            return self._export(dt.date(int(found[3]), int(found[1]), int(found[2])))
        if found := re.fullmatch(r"/t/p/w780/(\w+)\.(?:jpg|png)", request.path):
            return picture(found[1])
        return as_json(_TOO_MANY, 429, Retry_After="1") if self._limit.refuses() else self._api(request)

    def _api(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if (request.query.get("api_key") or bearer) != self._key:
            return as_json(_NO_KEY, 401)
        if request.path == "/3/movie/changes":
            return self._changes(request.query)
        if about := re.fullmatch(r"/3/company/(\d+)(/alternative_names)?", request.path):
            return self._company(int(about[1]), bool(about[2]))
        found = re.fullmatch(r"/3/movie/(\d+)", request.path)
        number = self.merged.get(int(found[1]), int(found[1])) if found else 0
        film = None if number in self.gone else self.detail(number)
        if film is None:
            return as_json(_NO_FILM, 404)
        appended = set(request.query.get("append_to_response", "").split(","))
        return as_json(
            {name: value for name, value in film.items() if name not in _APPENDED or name in appended}
        )

    def _changes(self, query: Mapping[str, str]) -> Response:
        today = dt.datetime.now(dt.UTC).date()
        first = dt.date.fromisoformat(query.get("start_date", (today - dt.timedelta(days=1)).isoformat()))
        last = dt.date.fromisoformat(query.get("end_date", today.isoformat()))
        if (last - first).days > 14:
            said = {
                "success": False,
                "status_code": 20,
                "status_message": "Invalid date range: Should be a range no longer than 14 days.",
            }
            return as_json(said, 422)
        ids = sorted(
            {number for day, some in self.changed.items() if first <= day <= last for number in some}
        )
        page, pages = int(query.get("page", "1")), max(-(-len(ids) // PAGE), 1)
        results = [{"id": number, "adult": False} for number in ids[(page - 1) * PAGE : page * PAGE]]
        return as_json({"results": results, "page": page, "total_pages": pages, "total_results": len(ids)})

    def _export(self, day: dt.date) -> Response:
        if day > dt.datetime.now(dt.UTC).date():
            return Response(b"", 404)
        lines = b"".join(
            msgspec.json.encode(
                {"adult": False, "id": number, "original_title": "", "popularity": popularity, "video": False}
            )
            + b"\n"
            for number, popularity in self.ids
            if number not in self.gone
        )
        return Response(gzip.compress(lines, 1, mtime=0), 200, {"ETag": f'"{day}-{len(lines)}"'})

    def _company(self, number: int, names: bool) -> Response:
        if number not in self.companies:
            return as_json(_NO_FILM, 404)
        if names:
            results = [{"name": name, "type": ""} for name in self.known_as.get(number, [])]
            return as_json({"id": number, "results": results})
        owner = self.owned.get(number)
        parent = {"id": owner, "logo_path": None, "name": self.companies.get(owner, "")} if owner else None
        country = self.countries.get(number, "")
        return as_json({"description": "", "headquarters": "", "homepage": "", "id": number, "logo_path": None,
                        "name": self.companies[number], "origin_country": country, "parent_company": parent})  # fmt: skip

    def _detail(self, number: int) -> dict[str, Any] | None:
        film = self.films.get(number)
        return detail(film) if film else None


_APPENDED = {
    "alternative_titles",
    "credits",
    "external_ids",
    "keywords",
    "release_dates",
    "translations",
    "videos",
}


def detail(film: Film) -> dict[str, Any]:
    """Return a film in the API's format, with all that can be appended."""
    money = {"budget": film.budget or 0, "revenue": film.revenue or 0}
    collection = {
        "id": 100_000 + film.number,
        "name": film.collection,
        "poster_path": None,
        "backdrop_path": None,
    }
    return {
        "adult": False,
        "backdrop_path": None,
        "belongs_to_collection": collection if film.collection else None,
        "genres": [{"id": TMDB_GENRES[name], "name": name} for name in film.genres],
        "homepage": "",
        "id": film.ids.tmdb,
        "imdb_id": film.ids.imdb,
        "origin_country": list(film.countries),
        "original_language": film.language,
        "original_title": film.original_title or film.title,
        "overview": film.overview or "",
        "popularity": film.popularity / MILLION,
        "poster_path": f"/poster{film.ids.tmdb}.jpg",
        "production_companies": [
            {"id": company.id, "logo_path": None, "name": company.name, "origin_country": ""}
            for company in film.companies
        ],
        "production_countries": [
            {"iso_3166_1": code, "name": COUNTRIES.get(code, code)} for code in film.countries
        ],
        "release_date": film.released.isoformat(),
        "runtime": film.runtime,
        "spoken_languages": [
            {"english_name": LANGUAGES.get(code, code), "iso_639_1": code, "name": LANGUAGES.get(code, code)}
            for code in film.languages
        ],
        "status": "Released",
        "tagline": "",
        "title": film.title,
        "video": False,
        "vote_average": round(film.audience / 10, 1),
        "vote_count": film.votes,
        **money,
        **_appended(film),
    }


def _appended(film: Film) -> dict[str, Any]:
    cast = [
        {
            "id": each.id,
            "name": each.name,
            "character": each.character or "",
            "order": at,
            "credit_id": f"c{at}",
        }
        for at, each in enumerate(film.cast)
    ]
    crew = [
        {"id": director.id, "name": director.name, "job": "Director", "department": "Directing"}
        for director in film.directors
    ]
    first = {
        "certification": "PG-13",
        "iso_639_1": "",
        "release_date": f"{film.released}T00:00:00.000Z",
        "type": 3,
    }
    german = {"iso_3166_1": "DE", "iso_639_1": "de", "name": "Deutsch", "data": {"title": "", "overview": ""}}
    return {
        "alternative_titles": {"titles": []},
        "credits": {"cast": cast, "crew": crew},
        "external_ids": {"imdb_id": film.ids.imdb, "wikidata_id": film.ids.wikidata, "facebook_id": None},
        "keywords": {"keywords": [{"id": at, "name": name} for at, name in enumerate(film.keywords)]},
        "release_dates": {"results": [{"iso_3166_1": "US", "release_dates": [first]}]},
        "translations": {"translations": [german]},
        "videos": {"results": []},
    }


def picture(name: str, width: int = 780) -> Response:
    """Return a picture of a poster's shape, of a colour of its own."""
    colour = tuple(hash_byte(name, at) for at in range(3))
    out = io.BytesIO()
    Image.new("RGB", (width, width * 3 // 2), colour).save(out, "JPEG", quality=80)
    return Response(out.getvalue(), 200, {"Content-Type": "image/jpeg"})


def hash_byte(name: str, at: int) -> int:
    """Return a number from 0 to 255 that goes with a name."""
    return (zlib.crc32(name.encode()) >> (8 * at)) & 0xFF
