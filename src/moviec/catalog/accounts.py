"""Accounts, their API keys and their use by day. A key is shown once; only its SHA-256 is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.prepared_statements import Reader
from moviec.catalog.schema.serving import accounts, keys, usage
from moviec.errors import UsageError
from moviec.spelling import fault_of_name

#: The account of keys created without one.
DEFAULT = "default"

Scope = Literal["read", "admin"]


class Key(msgspec.Struct, frozen=True):
    """A key in force: its number, account, name, first letters, scope, and requests a minute."""

    number: int
    account: str
    name: str
    prefix: str
    scope: str
    per_minute: int


class NewKey(msgspec.Struct, frozen=True):
    """The properties of a new key."""

    name: str
    account: str = DEFAULT
    scope: Scope = "read"
    per_minute: int = 600


class Keys:
    """Finds the key that a caller shows; usable from any thread."""

    def __init__(self, reader: Reader) -> None:
        """Compile the look-up."""
        named = (keys.c.number, keys.c.account, keys.c.name, keys.c.prefix, keys.c.scope, keys.c.per_minute)
        in_force = (
            sa.select(keys.c.hash, *named)
            .join(accounts, accounts.c.name == keys.c.account)
            .where(keys.c.revoked_at.is_(None), accounts.c.disabled_at.is_(None))
        )
        self._find = reader.prepare(in_force.where(keys.c.hash == sa.bindparam("hash")))
        self._numbered = reader.prepare(in_force.where(keys.c.number == sa.bindparam("number")))

    def find(self, digest: str) -> Key | None:
        """Return the key whose SHA-256 this is; None where it is unknown, revoked or its account is disabled."""
        for stored, *values in self._find(hash=digest):
            if hmac.compare_digest(stored, digest):
                return Key(*values)
        return None

    def numbered(self, number: int) -> tuple[Key, str] | None:
        """Return the key of a number and its SHA-256; None where it is unknown, revoked or its account is disabled."""
        for stored, *values in self._numbered(number=number):
            return Key(*values), stored
        return None


def plain_name(text: str, where: str) -> str:
    """Return a name without surrounding blanks; raises UsageError, with `where`, if it is not valid."""
    if fault := fault_of_name(text):
        raise UsageError(fault, where, "write a name on one line")
    return text.strip()


def digest(key: str) -> str:
    """Return the SHA-256 of a key, as stored."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def create_account(catalogue: sa.Engine, name: str) -> None:
    """Create an account. Raises UsageError where it exists, or the name is invalid."""
    name = plain_name(name, "account")
    with writing(catalogue, beside=True) as connection:
        if not _add_account(connection, name):
            raise UsageError("this account exists already", name, "choose another name")


def list_accounts(catalogue: sa.Engine) -> list[dict[str, Any]]:
    """List accounts: name, created_at, disabled_at, keys (in force)."""
    living = sa.select(sa.func.count()).where(keys.c.account == accounts.c.name, keys.c.revoked_at.is_(None))
    query = sa.select(accounts, living.scalar_subquery().label("keys")).order_by(accounts.c.name)
    with catalogue.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def disable_account(catalogue: sa.Engine, name: str) -> None:
    """Disable an account: its keys are refused from now on. Raises UsageError for an unknown one."""
    with writing(catalogue, beside=True) as connection:
        query = sa.update(accounts).where(accounts.c.name == name).values(disabled_at=now())
        if not connection.execute(query).rowcount:
            raise UsageError("no such account", name, "see `moviec accounts list`")


def create_key(catalogue: sa.Engine, wanted: NewKey) -> tuple[str, int]:
    """Create a key; return it (it is not kept) and its number. Raises UsageError for an unknown account or an invalid name."""
    wanted = msgspec.structs.replace(wanted, name=plain_name(wanted.name, "key"))
    key = "mc_" + secrets.token_urlsafe(32)
    with writing(catalogue, beside=True) as connection:
        if wanted.account == DEFAULT:
            _add_account(connection, DEFAULT)
        elif not connection.scalar(sa.select(accounts.c.name).where(accounts.c.name == wanted.account)):
            raise UsageError("no such account", wanted.account, "create it with `moviec accounts create`")
        row = {
            **msgspec.structs.asdict(wanted),
            "hash": digest(key),
            "prefix": key[:8],
            "created_at": now(),
        }
        number = connection.execute(sa.insert(keys).values(row)).inserted_primary_key
    assert number is not None  # noqa: S101  an insert of one row always returns its key
    return key, int(number[0])


def list_keys(catalogue: sa.Engine) -> list[dict[str, Any]]:
    """List keys without their hashes: number, account, name, prefix, scope, per_minute, created_at, revoked_at."""
    shown = [column for column in keys.c if column.name != "hash"]
    with catalogue.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(*shown).order_by(keys.c.number)).mappings()]


def revoke_key(catalogue: sa.Engine, number: int) -> None:
    """Revoke a key permanently. Raises UsageError for an unknown one."""
    with writing(catalogue, beside=True) as connection:
        known = connection.scalar(sa.select(keys.c.number).where(keys.c.number == number))
        if known is None:
            raise UsageError("no such key", str(number), "see `moviec keys list`")
        open_ = sa.and_(keys.c.number == number, keys.c.revoked_at.is_(None))
        connection.execute(sa.update(keys).where(open_).values(revoked_at=now()))


def add_usage(catalogue: sa.Engine, counts: Mapping[tuple[int, str], tuple[int, int]]) -> None:
    """Add requests and refusals to the counts by (key, day): one transaction for a batch of requests."""
    if not counts:
        return
    with catalogue.begin() as connection:
        for (key, day), (requests, refused) in sorted(counts.items()):
            more = {
                "requests": usage.c.requests + requests,
                "refused": usage.c.refused + refused,
            }
            insert = _insert(catalogue)(usage).values(key=key, day=day, requests=requests, refused=refused)
            connection.execute(insert.on_conflict_do_update(index_elements=["key", "day"], set_=more))


def usage_of(catalogue: sa.Engine, key: int, days: int = 90) -> list[dict[str, Any]]:
    """List a key's use by day, latest first: day, requests, refused."""
    query = (
        sa.select(usage.c.day, usage.c.requests, usage.c.refused)
        .where(usage.c.key == key)
        .order_by(usage.c.day.desc())
        .limit(days)
    )
    with catalogue.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def now() -> str:
    """Return the current time as the catalogue stores times: UTC, ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat()


def _add_account(connection: sa.Connection, name: str) -> bool:
    insert = _insert(connection.engine)(accounts).values(name=name, created_at=now())
    return bool(connection.execute(insert.on_conflict_do_nothing(index_elements=["name"])).rowcount)


def _insert(catalogue: sa.Engine) -> Any:
    """Return the dialect's own INSERT: both databases have ON CONFLICT, Core's generic INSERT does not."""
    from sqlalchemy.dialects import postgresql, sqlite

    return sqlite.insert if catalogue.dialect.name == "sqlite" else postgresql.insert
