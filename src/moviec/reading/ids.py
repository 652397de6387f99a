"""Reads ids of films: bare, in addresses, in media libraries' marks, or as numbers in spreadsheets ("862.0")."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BARE_NUMBER = re.compile(r"([0-9]{1,9})(?:[.,]0+)?")
_IMDB = re.compile(r"(?:^|[/=:\s{\[(-])(?:title/)?tt([0-9]{7,10})(?!\w)", re.IGNORECASE)
_IMDB_BARE = re.compile(r"(?:tt)?([0-9]{1,10})(?:\.0)?", re.IGNORECASE)

#: By space: the text before and around the id in an address or mark. The first group is the id.
_ADDRESSES: Mapping[str, re.Pattern[str]] = {
    "tmdb": re.compile(
        r"(?:themoviedb\.org/movie/|^tmdb(?:id)?[:/=-]+(?:movie/)?|^movie/|^(?=[0-9]+-[a-z]))([0-9]{1,9})(?![0-9])",
        re.IGNORECASE,
    ),
    "wikidata": re.compile(
        r"(?:^|^(?:wd|wikidata):|wikidata\.org/(?:wiki/|entity/|wiki/Special:EntityPage/))(Q[1-9][0-9]{0,11})(?=$|[#?/])"
    ),
    "letterboxd": re.compile(r"(?:letterboxd\.com/(?:[\w-]+/)?|^/)film/([\w-]+)", re.IGNORECASE),
    "rottentomatoes": re.compile(r"(?:^|rottentomatoes\.com/|^/)(m/[\w-]+)", re.IGNORECASE),
    "metacritic": re.compile(r"(?:^|metacritic\.com/|^/)(movie/[\w!-]+)", re.IGNORECASE),
    "trakt": re.compile(r"trakt\.tv/movies/([\w-]+)", re.IGNORECASE),
    "movielens": re.compile(r"movielens\.org/movies/([0-9]{1,9})", re.IGNORECASE),
    "douban": re.compile(r"douban\.com/subject/([0-9]{1,10})", re.IGNORECASE),
    "netflix": re.compile(r"netflix\.com/(?:[\w-]+/)?(?:title|watch)/([0-9]{1,10})", re.IGNORECASE),
}
#: Spaces whose ids are numbers.
NUMBERED = ("tmdb", "movielens", "simkl", "douban", "netflix")
#: Spaces whose ids are words, which also occur in addresses.
ADDRESSED = ("wikidata", "letterboxd", "rottentomatoes", "metacritic", "trakt")


def imdb(text: str) -> str | None:
    """Read an IMDb title id: "tt0114709", 114709, an address of the film; None for anything else."""
    text = text.strip()
    found = _IMDB_BARE.fullmatch(text) or (_IMDB.search(text) if len(text) < 400 else None)
    if not found or int(found[1]) == 0:
        return None
    digits = found[1].lstrip("0")
    return f"tt{digits:0>7}"


def film_id(space: str, text: str) -> str | None:
    """Read an id of a space; None if it is not an id of that space. For unknown spaces the text is returned."""
    text = text.strip()
    if space == "imdb":
        return imdb(text)
    address = _ADDRESSES.get(space)
    if address and (found := address.search(text)):
        if space == "wikidata":
            return found[1].upper()
        return found[1].lower() if space in ("rottentomatoes", "metacritic") else found[1]
    if space in NUMBERED:
        bare = _BARE_NUMBER.fullmatch(text)
        return str(int(bare[1])) if bare else None
    if space == "wikidata" or (address and "://" in text and space != "letterboxd"):
        return None
    bare = re.fullmatch(r"([0-9]+)\.0", text)
    return bare[1] if bare else text or None


_MARK = re.compile(
    r"[{\[(]?\s*\b(imdb|tmdb|tvdb|wikidata)(?:id)?\s*[-=:]\s*(tt[0-9]{5,10}|Q[0-9]+|[0-9]{1,9})\s*[}\])]?|[{\[(]\s*(tt[0-9]{7,10})\s*[}\])]",
    re.IGNORECASE,
)


def marked_ids(text: str) -> tuple[str, dict[str, str]]:
    """Remove marked ids from a title: "Heat {imdb-tt0113277}", "Heat [tmdbid=949]"; return the rest and the ids by
    space.
    """
    found: dict[str, str] = {}
    for mark in _MARK.finditer(text):
        space, value = (mark[1].lower(), mark[2]) if mark[1] else ("imdb", mark[3])
        if known := film_id(space, value):
            found.setdefault(space, known)
    return (_MARK.sub(" ", text).strip(), found) if found else (text, found)
