"""Who sends a request (a key, a session of the site, or an address), and what they may do: requests a minute, cross-origin reads.

A session's cookie holds the key's number, the second at which it expires, and a signature of both with the stored hash
of the key. The key itself is never in a browser, servers store nothing, and a session ends at once when its key is
revoked.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from limits import RateLimitItemPerMinute
from limits.aio import storage as shared_storage
from limits.aio import strategies as shared_strategies
from limits.errors import StorageError
from limits.strategies import FixedWindowRateLimiter

from moviec.catalog.accounts import Key, Keys, digest
from moviec.units import plural
from moviec.web.errors import Problem
from moviec.web.rate_counts import Counts

#: Paths that pages of other origins may read; none of them changes anything.
READABLE = re.compile(
    r"/v1/(?!admin/|webhooks|usage)|/movies/search$|/omdb(/|$)|/3/|/reconcile(/|$)|/openapi\.json$|/feeds/"
)

#: Paths that take POST because the query is long; they change nothing.
ASKED_BY_POST = re.compile(r"/v1/movies/(lookup|match)$|/reconcile(/|$)")

_EXPOSED = b"ETag, Link, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, MovieC-Change, X-Request-ID"
_ASKED_WITH = b"Authorization, X-API-Key, Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID, X-Request-ID"

Headers = list[tuple[bytes, bytes]]


class Cors:
    """The origins that may read: `*` is any, several are separated by spaces, none is off."""

    def __init__(self, origins: str) -> None:
        """Read the setting."""
        some = {origin.rstrip("/").encode() for origin in origins.split()}
        self._any, self._some = b"*" in some, frozenset(some)
        #: Headers of every response that other origins may read, whoever the caller.
        self._always: Headers = [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    def of(self, path: str, method: str, origin: bytes) -> Headers:
        """Return the headers that let a page of an origin read a response; none if it may not."""
        if not self._some or not _is_reading(path, method):
            return []
        if self._any:
            return self._always
        if origin not in self._some:
            return [(b"vary", b"Origin")]
        return [(b"access-control-allow-origin", origin), *self._always[1:], (b"vary", b"Origin")]

    def preflight(self, path: str, origin: bytes, method: str) -> Headers | None:
        """Return the headers that answer a browser's preflight request; None if it is refused."""
        if not origin or not (allowed := self.of(path, method, origin)) or len(allowed) == 1:
            return None
        methods = b"GET, HEAD, POST" if ASKED_BY_POST.match(path) else b"GET, HEAD"
        preflight: Sequence[tuple[bytes, bytes]] = (
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _ASKED_WITH),
            (b"access-control-max-age", b"86400"),
        )
        return [*allowed, *preflight]


def _is_reading(path: str, method: str) -> bool:
    if method in ("GET", "HEAD"):
        return READABLE.match(path) is not None
    return method == "POST" and ASKED_BY_POST.match(path) is not None


#: Seconds for which a found key is cached, so that every process refuses a revoked one within a second.
BELIEVED = 0.5

#: The most keys in the cache.
REMEMBERED = 10_000

#: Seconds that Redis may take, and for which it is skipped after it took longer.
REDIS_WAIT, REDIS_PAUSE = 0.5, 5.0

#: The form of a key; anything else is refused without a look-up.
_LONGEST = 200


class Caller(msgspec.Struct, frozen=True):
    """The caller: the address, and the key if one was sent, or the `session` opened with it."""

    address: str
    key: Key | None = None
    session: str = ""

    @property
    def counted(self) -> str:
        """The identity for rate limits: the key, or the address without one."""
        return f"address:{counted_as(self.address)}" if self.key is None else f"key:{self.key.number}"


class Window(msgspec.Struct, frozen=True):
    """A caller's minute: requests allowed, requests left (negative once over), seconds until it starts again."""

    limit: int
    left: int
    reset: int


class KeyRing:
    """Finds keys by their SHA-256, caching results for half a second."""

    def __init__(self, keys: Keys) -> None:
        """Set the look-up."""
        self._keys = keys
        self._seen: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()

    async def find(self, key: str) -> Key | None:
        """Return the key in force; None for anything else."""
        if len(key) > _LONGEST:
            return None
        wanted = digest(key)
        seen = self._seen.get(wanted)
        if seen is not None and time.monotonic() < seen[0]:
            return seen[1]
        begun = time.monotonic()
        found = await asyncio.to_thread(self._keys.find, wanted)
        self._seen[wanted] = (begun + BELIEVED, found)
        self._seen.move_to_end(wanted)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return found

    async def gone(self, numbers: Collection[int]) -> list[int]:
        """Return the numbers of those keys that are no longer in force."""
        return await asyncio.to_thread(
            lambda: [number for number in numbers if self._keys.numbered(number) is None]
        )


class Limiter:
    """Counts requests in windows of a minute that start with the first: in this server, or in Redis for all servers."""

    def __init__(self, redis: str, log: Any) -> None:
        """Set Redis's address, or none."""
        self._own = FixedWindowRateLimiter(Counts())
        self._shared: shared_strategies.FixedWindowRateLimiter | None = None
        self._log = log
        self._again = 0.0
        if redis:
            stored = shared_storage.RedisStorage(f"async+{redis}", implementation="redispy")
            self._shared = shared_strategies.FixedWindowRateLimiter(stored)

    async def hit(self, who: str, limit: int) -> Window:
        """Count a request. While a configured Redis does not respond, this server counts by itself."""
        item = RateLimitItemPerMinute(limit)
        if self._shared is not None and time.monotonic() >= self._again:
            try:
                async with asyncio.timeout(REDIS_WAIT):
                    allowed = await self._shared.hit(item, who)
                    stats = await self._shared.get_window_stats(item, who)
                return _window(limit, allowed, stats.remaining, stats.reset_time)
            except (OSError, StorageError, _redis_error()) as error:
                self._again = time.monotonic() + REDIS_PAUSE
                self._log.warning("limits are counted only by this server", error=type(error).__name__)
        allowed = self._own.hit(item, who)
        own = self._own.get_window_stats(item, who)
        return _window(limit, allowed, own.remaining, own.reset_time)


def _redis_error() -> type[Exception]:
    from redis.exceptions import RedisError

    return RedisError


def _window(limit: int, allowed: bool, left: float, reset: float) -> Window:
    return Window(limit, int(left) if allowed else -1, max(1, round(reset - time.time())))


def trusted_proxies(text: str) -> Callable[[str], bool]:
    """Return for an address whether its X-Forwarded-For counts. Raises ValueError for anything else."""
    networks = [ipaddress.ip_network(network, strict=False) for network in text.replace(",", " ").split()]

    def trusted(address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in networks)

    return trusted


def address_of(peer: str, forwarded: str, trusted: Callable[[str], bool]) -> str:
    """Return the caller's address: from the right, the first hop that is not a trusted proxy."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    address = _bare(peer)
    while hops and trusted(address):
        address = _bare(hops.pop())
    return address


def _bare(hop: str) -> str:
    """Remove the port from an address: some proxies write 1.2.3.4:5678 or [2001:db8::1]:5678."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def counted_as(address: str) -> str:
    """Return the form in which an address is counted: for IPv6 its /64, which belongs to one caller; others
    unchanged.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


def of_open_internet(address: str) -> bool:
    """Return whether an address is a public one; a socket's name, for example, is not."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False


def shown_key(authorization: str, header: str) -> str:
    """Return the key that a caller sends, or "". Raises Problem for another kind of authorization."""
    if header:
        return header.strip()
    if not authorization:
        return ""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise unauthorized("send the key as `Authorization: Bearer KEY` or `X-API-Key: KEY`")
    return key.strip()


def unauthorized(message: str) -> Problem:
    """Return the problem that a key is required."""
    return Problem(401, message, headers={"www-authenticate": 'Bearer realm="moviec"'})


def too_many(window: Window) -> Problem:
    """Return the problem that a limit is used up, and for how long."""
    return Problem(
        429,
        f"more than {window.limit} requests in a minute; wait {plural(window.reset, 'second', 'seconds')}",
        headers={"retry-after": str(window.reset)},
    )


#: The cookie's name.
COOKIE = "moviec_session"

#: Seconds that a session lasts: a working day.
LASTS = 12 * 3600

#: The longest cookie accepted.
_LONGEST_SESSION = 120


def session_of(key: Key, secret: str, now: float) -> str:
    """Return the session cookie for a key; `secret` is the key's stored hash."""
    text = f"{key.number}.{int(now) + LASTS}"
    return f"{text}.{_signature(text, secret)}"


def csrf_of(session: str) -> str:
    """Return the CSRF token for forms of this session, which nobody without the cookie can know."""
    return hashlib.sha256(f"csrf {session}".encode()).hexdigest()[:32]


class Sessions:
    """Finds the keys of sessions, caching results for half a second."""

    def __init__(self, keys: Keys) -> None:
        """Set the look-up of keys."""
        self._keys = keys
        self._seen: dict[str, tuple[float, Key | None]] = {}

    async def find(self, session: str) -> Key | None:
        """Return the key in force of a session; None if it has expired, or is forged."""
        seen = self._seen.get(session)
        if seen is not None and time.monotonic() < seen[0]:
            return seen[1]
        begun = time.monotonic()
        found = await asyncio.to_thread(self._find, session, time.time())
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[session] = (begun + BELIEVED, found)
        return found

    async def begin(self, text: str) -> tuple[Key, str] | None:
        """Return a key and the session it opens; None for a key that is not in force."""
        secret = digest(text)
        key = await asyncio.to_thread(self._keys.find, secret)
        return None if key is None else (key, session_of(key, secret, time.time()))

    def _find(self, session: str, now: float) -> Key | None:
        text, _, signature = session.rpartition(".")
        number, _, ends = text.partition(".")
        if len(session) > _LONGEST_SESSION or not (
            number.isascii() and number.isdecimal() and ends.isdecimal()
        ):
            return None
        if not (ends.isascii() and now < int(ends) <= now + LASTS + 1) or int(number) > 2_147_483_647:
            return None
        found = self._keys.numbered(int(number))
        if found is None or not hmac.compare_digest(_signature(text, found[1]), signature):
            return None
        return found[0]


def _signature(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"session {text}".encode(), hashlib.sha256).hexdigest()
