"""Files and answers on the web, by httpx: redirects followed, lengths checked, with the system's proxies and
certificates.

An interrupted copy continues where it stopped, as long as the server still has the same version of the file; which
version a part belongs to is in NAME.version. A private address is refused (`storage/addresses.py`), and so
is a redirect to one.
"""

from __future__ import annotations

import datetime as dt
import logging
import netrc
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx
import msgspec

from moviec import __version__
from moviec.decoding import decodable
from moviec.errors import MovieCError, SourceError, TransportError, UsageError
from moviec.storage.addresses import KEPT, Pinned
from moviec.storage.filesystems import Options, is_ours, shown
from moviec.transient import Patience

# It logs whole addresses, and some providers require a key in the address.
logging.getLogger("httpx").setLevel(logging.WARNING)

#: Redirects that are followed, one after another.
HOPS = 10

#: A body slower than this, in bytes a second on average since it began, is aborted once it has taken as long as
#: the other side may be silent: a chosen floor, below a telephone line's.
SLOWEST = 500.0

#: Bytes of a file's beginning read to inspect it.
PROBED = 65_536

#: Options of the web that are not headers: whether private addresses are allowed, and a contact address for providers.
PRIVATE, CONTACT = "private", "contact"


@decodable
class Version(msgspec.Struct, frozen=True):
    """Identifies a version of a file on the web, as far as its server provides it; `length` in bytes."""

    etag: str = ""
    modified: str = ""
    length: int | None = None

    def unless_same(self) -> dict[str, str]:
        """Return the headers of a request for any version but this one."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": "" if self.etag else self.modified}
        return {name: value for name, value in given.items() if value}

    @property
    def exact(self) -> str:
        """The value for If-Range: a strong ETag, else the date; empty if there is neither."""
        return self.modified if not self.etag or self.etag.startswith("W/") else self.etag


class Reply(msgspec.Struct, frozen=True):
    """An answer that was read whole: its status, its body, and its headers by lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Head(msgspec.Struct, frozen=True):
    """The beginning of a file on the web, its total size if the server reports it, and its version."""

    data: bytes
    size: int | None
    version: Version


class Web:
    """The web. `headers` in the options are sent with every request, but not to redirect targets.

    May be used by several threads at once; `close` it, or use it as a context, to keep connections open meanwhile.
    """

    def __init__(self, options: Options, patience: Patience) -> None:
        """Set the headers, and the timeout."""
        self._headers = {str(name): str(value) for name, value in options.get("headers", {}).items()}
        self._timeout = patience.timeout
        contact = str(options.get(CONTACT, ""))
        self._agent = f"moviec/{__version__}" + (f" ({contact})" if contact else "")
        self._transport = Pinned(bool(options.get(PRIVATE, False)))
        self._client = httpx.Client(
            transport=self._transport, timeout=patience.timeout, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Self:
        """Keep connections until the block ends."""
        self._transport.keep = KEPT
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def is_folder(self, url: str) -> bool:
        """Return False: the web has only files."""
        return False

    def names(self, url: str) -> list[str]:
        """Refuse: the web has no listings."""
        raise UsageError("folders on the web cannot be listed", shown(url), "give the address of each file")

    def get(self, url: str, target: Path) -> None:
        """Copy a file; a body shorter than announced is a TransportError."""
        self.download(url, target)
        _beside(target).unlink(missing_ok=True)

    def download(
        self, url: str, target: Path, known: Version | None = None, max_bytes: int | None = None
    ) -> Version | None:
        """Copy a file unless the server still has the `known` version; return the new version, else None.

        An incomplete `target` of an earlier call is completed where that is possible. Raises SourceError for a file
        of more than `max_bytes`.
        """
        part = _part(target)
        size = target.stat().st_size if part else 0
        is_whole = part is not None and size == part.length
        if part is None or is_whole:
            wanted = (part or known or Version()).unless_same()
        else:
            wanted = {"Range": f"bytes={size}-", "If-Range": part.exact}
        with self._open(url, {**wanted, "Accept-Encoding": "identity"}) as answer:
            if answer.status_code == 304:
                return part if is_whole else None
            if answer.status_code not in (200, 206):
                raise _refusal(answer, shown(url))
            return _Copy(url, target, max_bytes, self._timeout).write(answer, size)

    def beginning(self, url: str) -> Head:
        """Return the beginning of a file, whatever its size."""
        with self._open(url, {"Range": f"bytes=0-{PROBED - 1}", "Accept-Encoding": "identity"}) as answer:
            if answer.status_code not in (200, 206):
                raise _refusal(answer, shown(url))
            data = bytearray()
            for chunk in answer.iter_raw():
                data += chunk
                if len(data) >= PROBED:
                    break
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status_code == 200:
                whole = answer.headers.get("Content-Length", "")
            version = Version(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
            return Head(bytes(data[:PROBED]), int(whole) if whole.isdigit() else None, version)

    def part(self, url: str, first: int, last: int) -> bytes:
        """Return some bytes of a file, by the first and the last of them. Raises SourceError if its server does not
        serve parts.
        """
        with self._open(url, {"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}) as answer:
            if answer.status_code == 200:
                raise SourceError("its server does not serve parts of a file", shown(url))
            if answer.status_code != 206:
                raise _refusal(answer, shown(url))
            data = bytearray()
            for chunk in answer.iter_raw():
                data += chunk
                if len(data) > last - first:
                    break
            return bytes(data[: last - first + 1])

    def ask(self, url: str, headers: Mapping[str, str] | None = None, max_bytes: int = 50_000_000) -> Reply:
        """Return a whole answer with any status except transient errors.

        The headers are not sent to redirect targets. Raises TransportError for 408, 425, 429, 5xx and an answer that
        broke off, SourceError for one of more than `max_bytes`.
        """
        with self._open(url, {}, headers or {}) as answer:
            if _passes(answer.status_code):
                raise _refusal(answer, shown(url))
            body, pace = bytearray(), _Pace(self._timeout, shown(url))
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > max_bytes:
                    raise SourceError(f"an answer of more than {max_bytes:,} bytes", shown(url))
                pace.check(len(body))
            return Reply(answer.status_code, bytes(body), {k.lower(): v for k, v in answer.headers.items()})

    @contextmanager
    def _open(
        self, url: str, wanted: Mapping[str, str], once: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """Send a request, follow redirects, and yield the answer; failures become MovieC's errors.

        `once`: headers for the first request only, like those in the options.
        """
        where = shown(url)
        try:
            address, own = _address(url)
            headers = {"User-Agent": self._agent, **wanted}
            first = {**headers, **own, **self._headers, **(once or {})}
            for hop in range(HOPS + 1):
                request = self._client.build_request("GET", address, headers=headers if hop else first)
                answer = self._client.send(request, stream=True)
                try:
                    target = answer.headers.get("Location", "") if answer.status_code in _MOVED else ""
                    if not target or hop == HOPS:
                        yield answer
                        return
                    address = str(request.url.join(target))
                finally:
                    answer.close()
        except httpx.TimeoutException as error:
            raise TransportError(f"no answer within {self._timeout:g} s", where) from error
        except (httpx.ProtocolError, httpx.DecodingError) as error:
            raise TransportError(f"the answer broke off ({_reason(error)})", where) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError) as error:
            raise UsageError(f"this is not an address ({_reason(error)})", where) from error
        except httpx.HTTPError as error:
            raise TransportError(f"cannot be fetched ({_reason(error)})", where) from error
        except OSError as error:
            if is_ours(error):
                raise
            raise TransportError(f"cannot be fetched ({_reason(error)})", where) from error


_MOVED = (301, 302, 303, 307, 308)


def _address(url: str) -> tuple[str, dict[str, str]]:
    """Return an address as requested, and the header that a name and password in it, or in .netrc, become."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    address = urlunsplit((parts.scheme, host, path, quote(parts.query, safe="/%:@!$&'()*+,;=~?"), ""))
    if parts.username:
        known = (unquote(parts.username), unquote(parts.password or ""))
    elif (found := _netrc(parts.hostname or "")) is not None:
        known = found
    else:
        return address, {}
    request = next(httpx.BasicAuth(*known).sync_auth_flow(httpx.Request("GET", "http://unused")))
    return address, {"Authorization": request.headers["Authorization"]}


class _Pace:
    """Aborts a body that is too slow."""

    def __init__(self, grace: float, where: str) -> None:
        self._begun, self._grace, self._where = time.monotonic(), grace, where

    def check(self, came: int) -> None:
        """Raise TransportError where too little came since the body began."""
        passed = time.monotonic() - self._begun
        if passed > self._grace and came < SLOWEST * passed:
            raise TransportError(f"too slow: {came:,} bytes in {passed:,.0f} s", self._where)


class _Copy(msgspec.Struct, frozen=True):
    """The copying of one answer's body into a file."""

    url: str
    target: Path
    max_bytes: int | None
    grace: float

    def write(self, answer: httpx.Response, size: int) -> Version:
        """Write the body: after the existing `size` bytes if the server continues there, else from the beginning."""
        goes_on = answer.status_code == 206
        begin = size if goes_on else 0
        if goes_on and not answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-"):
            _forget(self.target)
            raise TransportError("the server sent another part than the one asked for", shown(self.url))
        announced = answer.headers.get("Content-Length", "")
        length = begin + int(announced) if announced.isdigit() else None
        self._check(length or 0)
        version = Version(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""), length)
        if not goes_on:
            _forget(self.target)
        if version.exact:
            _beside(self.target).write_bytes(msgspec.json.encode(version))
        came = begin
        try:
            with self.target.open("ab") as file:
                pace = _Pace(self.grace, shown(self.url))
                for chunk in answer.iter_raw():
                    file.write(chunk)
                    came += len(chunk)
                    self._check(came)
                    pace.check(came - begin)
        except httpx.RemoteProtocolError as error:
            of = f" of {length:,}" if length is not None else ""
            raise TransportError(f"the answer broke off after {came:,}{of} bytes", shown(self.url)) from error
        return version

    def _check(self, size: int) -> None:
        """Raise SourceError where the file is larger than allowed; without keeping any of it."""
        if self.max_bytes is not None and size > self.max_bytes:
            _forget(self.target)
            raise SourceError(
                f"more than {self.max_bytes:,} bytes", shown(self.url), "raise max_bytes in the settings"
            )


def _beside(target: Path) -> Path:
    """Return the file with the version of a part."""
    return target.with_name(f"{target.name}.version")


def _part(target: Path) -> Version | None:
    """Return the version that an earlier call's copy is of; None if none could be completed."""
    try:
        found = msgspec.json.decode(_beside(target).read_bytes(), type=Version)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.exact and target.is_file() and target.stat().st_size else None


def _forget(target: Path) -> None:
    """Remove a part, so that the next call starts again."""
    target.unlink(missing_ok=True)
    _beside(target).unlink(missing_ok=True)


def _netrc(host: str) -> tuple[str, str] | None:
    try:
        found = netrc.netrc().hosts.get(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return (found[0], found[2]) if found else None


def _passes(status: int) -> bool:
    return status in (408, 425, 429) or status >= 500


def _refusal(answer: httpx.Response, where: str) -> MovieCError:
    """Return the error for an unsuccessful answer."""
    said = f"{answer.status_code} {answer.reason_phrase}".splitlines()[0]
    if answer.status_code in (404, 410):
        return UsageError(f"no such file ({said})", where)
    if answer.status_code in (401, 403, 407):
        return SourceError(
            f"access refused ({said})", where, "see docs/settings.md for names, passwords and headers"
        )
    if _passes(answer.status_code):
        return TransportError(
            f"cannot be fetched ({said})", where, after=_seconds(answer.headers.get("Retry-After", ""))
        )
    return SourceError(f"cannot be fetched ({said})", where)


def _reason(error: Exception) -> str:
    """Return why there was no answer, without the library's error number and wrapping."""
    said = (str(error) or type(error).__name__).splitlines()[0]
    return re.sub(r"^\[Errno -?\d+\] ", "", said)


def _seconds(asked: str) -> float:
    """Return how long Retry-After, seconds or a date, asks to wait; 0 without it."""
    if asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0
    zoned = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max((zoned - dt.datetime.now(dt.UTC)).total_seconds(), 0)
