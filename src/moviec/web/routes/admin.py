"""What the command line does, with an admin key: accounts and keys here, the stages' work through the workbench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody, PathParameter
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog import accounts as book
from moviec.catalog.leases import last_runs
from moviec.errors import PayloadError, UsageError
from moviec.web import schemas as shapes
from moviec.web.errors import Problem
from moviec.web.lookups import LARGEST
from moviec.web.params import AdminQuery, QuarantineQuery, query_of
from moviec.web.responses import answer, respond
from moviec.web.routes.docs import gives
from moviec.web.server_state import ServerState, caller_of, server_of
from moviec.web.workbench import IngestOrder, Verdict

Number = Annotated[int, PathParameter(ge=1, le=LARGEST)]


def _admin(request: Request[Any, Any, Any]) -> ServerState:
    """Reject callers without an admin key, in case the middleware let them through."""
    key = caller_of(request).key
    if key is None or key.scope != "admin":
        raise Problem(403, "an admin key is required")
    return server_of(request)


async def _done(server: ServerState, work: Callable[[], Any], refused: int = 409) -> Any:
    """Run a task that may be impossible in the current state."""
    try:
        return await server.at_length(work)
    except UsageError as error:
        raise Problem(refused, str(error)) from error
    except PayloadError as error:  # the file's content is not disclosed
        raise Problem(422, f"{error.where}: not what this source delivers") from error


@get(
    "/v1/admin/accounts",
    responses=gives(shapes.Accounts, 403),
    summary="List accounts",
    tags=["admin"],
)
async def account_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """All accounts."""
    server = _admin(request)
    return respond(
        request, answer({"items": await _done(server, lambda: book.list_accounts(server.catalogue))})
    )


@post(
    "/v1/admin/accounts",
    responses=gives(shapes.Done, 403, 409, 422, status=201),
    summary="Make an account",
    tags=["admin"],
)
async def new_account(request: Request[Any, Any, Any], data: JSONBody[shapes.NewAccount]) -> ASGIResponse:
    """Make an account."""
    server = _admin(request)
    await _done(server, lambda: book.create_account(server.catalogue, data.name))
    return respond(request, answer({"done": True}), 201)


@post("/v1/admin/accounts/{name:str}/disable", responses=gives(shapes.Done, 403, 404), status_code=200, summary="Disable an account", tags=["admin"])  # fmt: skip
async def disable_account(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """Refuse all keys of an account from now on."""
    server = _admin(request)
    if "\x00" in name:
        raise Problem(404, "no such account")
    await _done(server, lambda: book.disable_account(server.catalogue, name), 404)
    return respond(request, answer({"done": True}))


@get(
    "/v1/admin/keys",
    responses=gives(shapes.KeyList, 403),
    summary="List keys",
    tags=["admin"],
)
async def key_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """All keys, by their first letters."""
    server = _admin(request)
    return respond(request, answer({"items": await _done(server, lambda: book.list_keys(server.catalogue))}))


@post(
    "/v1/admin/keys",
    responses=gives(shapes.MadeKey, 403, 404, 422, status=201),
    summary="Make a key",
    tags=["admin"],
)
async def new_key(request: Request[Any, Any, Any], data: JSONBody[shapes.KeyWanted]) -> ASGIResponse:
    """Make a key. It is shown this once."""
    server = _admin(request)
    wanted = book.NewKey(data.name, data.account, data.scope, data.per_minute)
    key, number = await _done(server, lambda: book.create_key(server.catalogue, wanted), 404)
    return respond(request, answer({"number": number, "key": key}), 201)


@delete("/v1/admin/keys/{number:int}", responses=gives(shapes.Done, 403, 404), status_code=200, summary="Revoke a key", tags=["admin"])  # fmt: skip
async def revoke_key(request: Request[Any, Any, Any], number: Number) -> ASGIResponse:
    """Refuse a key everywhere, within a second."""
    server = _admin(request)
    await _done(server, lambda: book.revoke_key(server.catalogue, number), 404)
    return respond(request, answer({"done": True}))


@post(
    "/v1/admin/ingest",
    responses=gives(shapes.Ingested, 403, 409, 422),
    status_code=200,
    summary="Ingest",
    tags=["admin"],
)
async def ingest(request: Request[Any, Any, Any], data: JSONBody[shapes.IngestWanted]) -> ASGIResponse:
    """Ingest a delivery, as `moviec ingest` does; responds when it is published."""
    server = _admin(request)
    order = IngestOrder(data.source, tuple(data.paths), data.delivered_at, data.accept_shrink)
    return respond(request, answer(await _done(server, lambda: server.workbench.ingest(order))))


@post(
    "/v1/admin/decisions",
    responses=gives(shapes.Decided, 403, 409, 422),
    status_code=200,
    summary="Decide",
    tags=["admin"],
)
async def decide(request: Request[Any, Any, Any], data: JSONBody[shapes.VerdictWanted]) -> ASGIResponse:
    """Decide that two records are the same film, or are not; overrides every match."""
    server = _admin(request)
    verdict = Verdict(data.left, data.right, data.verdict == "same", data.who)
    return respond(request, answer(await _done(server, lambda: server.workbench.decide(verdict))))


@post("/v1/admin/quarantine/replay", responses=gives(shapes.Reread, 403, 409, 422), status_code=200, summary="Read rejected rows again", tags=["admin"])  # fmt: skip
async def replay_quarantine(
    request: Request[Any, Any, Any], data: JSONBody[shapes.ReplayWanted]
) -> ASGIResponse:
    """Read rejected rows again, after a fix."""
    server = _admin(request)
    return respond(
        request, answer(await _done(server, lambda: server.workbench.replay_quarantine(data.source)))
    )


@post("/v1/admin/failures/replay", responses=gives(shapes.Retried, 403, 404, 422), status_code=200, summary="Try failures again", tags=["admin"])  # fmt: skip
async def replay_failures(
    request: Request[Any, Any, Any], data: JSONBody[shapes.FailuresWanted]
) -> ASGIResponse:
    """Try again what was set aside after repeated failure."""
    server = _admin(request)
    return respond(
        request, answer(await _done(server, lambda: server.workbench.replay_failures(data.numbers), 404))
    )


@get("/v1/admin/review", responses=gives(shapes.ReviewList, 403), opt={"query": AdminQuery}, summary="Pairs to review", tags=["admin"])  # fmt: skip
async def review_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Uncertain pairs of records side by side with the evidence, most valuable first: as `moviec review list`."""
    server, params = _admin(request), query_of(request, AdminQuery)
    return respond(
        request, answer({"items": await _done(server, lambda: server.workbench.review(params.limit, None))})
    )


@get("/v1/admin/quarantine", responses=gives(shapes.RejectedList, 403), opt={"query": QuarantineQuery}, summary="Rejected rows", tags=["admin"])  # fmt: skip
async def quarantine_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Rows that could not be read and wait for a fix, with where they stand and why."""
    server, params = _admin(request), query_of(request, QuarantineQuery)
    from moviec.catalog.deliveries import rejected  # needs Arrow, which a server without admins need not load

    rows = await _done(server, lambda: rejected(server.catalogue, "open", params.source or None))
    shown = [row for row in rows if row.number > params.cursor][: params.limit + 1]
    following = str(shown[params.limit - 1].number) if len(shown) > params.limit else None
    return respond(request, answer({"items": shown[: params.limit], "total": len(rows), "next": following}))


@get("/v1/admin/failures", responses=gives(shapes.FailureList, 403), summary="Failures", tags=["admin"])  # fmt: skip
async def failure_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """What was set aside after repeated failure."""
    server = _admin(request)
    from moviec.catalog.ingest_queue import failed  # needs Arrow

    return respond(request, answer({"items": await server.read(failed)}))


@get("/v1/admin/runs", responses=gives(shapes.RunList, 403), opt={"query": AdminQuery}, summary="Runs", tags=["admin"])  # fmt: skip
async def run_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The latest runs with their steps, the latest first."""
    server, params = _admin(request), query_of(request, AdminQuery)
    return respond(
        request, answer({"items": await server.read(lambda connection: last_runs(connection, params.limit))})
    )


@get("/v1/admin/held", responses=gives(shapes.HeldList, 403), summary="Held deliveries", tags=["admin"])  # fmt: skip
async def held_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Deliveries that wait for a person, with what was odd about each."""
    server = _admin(request)
    from moviec.catalog.deliveries import all_deliveries  # needs Arrow

    rows = await _done(server, lambda: all_deliveries(server.catalogue))
    return respond(request, answer({"items": [row for row in rows if row.state == "held"]}))


ROUTES: list[ControllerRouterHandler] = [
    account_list, new_account, disable_account, key_list, new_key, revoke_key,
    ingest, decide, replay_quarantine, replay_failures,
    review_list, quarantine_list, failure_list, run_list, held_list,
]  # fmt: skip
