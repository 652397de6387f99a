"""Files on the web, over http and https: redirects followed, lengths checked, proxies and certificates as the system has them."""

from __future__ import annotations

import base64
import netrc
import shutil
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from moviec import __version__
from moviec.errors import MovieCError, SourceError, TransportError, UsageError
from moviec.lake.distant import Options, is_ours
from moviec.sources.remote import Patience, shown

CHUNK = 1 << 20


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
        try:
            with urlopen(self._request(url), timeout=self._timeout) as answer, target.open("wb") as file:  # noqa: S310 - the scheme is http or https
                shutil.copyfileobj(answer, file, CHUNK)
                length = answer.headers.get("Content-Length")
                if length is not None and file.tell() != int(length):
                    raise TransportError(
                        f"the answer broke off after {file.tell():,} of {int(length):,} bytes", shown(url)
                    )
        except HTTPError as error:
            raise _refusal(error, shown(url)) from error
        except HTTPException as error:
            raise TransportError(f"the answer broke off ({error!r})", shown(url)) from error
        except TimeoutError as error:
            raise TransportError(f"no answer within {self._timeout:g} s", shown(url)) from error
        except OSError as error:
            if is_ours(error):
                raise
            raise TransportError(f"cannot be fetched ({error})", shown(url)) from error
        except ValueError as error:
            raise UsageError(f"this is no address ({error})", shown(url)) from error

    def _request(self, url: str) -> Request:
        """Make the request; a name and password in the address, or in .netrc, become a header."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        path, query = (
            quote(parts.path or "/", safe="/%:@!$&'()*+,;=~"),
            quote(parts.query, safe="/%:@!$&'()*+,;=~?"),
        )
        request = Request(urlunsplit((parts.scheme, host, path, query, "")))  # noqa: S310 - see get
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


def _netrc(host: str) -> tuple[str, str] | None:
    try:
        found = netrc.netrc().hosts.get(host)
    except (OSError, netrc.NetrcParseError):
        return None
    return (quote(found[0]), quote(found[2])) if found else None


def _refusal(error: HTTPError, where: str) -> MovieCError:
    """Say what an answer that is no success means."""
    said = f"{error.code} {error.reason}".splitlines()[0]
    error.close()
    if error.code in (404, 410):
        return UsageError(f"no such file ({said})", where)
    if error.code in (401, 403, 407):
        return SourceError(
            f"access refused ({said})", where, "see docs/settings.md for names, passwords and headers"
        )
    if error.code in (408, 425, 429) or error.code >= 500:
        asked = error.headers.get("Retry-After", "")
        return TransportError(
            f"cannot be fetched ({said})", where, after=float(asked) if asked.isdigit() else 0
        )
    return SourceError(f"cannot be fetched ({said})", where)
