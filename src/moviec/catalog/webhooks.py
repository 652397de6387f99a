"""Webhooks: where an account wants changes sent. Sending them is a follower's work; here they are only kept."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.queries import head
from moviec.catalog.schema.serving import webhooks
from moviec.errors import UsageError

#: Webhooks an account may have.
MOST = 20


def create_webhook(catalogue: sa.Engine, account: str, url: str) -> dict[str, Any]:
    """Make a webhook for what changes from now on; the secret for the signature is given this once.

    Raises UsageError where the account has as many as it may.
    """
    with catalogue.begin() as connection:
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
    """Delete one of an account's webhooks; say whether there was one."""
    where = sa.and_(webhooks.c.account == account, webhooks.c.number == number)
    with catalogue.begin() as connection:
        return bool(connection.execute(sa.delete(webhooks).where(where)).rowcount)
