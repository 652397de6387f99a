"""What changed, in order: the change log by pages and as a stream, and the webhooks that it is sent to."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from litestar import Request, delete, get, post
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.connect import writing
from moviec.catalog.queries import changes_after, head
from moviec.catalog.webhooks import (
    Filter,
    create_webhook,
    delete_webhook,
    deliveries_to,
    note_sent,
    webhook_of,
    webhooks_of,
)
from moviec.errors import UsageError
from moviec.web import schemas as shapes
from moviec.web.callers import Caller, of_open_internet, unauthorized
from moviec.web.change_follower import passed
from moviec.web.errors import Problem, not_found
from moviec.web.lookups import LARGEST
from moviec.web.params import ChangesQuery, StreamQuery, query_of
from moviec.web.responses import answer, respond
from moviec.web.routes.docs import gives
from moviec.web.routes.lists import genres_of
from moviec.web.server_state import ServerState, caller_of, server_of

#: Entries sent at once, and seconds of silence after which a stream sends a keep-alive.
STEP, SILENCE = 500, 15.0

#: Fields of a film that a change can touch.
CHANGING = tuple(name for name in shapes.Movie.__struct_fields__ if name not in ("id", "display_title"))

#: Seconds to resolve a webhook's host name when it is created.
LOOKUP = 3.0

#: Seconds between checks of a silent stream whether it must end.
LOOK = 1.0

Number = Annotated[int, PathParameter(ge=1, le=LARGEST)]


@get(
    "/v1/changes",
    responses=gives(shapes.Changes, 410),
    opt={"query": ChangesQuery},
    summary="Changes",
    tags=["changes"],
)
async def change_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Entries of the change log after a number, in order and without gaps."""
    params = query_of(request, ChangesQuery)

    def read(connection: sa.Connection) -> tuple[int, list[dict[str, Any]]]:
        return head(connection), changes_after(connection, params.after, params.limit)

    newest, items = await server_of(request).read(read)
    if not items and params.after > newest:
        raise _beyond(params.after, newest)
    last = items[-1]["number"] if items else params.after
    return respond(request, answer({"items": items, "last": last, "head": max(newest, last if items else 0)}))


@get("/v1/changes/stream", responses=gives(shapes.ChangeEvent, 410, media="text/event-stream"), opt={"query": StreamQuery}, summary="Changes as they come", tags=["changes"])  # fmt: skip
async def change_stream(request: Request[Any, Any, Any]) -> Stream:
    """Server-sent events, one per entry, from now on or after a number (`after`, or Last-Event-ID when connecting again)."""
    server, after = server_of(request), query_of(request, StreamQuery).after
    given = request.headers.get("last-event-id", "")
    if given.isdecimal() and len(given) < 10:
        after = int(given)
    begin = server.follower.position if after is None else after
    if begin > server.follower.position and begin > (newest := await server.read(head)):
        raise _beyond(begin, newest)
    caller = caller_of(request)
    server.open.check_streams(caller.counted)
    return Stream(
        _events(server, begin, caller), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


def _beyond(after: int, newest: int) -> Problem:
    """Raise a Problem for a follower ahead of the log: the catalogue was restored to an earlier state."""
    return Problem(
        410,
        f"the change log ends at {newest:,}, before {after:,}: the catalogue was restored; follow it again from 0",
        "beyond_the_log",
        {"head": newest},
    )


async def _events(server: ServerState, after: int, caller: Caller) -> AsyncIterator[bytes]:
    """Yield the stream's messages until the server stops or the caller's key is no longer in force."""
    with server.open.stream(caller.counted, caller.key.number if caller.key else None) as stream:
        yield b": connected\n\n"
        while not (server.follower.stopping or stream.ended):
            moved = server.follower.moved
            items = await server.read(partial(changes_after, after=after, limit=STEP))
            for item in items:
                after = item["number"]
                yield b"id: %d\nevent: change\ndata: %b\n\n" % (after, msgspec.json.encode(item))
            if not items:
                waited = 0.0
                while not (await passed(moved, LOOK) or stream.ended or waited >= SILENCE):
                    waited += LOOK
                if waited >= SILENCE:
                    yield b": still here\n\n"


@post(
    "/v1/webhooks",
    responses=gives(shapes.Webhook, 409, 422, status=201),
    summary="Make a webhook",
    tags=["changes"],
)
async def new_webhook(request: Request[Any, Any, Any], data: JSONBody[shapes.NewWebhook]) -> ASGIResponse:
    """Have changes sent to an address from now on. The secret of the signature is shown this once."""
    account = _account(request)
    wanted = None if data.filter is None else msgspec.convert(msgspec.to_builtins(data.filter), Filter)
    server = server_of(request)
    await _refuse_wrong(server, data)
    try:
        key = await asyncio.to_thread(server.home.signing_key)
        made = await asyncio.to_thread(create_webhook, server.catalogue, key, account, data.url, wanted)
    except UsageError as error:
        raise Problem(409, str(error)) from error
    shown = {name: value for name, value in made.items() if name in shapes.Webhook.__struct_fields__}
    return respond(request, answer(shown), 201)


async def _refuse_wrong(server: ServerState, data: shapes.NewWebhook) -> None:
    """Raise Problem (422) for a webhook to which nothing could ever be sent, or whose filter nothing passes."""
    if reason := await _why_not_there(server, data.url):
        raise _wrong_field("url", reason)
    if data.filter is None:
        return
    if unknown := [name for name in data.filter.fields if name not in CHANGING]:
        raise _wrong_field(
            "filter.fields", f"no film has a field '{unknown[0]}'; there are {', '.join(CHANGING)}"
        )
    if data.filter.genres:
        known = {genre.id for genre in await genres_of(server)}
        if absent := [number for number in data.filter.genres if number not in known]:
            raise _wrong_field("filter.genres", f"there is no genre {absent[0]}; /v1/genres lists them")


async def _why_not_there(server: ServerState, url: str) -> str:
    """Return why nothing could be sent to an address, "" if it could.

    Its name is looked up at each delivery, too; one that cannot be resolved in time is accepted.
    """
    if server.home.settings.webhooks_private:
        return ""
    host = urlsplit(url).hostname or ""
    if _is_inside(host):
        return f"{host} is not a public internet address, and nothing is sent there; see webhooks_private in docs/settings.md"
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(server.at_length(lambda: server.workbench.refusal(url)), LOOKUP)
    return ""


def _is_inside(host: str) -> bool:
    """Return whether a host is a private address, or this machine's own name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.replace(".", "").isdecimal()  # an address in another notation
    return not of_open_internet(host)


def _wrong_field(name: str, reason: str) -> Problem:
    details = [{"name": name, "reason": reason, "in": "body"}]
    return Problem(422, f"{name}: {reason}", details=details)


@get(
    "/v1/webhooks",
    responses=gives(shapes.Webhooks),
    summary="List webhooks",
    tags=["changes"],
)
async def webhook_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The account's webhooks."""
    items = await asyncio.to_thread(webhooks_of, server_of(request).catalogue, _account(request))
    return respond(request, answer({"items": items}))


@delete("/v1/webhooks/{number:int}", responses=gives(shapes.Done, 404), status_code=200, summary="Delete a webhook", tags=["changes"])  # fmt: skip
async def end_webhook(request: Request[Any, Any, Any], number: Number) -> ASGIResponse:
    """Have nothing sent there any longer."""
    if not await asyncio.to_thread(delete_webhook, server_of(request).catalogue, _account(request), number):
        raise not_found(f"there is no webhook {number}")
    return respond(request, answer({"done": True}))


@post("/v1/webhooks/{number:int}/ping", responses=gives(shapes.WebhookDelivery, 404), status_code=200, summary="Ping a webhook", tags=["changes"])  # fmt: skip
async def ping_webhook(request: Request[Any, Any, Any], number: Number) -> ASGIResponse:
    """Send a signed body without changes now, and tell what became of it."""
    server = server_of(request)
    hook = await asyncio.to_thread(webhook_of, server.catalogue, _account(request), number)
    if hook is None:
        raise not_found(f"there is no webhook {number}")
    sent = await server.at_length(lambda: server.workbench.ping(hook))

    def note() -> dict[str, Any]:
        with writing(server.catalogue, beside=True) as connection:
            return note_sent(connection, number, sent)

    return respond(request, answer(_delivery(await asyncio.to_thread(note))))


@get("/v1/webhooks/{number:int}/deliveries", responses=gives(shapes.WebhookDeliveries, 404), summary="What a webhook was sent", tags=["changes"])  # fmt: skip
async def webhook_sent(request: Request[Any, Any, Any], number: Number) -> ASGIResponse:
    """The last hundred deliveries, the newest first, and whether each arrived."""
    server = server_of(request)
    if await asyncio.to_thread(webhook_of, server.catalogue, _account(request), number) is None:
        raise not_found(f"there is no webhook {number}")
    rows = await asyncio.to_thread(deliveries_to, server.catalogue, number)
    return respond(request, answer({"items": [_delivery(row) for row in rows]}))


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in shapes.WebhookDelivery.__struct_fields__}


def _account(request: Request[Any, Any, Any]) -> str:
    key = caller_of(request).key
    if key is None:
        raise unauthorized("webhooks belong to an account: this takes an API key")
    return key.account


ROUTES: list[ControllerRouterHandler] = [
    change_list,
    change_stream,
    new_webhook,
    webhook_list,
    end_webhook,
    ping_webhook,
    webhook_sent,
]
