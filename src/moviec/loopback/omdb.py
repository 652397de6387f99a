"""OMDb on the loopback, after https://www.omdbapi.com: by IMDb id, all values as text, "N/A" for what is unknown."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence

from moviec.loopback.server import Request, Response, as_json
from moviec.synth.film import Film


class Omdb:
    """OMDb with some films; `allowance` requests a day are answered, then it reports that the limit is reached."""

    def __init__(self, films: Sequence[Film], key: str, allowance: int = 1000) -> None:
        """Set the films, and the only accepted key."""
        self.films = {film.ids.imdb: film for film in films}
        self.allowance, self._key = allowance, key
        self._lock = threading.Lock()
        self._used: dict[dt.date, int] = {}

    def __call__(self, request: Request) -> Response:
        """Respond to a request."""
        if "apikey" not in request.query:
            return as_json({"Response": "False", "Error": "No API key provided."}, 401)
        if request.query["apikey"] != self._key:
            return as_json({"Response": "False", "Error": "Invalid API key!"}, 401)
        today = dt.datetime.now(dt.UTC).date()
        with self._lock:
            self._used[today] = self._used.get(today, 0) + 1
            if self._used[today] > self.allowance:
                return as_json({"Response": "False", "Error": "Request limit reached!"}, 401)
        number = request.query.get("i", "")
        if not number.startswith("tt"):
            return as_json({"Response": "False", "Error": "Incorrect IMDb ID."})
        film = self.films.get(number)
        if film is None:
            return as_json({"Response": "False", "Error": "Error getting data."})
        return as_json(title(film))


def title(film: Film) -> dict[str, object]:
    """Return a film in OMDb's format; a short has neither the Tomatometer nor a Metascore."""
    imdb = f"{film.audience / 10:.1f}"
    ratings = [{"Source": "Internet Movie Database", "Value": f"{imdb}/10"}]
    if film.kind == "feature":
        ratings.append({"Source": "Rotten Tomatoes", "Value": f"{film.critics:.0f}%"})
        ratings.append({"Source": "Metacritic", "Value": f"{max(film.critics - 8, 1):.0f}/100"})
    return {
        "Title": film.title,
        "Year": str(film.year),
        "Rated": "N/A",
        "Released": f"{film.released:%d %b %Y}",
        "Runtime": f"{film.runtime} min",
        "Genre": ", ".join(_GENRES.get(name, name) for name in film.genres) or "N/A",
        "Director": ", ".join(director.name for director in film.directors) or "N/A",
        "Writer": "N/A",
        "Actors": ", ".join(actor.name for actor in film.cast) or "N/A",
        "Plot": film.overview or "N/A",
        "Language": "N/A",
        "Country": "N/A",
        "Awards": "N/A",
        "Poster": "N/A",
        "Ratings": ratings,
        "Metascore": f"{max(film.critics - 8, 1):.0f}" if film.kind == "feature" else "N/A",
        "imdbRating": imdb,
        "imdbVotes": f"{film.votes:,}",
        "imdbID": film.ids.imdb,
        "Type": "movie",
        "DVD": "N/A",
        "BoxOffice": f"${film.revenue // 2:,}" if film.revenue else "N/A",
        "Production": "N/A",
        "Website": "N/A",
        "Response": "True",
    }


_GENRES = {"Science Fiction": "Sci-Fi", "Music": "Musical", "TV Movie": "Drama"}
