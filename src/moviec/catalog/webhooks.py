"""Webhooks: where an account wants changes sent, how far sending has come, and how requests are signed.

Sending is a follower's work (moviec.jobs.webhook_sender).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.queries import head
from moviec.catalog.schema.movies import movie_genres
from moviec.catalog.schema.serving import accounts, documents, webhook_deliveries, webhooks
from moviec.errors import UsageError

#: Webhooks an account may have.
MOST = 20

#: Seconds after which a receiver should treat a signed body as a replay.
WINDOW = 300.0

#: Prefix of what is stored of a derived secret.
_DERIVED = "derived:"


#: Sent requests listed for each webhook.
LISTED = 100


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which changes are sent: of these kinds, of films with one of these genres, and that touch one of these fields.

    Empty is any. All fields of a created or removed film count as touched; a removed film passes any filter by genre.
    """

    fields: tuple[str, ...] = ()
    genres: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to a webhook: "changes" from `first` to `last`, or a "ping"; `error` where it did not arrive."""

    kind: str
    changes: int
    ms: int
    first: int | None = None
    last: int | None = None
    error: str | None = None


def create_webhook(
    catalogue: sa.Engine, key: bytes, account: str, url: str, wanted: Filter | None = None
) -> dict[str, Any]:
    """Create a webhook for changes from now on; the secret for the signature is returned only here.

    The database stores only what the secret is derived from with the home's `key`. Raises UsageError at the limit of
    webhooks per account.
    """
    with writing(catalogue, beside=True) as connection:
        count = sa.select(sa.func.count()).where(webhooks.c.account == account)
        if (connection.scalar(count) or 0) >= MOST:
            raise UsageError(f"an account may have {MOST} webhooks", account, "delete one first")
        row = {
            "account": account,
            "url": url,
            "secret": _DERIVED + secrets.token_urlsafe(24),
            "state": "active",
            "position": head(connection),
            "failed": 0,
            "created_at": now(),
            "filter": msgspec.json.encode(wanted).decode() if wanted else None,
        }
        made = connection.execute(sa.insert(webhooks).values(row)).inserted_primary_key
    shown = {"secret": secret_of(str(row["secret"]), key), "filter": wanted}
    return {"id": int(made[0]) if made else 0, **row, **shown}


def rotate_secret(catalogue: sa.Engine, key: bytes, number: int) -> str:
    """Give a webhook a new secret, derived with the home's `key`, and return it; from then on only that one signs.

    Raises UsageError where there is no such webhook.
    """
    kept = _DERIVED + secrets.token_urlsafe(24)
    with writing(catalogue, beside=True) as connection:
        if not note_webhook(connection, number, {"secret": kept}):
            raise UsageError("there is no such webhook", str(number), "see `moviec webhooks list`")
    return secret_of(kept, key)


def all_webhooks(connection: sa.Connection) -> list[dict[str, Any]]:
    """List the webhooks of all accounts; `plain`: the database holds the secret itself, as before 0.2."""
    rows = connection.execute(sa.select(webhooks).order_by(webhooks.c.number)).mappings()
    shown = ("account", "url", "state", "position", "failed", "created_at")
    return [
        {
            "id": row["number"],
            **{name: row[name] for name in shown},
            "plain": not row["secret"].startswith(_DERIVED),
        }
        for row in rows
    ]


def secret_of(kept: str, key: bytes) -> str:
    """Return the secret of a webhook from what the database stores; before secrets were derived, it stored the secret
    itself.
    """
    if not kept.startswith(_DERIVED):
        return kept
    digest = hmac.new(key, b"webhook " + kept.encode(), hashlib.sha256).digest()
    return "whsec_" + base64.urlsafe_b64encode(digest[:24]).decode()


def webhooks_of(catalogue: sa.Engine, account: str) -> list[dict[str, Any]]:
    """List an account's webhooks without their secrets."""
    shown = [
        webhooks.c.number.label("id"),
        *(webhooks.c[name] for name in ("url", "state", "position", "failed", "created_at", "filter")),
    ]
    query = sa.select(*shown).where(webhooks.c.account == account).order_by(webhooks.c.number)
    with catalogue.connect() as connection:
        return [{**row, "filter": filter_of(row["filter"])} for row in connection.execute(query).mappings()]


def filter_of(text: str | None) -> Filter | None:
    """Read a webhook's filter."""
    return msgspec.json.decode(text, type=Filter) if text else None


def webhook_of(catalogue: sa.Engine, account: str, number: int) -> dict[str, Any] | None:
    """Return one of an account's webhooks as stored, with what its secret is derived from; None for an unknown one."""
    query = sa.select(webhooks).where(webhooks.c.account == account, webhooks.c.number == number)
    with catalogue.connect() as connection:
        row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def note_sent(connection: sa.Connection, webhook: int, sent: Sent) -> dict[str, Any]:
    """Record what was sent to a webhook, and drop all but the last hundred entries."""
    table = webhook_deliveries
    row = {"webhook": webhook, "at": now(), **msgspec.structs.asdict(sent)}
    made = connection.execute(sa.insert(table).values(row)).inserted_primary_key
    oldest = (
        sa.select(table.c.number).where(table.c.webhook == webhook).order_by(table.c.number.desc())
        .offset(LISTED).limit(1).scalar_subquery()
    )  # fmt: skip
    connection.execute(sa.delete(table).where(table.c.webhook == webhook, table.c.number <= oldest))
    return {"number": int(made[0]) if made else 0, **row}


def deliveries_to(catalogue: sa.Engine, webhook: int) -> list[dict[str, Any]]:
    """List what was sent to a webhook, the newest first."""
    table = webhook_deliveries
    query = sa.select(table).where(table.c.webhook == webhook).order_by(table.c.number.desc())
    with catalogue.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def wanted_changes(
    connection: sa.Connection, wanted: Filter | None, items: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Keep the entries of the change log that a filter lets through."""
    if wanted is None or wanted == Filter():
        return list(items)
    genres = _genres_of(connection, [int(item["id"][2:]) for item in items]) if wanted.genres else {}
    return [item for item in items if _is_wanted(wanted, item, genres)]


def _is_wanted(wanted: Filter, item: Mapping[str, Any], genres: Mapping[int, set[int]]) -> bool:
    if wanted.kinds and item["kind"] not in wanted.kinds:
        return False
    if wanted.fields and item["kind"] == "updated":
        touched = msgspec.json.decode(item["fields"], type=dict[str, msgspec.Raw])
        if not touched.keys() & set(wanted.fields):
            return False
    known = genres.get(int(item["id"][2:]))
    return not wanted.genres or known is None or bool(known & set(wanted.genres))


def _genres_of(connection: sa.Connection, movies: Sequence[int]) -> dict[int, set[int]]:
    """Return the genres of the films that are shown."""
    shown = sa.select(documents.c.movie).where(documents.c.movie.in_(movies))
    found: dict[int, set[int]] = {movie: set() for movie in connection.scalars(shown)}
    query = sa.select(movie_genres.c.movie, movie_genres.c.genre).where(movie_genres.c.movie.in_(movies))
    for row in connection.execute(query):
        found.setdefault(row.movie, set()).add(row.genre)
    return found


def delete_webhook(catalogue: sa.Engine, account: str, number: int) -> bool:
    """Delete one of an account's webhooks; return whether there was one."""
    where = sa.and_(webhooks.c.account == account, webhooks.c.number == number)
    with writing(catalogue, beside=True) as connection:
        if connection.scalar(sa.select(webhooks.c.number).where(where)) is None:
            return False
        connection.execute(sa.delete(webhook_deliveries).where(webhook_deliveries.c.webhook == number))
        return bool(connection.execute(sa.delete(webhooks).where(where)).rowcount)


def due_webhooks(connection: sa.Connection, instant: str) -> list[dict[str, Any]]:
    """Return the webhooks for which changes wait and whose pause after a failure is over by then, as stored."""
    query = (
        sa.select(webhooks)
        .join(accounts, accounts.c.name == webhooks.c.account)
        .where(
            webhooks.c.state == "active",
            webhooks.c.position < head(connection),
            accounts.c.disabled_at.is_(None),
            sa.or_(webhooks.c.retry_at.is_(None), webhooks.c.retry_at <= instant),
        )
        .order_by(webhooks.c.number)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def note_webhook(connection: sa.Connection, number: int, values: Mapping[str, Any]) -> bool:
    """Set columns of a webhook: how far it has come, or what failed; return whether it still exists."""
    done = connection.execute(sa.update(webhooks).where(webhooks.c.number == number).values(dict(values)))
    return bool(done.rowcount)


def signature(secret: str, at: int, body: bytes) -> str:
    """Sign a body sent at an instant (seconds since 1970): the value of the header MovieC-Signature."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_genuine(secret: str, given: str, body: bytes, now: float, window: float = WINDOW) -> bool:
    """Return, as a receiver would check, whether a body was signed with our secret and sent no longer than the window
    ago.

    A repeat inside the window is recognised by the numbers of its changes.
    """
    parts = dict(part.partition("=")[::2] for part in given.split(","))
    at = parts.get("t", "")
    if not at.isdecimal() or len(at) > 12 or abs(now - int(at)) > window:
        return False
    return hmac.compare_digest(signature(secret, int(at), body), f"t={at},v1={parts.get('v1', '')}")
