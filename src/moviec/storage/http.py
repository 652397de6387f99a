"""Files on the web, over http and https: redirects followed, lengths checked, proxies and certificates as the system has them.

A copy that broke off goes on where it stopped, as long as the server still has the same version of the file; which
version a part is of stands beside it in NAME.version.
"""

from __future__ import annotations

import base64
import datetime as dt
import netrc
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

import msgspec

from moviec import __version__
from moviec.decoding import decodable
from moviec.errors import MovieCError, SourceError, TransportError, UsageError
from moviec.storage.filesystems import Options, is_ours, shown
from moviec.storage.retry import Patience

CHUNK = 1 << 20


@decodable
class Version(msgspec.Struct, frozen=True):
    """What tells one version of a file on the web from another, as far as its server says; `length` in bytes."""

    etag: str = ""
    modified: str = ""
    length: int | None = None

    def unless_same(self) -> dict[str, str]:
        """Return the headers of a request for any version but this one."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": "" if self.etag else self.modified}
        return {name: value for name, value in given.items() if value}

    @property
    def exact(self) -> str:
        """What If-Range takes: an ETag that stands for the very bytes, else the date; empty where there is neither."""
        return self.modified if not self.etag or self.etag.startswith("W/") else self.etag


class Web:
    """The web. `headers` among the options go with every request, but not to where it is redirected."""

    def __init__(self, options: Options, patience: Patience) -> None:
        """Hold the headers, and how long to wait."""
        self._headers = {str(name): str(value) for name, value in options.get("headers", {}).items()}
        self._timeout = patience.timeout

    def is_folder(self, url: str) -> bool:
        """Say no: the web has files only."""
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
        """Copy a file unless the server still has the `known` version; return the version that came, else None.

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
        with self._open(url, wanted) as answer:
            if answer is None:
                return part if is_whole else None
            return _Copy(url, target, max_bytes).write(answer, size)

    @contextmanager
    def _open(self, url: str, wanted: dict[str, str]) -> Iterator[HTTPResponse | None]:
        """Ask for a file; yield the answer, None for "not modified", and turn what fails into MovieC's own errors."""
        try:
            with urlopen(self._request(url, wanted), timeout=self._timeout) as answer:  # noqa: S310 - the scheme is http or https
                yield answer
        except HTTPError as error:
            if error.code != 304:
                raise _refusal(error, shown(url)) from error
            error.close()
            yield None
        except HTTPException as error:
            raise TransportError(f"the answer broke off ({error!r})", shown(url)) from error
        except TimeoutError as error:
            raise TransportError(f"no answer within {self._timeout:g} s", shown(url)) from error
        except OSError as error:
            if is_ours(error):
                raise
            raise TransportError(f"cannot be fetched ({_reason(error)})", shown(url)) from error
        except ValueError as error:
            raise UsageError(f"this is no address ({error})", shown(url)) from error

    def _request(self, url: str, wanted: dict[str, str]) -> Request:
        """Make the request; a name and password in the address, or in .netrc, become a header."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        path, query = (
            quote(parts.path or "/", safe="/%:@!$&'()*+,;=~"),
            quote(parts.query, safe="/%:@!$&'()*+,;=~?"),
        )
        address = urlunsplit((parts.scheme, host, path, query, ""))
        request = Request(address, headers=wanted)  # noqa: S310 - see _open
        request.add_header("User-Agent", f"moviec/{__version__}")
        known = (parts.username, parts.password or "") if parts.username else _netrc(parts.hostname or "")
        if known:
            pair = f"{unquote(known[0] or '')}:{unquote(known[1])}"
            request.add_unredirected_header(
                "Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"
            )
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)
        return request


class _Copy(msgspec.Struct, frozen=True):
    """The copying of one answer's body into a file."""

    url: str
    target: Path
    max_bytes: int | None

    def write(self, answer: HTTPResponse, size: int) -> Version:
        """Write the body: behind the `size` bytes that are there where the server goes on from them, else anew."""
        goes_on = answer.status == 206
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
        with self.target.open("ab") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                self._check(file.tell())
            came = file.tell()
        if length is not None and came != length:
            raise TransportError(f"the answer broke off after {came:,} of {length:,} bytes", shown(self.url))
        return version

    def _check(self, size: int) -> None:
        """Raise SourceError where the file is larger than allowed; nothing of it is kept."""
        if self.max_bytes is not None and size > self.max_bytes:
            _forget(self.target)
            raise SourceError(
                f"more than {self.max_bytes:,} bytes", shown(self.url), "raise max_bytes in the settings"
            )


def _beside(target: Path) -> Path:
    """Return where the version of a part stands."""
    return target.with_name(f"{target.name}.version")


def _part(target: Path) -> Version | None:
    """Return the version that an earlier call's copy is of; None where there is none that could be completed."""
    try:
        found = msgspec.json.decode(_beside(target).read_bytes(), type=Version)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.exact and target.is_file() and target.stat().st_size else None


def _forget(target: Path) -> None:
    """Remove a part, so that the next call begins anew."""
    target.unlink(missing_ok=True)
    _beside(target).unlink(missing_ok=True)


def _netrc(host: str) -> tuple[str, str] | None:
    try:
        found = netrc.netrc().hosts.get(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return (quote(found[0]), quote(found[2])) if found else None


def _refusal(error: HTTPError, where: str) -> MovieCError:
    """Return what an answer that is no success means."""
    said = f"{error.code} {error.reason}".splitlines()[0]
    error.close()
    if error.code in (404, 410):
        return UsageError(f"no such file ({said})", where)
    if error.code in (401, 403, 407):
        return SourceError(
            f"access refused ({said})", where, "see docs/settings.md for names, passwords and headers"
        )
    if error.code in (408, 425, 429) or error.code >= 500:
        return TransportError(
            f"cannot be fetched ({said})", where, after=_seconds(error.headers.get("Retry-After", ""))
        )
    return SourceError(f"cannot be fetched ({said})", where)


def _reason(error: OSError) -> str:
    """Return why there was no answer, without the wrapping of the library."""
    inner = error.reason if isinstance(error, URLError) else error
    return str(getattr(inner, "strerror", None) or inner)


def _seconds(asked: str) -> float:
    """Return how long Retry-After, seconds or a date, asks to wait; 0 where it says nothing."""
    if asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0
    zoned = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max((zoned - dt.datetime.now(dt.UTC)).total_seconds(), 0)
