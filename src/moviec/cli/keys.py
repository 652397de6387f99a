"""`moviec accounts`, `moviec keys` and `moviec webhooks`: who may use the API, and who is notified of changes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from moviec.catalog import accounts as book
from moviec.catalog.connect import connect
from moviec.catalog.webhooks import all_webhooks, rotate_secret
from moviec.cli.console import HomeOption, JsonOption, print_json, print_table
from moviec.config import open_home
from moviec.errors import UsageError

accounts = typer.Typer(no_args_is_help=True, help="Accounts: create, list, disable.")
keys = typer.Typer(no_args_is_help=True, help="API keys: create, list, revoke.")
webhooks = typer.Typer(no_args_is_help=True, help="Webhooks: list, rotate. The API creates them.")


class Scope(StrEnum):
    """What a key may do."""

    read = "read"
    admin = "admin"


@accounts.command("create")
def create_account(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Create an account."""
    with _catalogue(home) as catalogue:
        book.create_account(catalogue, name)
    print(f"account {name} created; `moviec keys create --account {name}` creates a key for it")


@accounts.command("list")
def list_accounts(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the accounts."""
    with _catalogue(home) as catalogue:
        rows = book.list_accounts(catalogue)
    if as_json:
        print_json(rows)
        return
    shown = [
        (row["name"], str(row["keys"]), row["created_at"][:10], row["disabled_at"] or "–") for row in rows
    ]
    print_table("Accounts", ("account", "keys", "created", "disabled"), shown)


@accounts.command("disable")
def disable_account(name: Annotated[str, typer.Argument(help="Its name.")], home: HomeOption = None) -> None:
    """Disable an account: its keys are refused from now on."""
    with _catalogue(home) as catalogue:
        book.disable_account(catalogue, name)
    print(f"account {name} is disabled: its keys are refused within a second")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")] = "key",
    account: Annotated[str, typer.Option(help="The account it belongs to.")] = book.DEFAULT,
    scope: Annotated[Scope, typer.Option(help="An admin key may also change things.")] = Scope.read,
    limit: Annotated[str, typer.Option(help="Requests: N/minute.")] = "600/minute",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a key. It is shown only now: only its hash is stored."""
    wanted = book.NewKey(name, account, scope.value, _per_minute(limit))
    with _catalogue(home) as catalogue:
        key, number = book.create_key(catalogue, wanted)
    if as_json:
        print_json({"number": number, "key": key})
    else:
        print(key)


@keys.command("list")
def list_keys(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the keys, by their first letters."""
    with _catalogue(home) as catalogue:
        rows = book.list_keys(catalogue)
    if as_json:
        print_json(rows)
        return
    columns = ("number", "account", "name", "prefix", "scope", "per_minute", "created_at", "revoked_at")
    print_table("Keys", columns, [tuple(str(row[name] or "–") for name in columns) for row in rows])


@keys.command("revoke")
def revoke_key(number: Annotated[int, typer.Argument(help="Its number; see `moviec keys list`.")], home: HomeOption = None) -> None:  # fmt: skip
    """Revoke a key permanently."""
    with _catalogue(home) as catalogue:
        book.revoke_key(catalogue, number)
    print(f"key {number} is revoked: it is refused within a second")


@webhooks.command("list")
def list_webhooks(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the webhooks of all accounts."""
    with _catalogue(home) as catalogue, catalogue.connect() as connection:
        rows = all_webhooks(connection)
    if as_json:
        print_json(rows)
        return
    columns = ("webhook", "account", "url", "state", "failed", "secret")
    shown = [
        (str(row["id"]), row["account"], row["url"], row["state"], str(row["failed"]), "in the database" if row["plain"] else "derived")
        for row in rows
    ]  # fmt: skip
    print_table("Webhooks", columns, shown)


@webhooks.command("rotate")
def rotate_webhook(
    number: Annotated[int, typer.Argument(help="Its number; see `moviec webhooks list`.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a webhook a new secret, which signs from the next request on. It is shown only now: tell the receiver."""
    place = open_home(home)
    with _catalogue(home) as catalogue:
        secret = rotate_secret(catalogue, place.signing_key(), number)
    if as_json:
        print_json({"id": number, "secret": secret})
    else:
        print(secret)


@contextlib.contextmanager
def _catalogue(home: Path | None) -> Iterator[sa.Engine]:
    place = open_home(home)
    catalogue = connect(place.catalogue, place.settings.patience)
    try:
        yield catalogue
    finally:
        catalogue.dispose()


def _per_minute(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,8})(?:/minute)?", text)
    if not found:
        raise UsageError(f"'{text}' is not a limit", "--limit", "write it like 600/minute")
    return int(found[1])
