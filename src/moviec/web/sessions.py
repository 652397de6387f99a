"""Sessions of the site: a cookie that stands for a key until it expires, and ends at once when the key is revoked.

The cookie holds the key's number, the second at which it ends, and a signature over both under the stored hash of the key;
the key itself never lies in a browser, and servers keep nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

from moviec.catalog.accounts import Key, Keys, digest
from moviec.web.callers import BELIEVED, REMEMBERED

#: The cookie's name.
COOKIE = "moviec_session"

#: Seconds until one has to sign in again: a working day.
LASTS = 12 * 3600

#: The longest cookie that is looked at.
_LONGEST = 120


def session_of(key: Key, secret: str, now: float) -> str:
    """Return the cookie for whoever has shown a key; `secret` is the key's stored hash."""
    text = f"{key.number}.{int(now) + LASTS}"
    return f"{text}.{_signature(text, secret)}"


def csrf_of(session: str) -> str:
    """Return what a form of this session must carry: nobody without the cookie can know it."""
    return hashlib.sha256(f"csrf {session}".encode()).hexdigest()[:32]


class Sessions:
    """Finds the keys that sessions stand for, remembering for half a second what was found."""

    def __init__(self, keys: Keys) -> None:
        """Take the look-up of keys."""
        self._keys = keys
        self._seen: dict[str, tuple[float, Key | None]] = {}

    async def find(self, session: str) -> Key | None:
        """Return the key in force that a session stands for; None where it is over, or was never given."""
        seen = self._seen.get(session)
        if seen is not None and time.monotonic() < seen[0]:
            return seen[1]
        asked = time.monotonic()
        found = await asyncio.to_thread(self._find, session, time.time())
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[session] = (asked + BELIEVED, found)
        return found

    async def begin(self, text: str) -> tuple[Key, str] | None:
        """Return the key that somebody shows, and the session it opens; None for a key that is not in force."""
        secret = digest(text)
        key = await asyncio.to_thread(self._keys.find, secret)
        return None if key is None else (key, session_of(key, secret, time.time()))

    def _find(self, session: str, now: float) -> Key | None:
        text, _, signature = session.rpartition(".")
        number, _, ends = text.partition(".")
        if len(session) > _LONGEST or not (number.isascii() and number.isdecimal() and ends.isdecimal()):
            return None
        if not (ends.isascii() and now < int(ends) <= now + LASTS + 1) or int(number) > 2_147_483_647:
            return None
        found = self._keys.numbered(int(number))
        if found is None or not hmac.compare_digest(_signature(text, found[1]), signature):
            return None
        return found[0]


def _signature(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"session {text}".encode(), hashlib.sha256).hexdigest()
