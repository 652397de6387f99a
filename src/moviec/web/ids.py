"""From an id as a caller writes it to a movie: `mc12`, or a source's own id such as `imdb:tt0114709`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from moviec.catalog.finding import read_id
from moviec.catalog.instants import instant_of
from moviec.errors import UsageError
from moviec.web.errors import Problem, not_found, wrong_parameter
from moviec.web.known_ids import Known
from moviec.web.server_state import ServerState

#: The largest number a movie can have: the databases' integers end there.
LARGEST = 2_147_483_647

#: How an id may be written, for the API's description.
PATTERN = "^([Mm][Cc][1-9][0-9]{0,9}|[Tt][Tt][0-9]{5,12}|[A-Za-z][A-Za-z0-9_-]{0,29}:[^/]{1,100})$"


class Moved(Exception):  # noqa: N818  no error: it says where to go
    """The movie was merged into another one."""

    def __init__(self, movie: int) -> None:
        """Name the other one."""
        super().__init__(f"mc{movie}")
        self.movie = movie


async def movie_of(server: ServerState, text: str) -> int:
    """Return the number of the movie an id names. Raises Problem: 404, or 409 where it names several."""
    text = text.replace("%2F", "/")  # as the middleware writes a slash in an id
    named = read_id(text)
    if named is None:
        raise not_found(f"'{text[:50]}' is no id of a movie: write mc12 or imdb:tt0114709")
    if named.movie:
        number = named.movie
        if number > LARGEST or absent(server, lambda known: str(number) not in known.movies):
            raise not_found(f"there is no movie mc{number}")
        return number
    written = f"{named.space}:{named.key}"
    if absent(server, lambda known: written not in known.external):
        found = []
    else:
        found = await asyncio.to_thread(server.movies.named, named.space, named.key)
    if not found:
        raise not_found(f"no movie has the id {text[:80]}")
    if len(found) > 1:
        several = [f"mc{movie}" for movie in found]
        raise Problem(409, f"{text[:80]} names several movies", "ambiguous", {"ids": several})
    return found[0]


async def gone(server: ServerState, movie: int) -> Exception:
    """Return why a movie has no document: it was merged (Moved), withdrawn, or never was."""
    identity = await asyncio.to_thread(server.movies.identity, movie)
    if identity is not None and identity[0] == "merged" and identity[1] is not None:
        return Moved(identity[1])
    if identity is not None and identity[0] == "withdrawn":
        return Problem(404, f"mc{movie} was withdrawn: no source lists it any longer", "withdrawn")
    return not_found(f"there is no movie mc{movie}")


def instant(text: str) -> str:
    """Read a date (its last moment, UTC) or an instant, as the catalogue writes it. Raises Problem 400."""
    try:
        return instant_of(text)
    except UsageError as error:
        raise wrong_parameter("as_of", f"{error.what}; {error.hint}", str(error)) from error


def absent(server: ServerState, test: Callable[[Known], bool]) -> bool:
    """Say surely that something does not exist, without asking for it: the filters deny it, and are not behind.

    The middleware has had the end of the log looked at for this request.
    """
    known = server.follower.known
    if known is None or known.position != server.follower.position or not test(known):
        return False
    server.metrics.denied.inc()
    return True
