"""Webhooks: where an account wants changes sent, how far that has come, and how what is sent is signed.

Sending is a follower's work (moviec.jobs.webhooks).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.queries import head
from moviec.catalog.schema.serving import accounts, webhooks
from moviec.errors import UsageError

#: Webhooks an account may have.
MOST = 20

#: Seconds after which a receiver should take a signed body for a replay.
WINDOW = 300.0


def create_webhook(catalogue: sa.Engine, account: str, url: str) -> dict[str, Any]:
    """Make a webhook for what changes from now on; the secret for the signature is given this once.

    Raises UsageError where the account has as many as it may.
    """
    with writing(catalogue, beside=True) as connection:
        count = sa.select(sa.func.count()).where(webhooks.c.account == account)
        if (connection.scalar(count) or 0) >= MOST:
            raise UsageError(f"an account may have {MOST} webhooks", account, "delete one first")
        row = {
            "account": account,
            "url": url,
            "secret": "whsec_" + secrets.token_urlsafe(24),
            "state": "active",
            "position": head(connection),
            "failed": 0,
            "created_at": now(),
        }
        made = connection.execute(sa.insert(webhooks).values(row)).inserted_primary_key
    return {"id": int(made[0]) if made else 0, **row}


def webhooks_of(catalogue: sa.Engine, account: str) -> list[dict[str, Any]]:
    """List an account's webhooks without their secrets."""
    shown = [
        webhooks.c.number.label("id"),
        *(webhooks.c[name] for name in ("url", "state", "position", "failed", "created_at")),
    ]
    query = sa.select(*shown).where(webhooks.c.account == account).order_by(webhooks.c.number)
    with catalogue.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def delete_webhook(catalogue: sa.Engine, account: str, number: int) -> bool:
    """Delete one of an account's webhooks; return whether there was one."""
    where = sa.and_(webhooks.c.account == account, webhooks.c.number == number)
    with writing(catalogue, beside=True) as connection:
        return bool(connection.execute(sa.delete(webhooks).where(where)).rowcount)


def due_webhooks(connection: sa.Connection, instant: str) -> list[dict[str, Any]]:
    """Return the webhooks that changes wait for and whose pause after a failure is over by then, as the table has them."""
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


def note_webhook(connection: sa.Connection, number: int, values: Mapping[str, Any]) -> None:
    """Set columns of a webhook: how far it has come, or what failed."""
    connection.execute(sa.update(webhooks).where(webhooks.c.number == number).values(dict(values)))


def signature(secret: str, at: int, body: bytes) -> str:
    """Sign a body sent at an instant (seconds since 1970): the value of the header MovieC-Signature."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_genuine(secret: str, given: str, body: bytes, now: float, window: float = WINDOW) -> bool:
    """Say, as a receiver, whether a body was signed with our secret and sent no longer than the window ago.

    A repeat inside the window is recognised by the numbers of its changes.
    """
    parts = dict(part.partition("=")[::2] for part in given.split(","))
    at = parts.get("t", "")
    if not at.isdecimal() or len(at) > 12 or abs(now - int(at)) > window:
        return False
    return hmac.compare_digest(signature(secret, int(at), body), f"t={at},v1={parts.get('v1', '')}")
