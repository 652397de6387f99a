"""Settings: places and limits, from `moviec.toml` in the home folder and MOVIEC_… ."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs

from moviec.bounds import DEFAULT, SERVING, Bounds, Serving
from moviec.decoding import decodable, plain
from moviec.errors import UsageError

_MEMORY = re.compile("[0-9]+([.][0-9]+)? ?[KMGT]i?B", re.IGNORECASE)


_KEY = re.compile("MOVIEC_([A-Z0-9_]+)_KEY")

#: Which raw payloads are kept: all, those of the last deliveries, those of some days.
KEEP_RAW = re.compile(r"all|last ([1-9]\d{0,3})|([1-9]\d{0,4}) days")


def private(path: str, flags: int) -> int:
    """Open a file, readable only by its owner if it is new."""
    return os.open(path, flags, 0o600)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


class Downloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a provider publishes a delivery's files, and the most bytes that one of them may have."""

    urls: tuple[str, ...] = ()
    max_bytes: int = 5_000_000_000


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source's settings: where its deliveries are if no place is given, and how to access them.

    `cron` replaces the one in the source's facts, "" means never, and up to `jitter` minutes are added to it; `options`
    override `[remote.KIND]`; `download` replaces the addresses in the source's facts.
    For an online source: `online` lets the schedule query it, `key` is its key (MOVIEC_NAME_KEY
    in the environment takes precedence), `base` replaces its address, `rate` is its requests per second, `allowance`
    those per day, and `most` the most ids of a round.
    `videos` is the folder (local, s3://, sftp:// or https://) of the video files that a user's own list names as
    trailers; `poster_base` precedes the paths of a source's pictures, replacing the one in its facts.
    An `inbox` is a folder (local, sftp:// or s3://) that is checked for new files; one that has not changed for
    `settle` seconds is complete.
    """

    path: str = ""
    online: bool = False
    key: str = ""
    base: str = ""
    rate: float | None = None
    allowance: int | None = None
    most: int | None = None
    videos: str = ""
    poster_base: str = ""
    inbox: str = ""
    settle: int = 30
    jitter: int = 0
    download: Downloads | None = None
    cron: str | None = None
    options: dict[str, Any] = {}


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is alerted when something needs attention: a `webhook`'s address, or a `mail` address through the server
    `smtp`.

    `smtp` is smtp://name:password@host:587 (encrypted if the server supports it, always with a password) or smtps://…;
    MOVIEC_SMTP in the environment takes precedence. `sender` is the sender's address, by default the recipient's.
    """

    webhook: str = ""
    mail: str = ""
    smtp: str = ""
    sender: str = ""

    def __post_init__(self) -> None:
        """Reject settings by which no alert could be sent."""
        if self.webhook and not self.webhook.startswith(("https://", "http://")):
            raise ValueError("alerts.webhook: must begin with https:// or http://")
        if self.smtp and not self.smtp.startswith(("smtp://", "smtps://")):
            raise ValueError("alerts.smtp: write it like smtp://name:password@host:587")

    @property
    def wanted(self) -> bool:
        """Return whether alerts have a receiver."""
        return bool(self.webhook or (self.mail and self.smtp))


@decodable
class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings with their defaults; empty `lake` and `catalogue` mean inside the home folder.

    `threads` 0 is every core; `memory` is as DuckDB writes it. `most_rejected` is the share of a delivery's rows
    beyond which rejected ones need attention. A run waits `patience` seconds for another one to end.
    Kept are raw payloads (`keep_raw`: "all", of the "last N" deliveries of each source, or of "N days"), superseded
    records and runs for `keep_history` days; more than `compact_after` batches of a source become one. `fields` holds other
    rules for single fields; `remote` holds options by kind of address (s3, sftp, https); `bounds` limits
    delivered files, `serving` a caller's share of a server, `alerts` says who
    is alerted when something needs attention.
    Serving: `anonymous` admits callers without a key, `anonymous_limit` requests a minute from each address; `proxies`
    are the addresses or networks (separated by spaces) whose X-Forwarded-For is trusted; several servers count requests
    together in `redis`; a proxy serves MovieC under the path `prefix`; pages of the origins in
    `cors` (separated by spaces, `*` any) may read the API; a server caches up to `cache_mb`, and is not
    ready while it is more than `most_lag` changes behind; it logs to the file `log`, if any, and shows
    `notice` on every page. `/metrics` is served to private addresses and to admin keys
    (`metrics` "inside"), to everyone ("open") or to nobody ("off"). Secrets of webhooks are derived from `secret`.
    An admin's request ingests only from below the places `ingest_from` (separated by spaces), or from a source's own.
    `webhooks_private` lets webhooks, and `fetch_private` what is fetched over the web, reach private and loopback
    addresses. A worker fetches up to `posters` pictures an hour, none for 0. What is published is `public`: nothing of
    sources whose licence does not allow passing it on. `contact` is the operator's contact address for providers, sent with every request.
    """

    lake: str = ""
    catalogue: str = ""
    threads: int = 0
    memory: str = "2GB"
    most_rejected: float = 0.01
    patience: int = 600
    keep_raw: str = "all"
    keep_history: int = 365
    compact_after: int = 50
    anonymous: bool = False
    anonymous_limit: int = 120
    proxies: str = ""
    redis: str = ""
    prefix: str = ""
    cors: str = "*"
    cache_mb: int = 64
    most_lag: int = 10_000
    ingest_from: str = ""
    secret: str = ""
    metrics: Literal["inside", "open", "off"] = "inside"
    log: str = ""
    notice: str = ""
    fields: dict[str, dict[str, Any]] = {}
    webhooks_private: bool = False
    fetch_private: bool = False
    posters: int = 0
    public: bool = False
    contact: str = ""
    sources: dict[str, SourceSettings] = {}
    remote: dict[str, dict[str, Any]] = {}
    bounds: Bounds = DEFAULT
    serving: Serving = SERVING
    alerts: Alerts = Alerts()

    def __post_init__(self) -> None:
        """Reject invalid settings; msgspec reports where."""
        held = {
            "threads: 0 for every core, else their number": self.threads >= 0,
            "memory: write it like 512MB or 4GB": bool(_MEMORY.fullmatch(self.memory)),
            "most_rejected: a share from 0 to 1": 0 <= self.most_rejected <= 1,
            "patience: seconds, from 0": self.patience >= 0,
            'keep_raw: write "all", "last 5" or "90 days"': bool(KEEP_RAW.fullmatch(self.keep_raw)),
            "keep_history: days, from 0": self.keep_history >= 0,
            "compact_after: batches, from 1": self.compact_after >= 1,
            "anonymous_limit: requests a minute, from 1": self.anonymous_limit >= 1,
            "proxies: addresses or networks such as 10.0.0.0/8": all(
                map(_is_network, self.proxies.replace(",", " ").split())
            ),
            "posters: pictures an hour, from 0": self.posters >= 0,
            "cache_mb: megabytes, from 0": self.cache_mb >= 0,
            "most_lag: changes, from 0": self.most_lag >= 0,
        }
        if wrong := [rule for rule, holds in held.items() if not holds]:
            raise ValueError(wrong[0])

    @property
    def path_prefix(self) -> str:
        """The `prefix` before every path: `/films`, or nothing."""
        inside = self.prefix.strip("/")
        return f"/{inside}" if inside else ""

    def options(self, url: str, source: str = "") -> dict[str, Any]:
        """Return the options for opening an address, for a source's delivery or else for the lake."""
        found, kind = self.sources.get(source), url.partition("://")[0]
        own = {"private": self.fetch_private, "contact": self.contact} if kind in ("http", "https") else {}
        return {**own, **self.remote.get(kind, {}), **(found.options if found else {})}


class Home(msgspec.Struct, frozen=True):
    """A home folder with its settings; `keys`: sources' keys from the environment (MOVIEC_NAME_KEY), by NAME."""

    folder: Path
    settings: Settings
    keys: Mapping[str, str] = {}

    def key_of(self, source: str) -> str:
        """Return a source's key: from the environment, else from the settings; empty if there is none."""
        mine = self.settings.sources.get(source)
        return self.keys.get(source.upper().replace("-", "_"), "") or (mine.key if mine else "")

    def signing_key(self) -> bytes:
        """Return the key that the secrets of webhooks are derived from: the setting `secret`, else the file
        `secret.key`, created once.

        Raises UsageError if the file is missing and cannot be created.
        """
        if self.settings.secret:
            return self.settings.secret.encode()
        path = self.folder / "secret.key"
        try:
            with contextlib.suppress(FileExistsError):
                made = secrets.token_bytes(32)
                part = self.folder / f".secret.{os.getpid()}.{secrets.token_hex(4)}"
                if not path.exists():
                    with open(part, "xb", opener=private) as file:
                        file.write(made)
                    try:
                        os.link(part, path)  # atomic, and the first process wins
                    finally:
                        part.unlink()
            return path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot be made or read ({error.strerror})", str(path), "or set `secret` (docs/settings.md)"
            ) from error

    @property
    def lake(self) -> str:
        """Where the lake is: a folder or an fsspec URL."""
        return self.settings.lake or str(self.folder / "lake")

    @property
    def search(self) -> Path:
        """This host's search index: a folder."""
        return self.folder / "search"

    @property
    def log(self) -> Path | None:
        """The file that servers log to; None for standard error."""
        return self.folder / self.settings.log if self.settings.log else None

    @property
    def catalogue(self) -> str:
        """The catalogue's database, as an SQLAlchemy URL."""
        place = str(self.folder / "catalogue.db").replace("%", "%25").replace("?", "%3F")
        return self.settings.catalogue or f"sqlite:///{place}"


class Running(msgspec.Struct, frozen=True):
    """Where a run's engine works: in this process, or by Spark on a master ("": as Spark's own settings say)."""

    spark: bool = False
    master: str = ""


def open_home(
    folder: Path | None = None, environment: Mapping[str, str] | None = None, make: bool = True
) -> Home:
    """Read the settings of a home folder (given, MOVIEC_HOME, or the platform's data folder) and `make` the folder.

    Raises UsageError for settings that cannot be read. `MOVIEC_LAKE`, `MOVIEC_MEMORY`, … override the file.
    """
    environment = os.environ if environment is None else environment
    chosen = folder or environment.get("MOVIEC_HOME") or platformdirs.user_data_path("moviec")
    home = Path(chosen).expanduser().resolve()
    path = home / "moviec.toml"
    given = _given(environment)
    try:
        if make:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)  # it contains keys, secrets and private lists
        known = msgspec.toml.decode(path.read_bytes()) if path.exists() else {}
        settings = msgspec.convert({**known, **given}, Settings, strict=False)
        if server := environment.get("MOVIEC_SMTP"):
            values = msgspec.structs.asdict(settings.alerts)
            settings = msgspec.structs.replace(settings, alerts=Alerts(**{**values, "smtp": server}))
        return Home(home, settings, _keys(environment))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        blamed = [f"MOVIEC_{name.upper()}" for name in given if name in str(error)]
        where = ", ".join(blamed) or str(path)
        raise UsageError(plain(error, Settings), where, "see docs/settings.md") from error
    except OSError as error:
        raise UsageError(
            f"cannot use this folder ({error.strerror})", str(home), "choose another --home"
        ) from error


def _keys(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of sources from the environment, by the source's name in capitals."""
    found = ((_KEY.fullmatch(name), value.strip()) for name, value in environment.items())
    return {match[1]: value for match, value in found if match and value}


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Read the settings from the environment."""
    names = [field.name for field in msgspec.structs.fields(Settings)]
    found = {name: environment.get(f"MOVIEC_{name.upper()}", "") for name in names}
    return {
        name: text
        for name, text in found.items()
        if text and name not in ("fields", "sources", "remote", "bounds", "serving", "alerts")
    }
