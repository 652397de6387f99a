"""English names of countries and languages, and the addresses of posters, as OMDb and TMDB write them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from litestar import Request

from moviec.web.server_state import server_of

if TYPE_CHECKING:
    from babel import Locale


@cache
def _english() -> Locale:
    return _locale("en")


def _locale(code: str) -> Locale:
    from babel import Locale  # when it is first wanted: it takes room

    return Locale.parse(code)


def country(code: str) -> str:
    """Return a country's English name; its code where there is none."""
    return str(_english().territories.get(code.upper(), code))


def language(code: str) -> str:
    """Return a language's English name; its code where there is none."""
    return str(_english().languages.get(code.lower(), code))


def native(code: str) -> str:
    """Return what a language calls itself; "" where that is not known."""
    try:
        return str(_locale(code).get_display_name(code) or "").capitalize()
    except (ValueError, LookupError):
        return ""


def poster_address(poster: Mapping[str, str] | None, origin: str) -> str | None:
    """Return the address of a stored poster on this server."""
    return f"{origin}{poster['w342']}" if poster else None


def poster_path(poster: Mapping[str, str] | None) -> str | None:
    """Return a poster as TMDB names it: the path behind the address of pictures and one of the sizes."""
    return f"/{poster['w342'].split('/')[-2]}.webp" if poster else None


def origin_of(request: Request[Any, Any, Any]) -> str:
    """Return the address that this server was called at, before its paths."""
    return f"{request.url.scheme}://{request.url.netloc}{server_of(request).prefix}"
