"""Operations, for people signed in with an admin key: health, runs, held deliveries, rejected rows and failures.

Work goes through the workbench: the web itself starts no run. Reading deliveries and failures needs Arrow, which a server
starts without, so it is imported on first use.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.freshness import followers, freshness, lag, pairs_to_review
from moviec.catalog.leases import last_runs
from moviec.catalog.queries import last_change
from moviec.errors import MovieCError
from moviec.units import plural
from moviec.web.callers import COOKIE, LASTS, too_many, unauthorized
from moviec.web.errors import Problem
from moviec.web.server_state import ServerState, caller_of, server_of
from moviec.web.site import words
from moviec.web.site.rendering import form_of, form_token, page, redirect, refused

#: Wrong keys accepted from one address in a minute.
WRONG = 20


@get("/sign-in", include_in_schema=False)
async def door(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The form to sign in with a key, or to sign out."""
    server, caller = server_of(request), caller_of(request)
    shown = {
        "key": caller.key,
        "csrf": form_token(request),
        "next": _inside(request.query_params.get("next", "/")),
    }
    headers = {"cache-control": "no-store"}
    return page(request, "sign_in.html", headers, anonymous=server.home.settings.anonymous, **shown)


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Open a session for a valid key."""
    server, fields = server_of(request), await form_of(request)
    begun = await server.sessions.begin(fields.get("key", [""])[0].strip()[:200])
    if begun is None:
        window = await server.limiter.hit(f"wrong:{caller_of(request).address}", WRONG)
        if window.left < 0:
            raise too_many(window)
        shown = {"key": None, "csrf": "", "next": _inside(fields.get("next", ["/"])[0]), "wrong": True}
        return refused(request, "sign_in.html", anonymous=server.home.settings.anonymous, **shown)
    where = _inside(fields.get("next", ["/"])[0])
    if where == "/" and begun[0].scope == "admin":
        where = "/operations"
    return redirect(request, where, {"set-cookie": _cookie(request, begun[1], LASTS)})


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(request: Request[Any, Any, Any]) -> ASGIResponse:
    """End this browser's session."""
    await form_of(request)
    return redirect(request, "/sign-in", {"set-cookie": _cookie(request, "", 0)})


def _cookie(request: Request[Any, Any, Any], value: str, lasts: int) -> str:
    secure = (
        "; Secure" if "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "")) else ""
    )
    path = server_of(request).prefix or "/"
    return f"{COOKIE}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def _inside(path: str) -> str:
    """Return a path of this site; the front page for anything that might lead to another site."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


#: Numbers of runs, rejected rows and failures listed on a page.
RUNS, ROWS, FAILURES = 15, 100, 200

_NO_STORE = {"cache-control": "no-store"}


def admin_of(request: Request[Any, Any, Any]) -> tuple[ServerState, str]:
    """Return the server's state and the admin's name. Raises Problem 401 or 403 for anyone else."""
    key = caller_of(request).key
    if key is None:
        raise unauthorized("operations need an admin key")
    if key.scope != "admin":
        raise Problem(403, "this key may only read, not run operations")
    return server_of(request), key.name


async def work(request: Request[Any, Any, Any], task: Callable[[], Any]) -> tuple[Any, str]:
    """Run a task of the workbench; return its result, or None and the error message."""
    try:
        return await server_of(request).at_length(task), ""
    except MovieCError as error:
        server_of(request).log.warning("refused", path=request.scope["path"], error=str(error))
        return None, str(error)


def shown(request: Request[Any, Any, Any], template: str, message: str = "", **values: Any) -> ASGIResponse:
    """Respond with a page of operations: never cached, with the CSRF token for its forms."""
    message = message or request.query_params.get("message", "")[:500]
    return page(request, template, _NO_STORE, csrf=form_token(request), message=message, **values)


def done(request: Request[Any, Any, Any], path: str, message: str) -> ASGIResponse:
    """Redirect to a page after work, with a message about the result."""

    return redirect(request, f"{path}?{urlencode({'message': message[:500]})}")


@get("/operations", include_in_schema=False)
async def operations(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Health at a glance."""
    from moviec.catalog.deliveries import all_deliveries, count_rejected, is_waiting
    from moviec.catalog.ingest_queue import failed

    server, _ = admin_of(request)
    checks = await asyncio.to_thread(server.workbench.health)
    now = dt.datetime.now(dt.UTC)

    def read(connection: sa.Connection) -> dict[str, Any]:
        head = last_change(connection)
        figures = lag(connection, now)
        return {
            "runs": [_run(row) for row in last_runs(connection, RUNS)],
            "fresh": freshness(connection),
            "pairs": pairs_to_review(connection),
            "aside": len(failed(connection)),
            "queue": sum(figure.value for figure in figures if figure.name == "queue_changes"),
            "waited": sum(each.value for each in figures if each.name == "queue_seconds"),
            "followers": [(row.follower, head - row.position, row.at) for row in followers(connection)],
            "head": head,
        }

    found = await server.read(read)
    held = [delivery for delivery in all_deliveries(server.catalogue) if is_waiting(delivery)]
    months = {
        check["of"]: int(check["value"]) for check in checks if check["name"] == "source_missing_months"
    }
    concerns = [check["concern"] for check in checks if check.get("concern")]
    rows = count_rejected(server.catalogue)
    return shown(
        request,
        "operations.html",
        held=held,
        months=months,
        concerns=concerns,
        rejected=sum(rows.values()),
        **found,
    )


@get("/operations/held", include_in_schema=False)
async def held(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Held deliveries, with what shrank since the previous delivery."""
    from moviec.catalog.deliveries import all_deliveries, applied_before, is_waiting

    server, _ = admin_of(request)
    every = all_deliveries(server.catalogue)
    waiting = [(each, applied_before(each, every)) for each in every if is_waiting(each)]
    cards = [
        {"delivery": each, "before": before, "shrunk": _shrunk(each, before)} for each, before in waiting
    ]
    refused = [each for each in every if each.state == "held" and "refused" in each.report]
    return shown(request, "held.html", cards=cards, refused=refused)


@post("/operations/held", include_in_schema=False, status_code=303)
async def settle_held(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Accept or refuse a held delivery."""
    server, who = admin_of(request)
    fields = await form_of(request)
    delivery = fields.get("delivery", [""])[0]
    if fields.get("do") == ["accept"]:
        found, wrong = await work(request, lambda: server.workbench.accept_held(delivery))
        message = f"{delivery} is accepted: {_changes(found)}" if found else wrong
    else:
        found, wrong = await work(request, lambda: server.workbench.refuse_held(delivery, who))
        message = f"{delivery} is refused; none of it is applied" if found else wrong
    return done(request, "/operations/held", message)


@get("/operations/quarantine", include_in_schema=False)
async def quarantine(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Rejected rows that wait for a fix, by source, with reason and text."""
    from moviec.catalog.deliveries import count_rejected, rejected

    server, _ = admin_of(request)
    source = request.query_params.get("source", "")
    rows = await asyncio.to_thread(rejected, server.catalogue, "open", source or None)
    counts = count_rejected(server.catalogue)
    return shown(request, "quarantine.html", rows=rows[:ROWS], total=len(rows), counts=counts, source=source)


@post("/operations/quarantine", include_in_schema=False, status_code=303)
async def replay_quarantine(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Read rejected rows again."""
    server, _ = admin_of(request)
    fields = await form_of(request)
    source = fields.get("source", [""])[0] or None
    found, wrong = await work(request, lambda: server.workbench.replay_quarantine(source))
    if found is None:
        return done(request, "/operations/quarantine", wrong)
    read = sum(found["replayed"].values())
    message = f"{plural(read, 'rejected row is', 'rejected rows are')} now read: {_changes(found)}"
    return done(request, "/operations/quarantine", message)


@get("/operations/failures", include_in_schema=False)
async def failures(request: Request[Any, Any, Any]) -> ASGIResponse:
    """What was set aside after repeated failure."""
    from moviec.catalog.ingest_queue import failed

    server, _ = admin_of(request)
    rows = await server.read(failed)
    return shown(request, "failures.html", rows=rows[:FAILURES], total=len(rows))


@post("/operations/failures", include_in_schema=False, status_code=303)
async def replay_failures(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Try again what was set aside: the chosen ones, or all."""
    server, _ = admin_of(request)
    fields = await form_of(request)
    numbers = [int(text) for text in fields.get("number", []) if text.isascii() and text.isdecimal()]
    found, wrong = await work(request, lambda: server.workbench.replay_failures(numbers))
    message = f"{plural(found['replayed'], 'is', 'are')} tried again" if found else wrong
    return done(request, "/operations/failures", message)


def _shrunk(delivery: Any, before: Any) -> list[tuple[str, int, int]]:
    """List what a delivery has less of than the one before, in a reader's words."""
    from moviec.catalog.deliveries import shrunk

    return [(_lost(name), now, then) for name, now, then in shrunk(delivery, before)[:14]]


def _lost(name: str) -> str:
    field, _, space = name.partition(".")
    if space:
        return f"Ids of {words.name_of(space)}"
    return name if name == "films" else words.field(field)


def _run(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run with the durations of it and its steps."""
    steps = [step for step in row["steps"] or [] if step.get("seconds", 0) >= 0.05]
    took = None
    if row["finished_at"]:
        took = (
            dt.datetime.fromisoformat(row["finished_at"]) - dt.datetime.fromisoformat(row["started_at"])
        ).total_seconds()
    return {**row, "took": took, "steps": steps}


def _changes(found: Mapping[str, Any]) -> str:
    kinds = [f"{count:,} {kind}" for kind, count in found.get("changes", {}).items() if count]
    return "films " + ", ".join(kinds) if kinds else "no film changed"


ROUTES: list[ControllerRouterHandler] = [
    door,
    sign_in,
    sign_out,
    operations,
    held,
    settle_held,
    quarantine,
    replay_quarantine,
    failures,
    replay_failures,
]
