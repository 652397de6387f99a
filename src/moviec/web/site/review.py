"""Review: uncertain pairs of records side by side with the evidence, grouped by why they wait; recording verdicts, many
at once, and undoing them. Reading decisions needs Arrow, which a server starts without, so it is imported on first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.units import plural
from moviec.web.errors import Problem
from moviec.web.site import words
from moviec.web.site.movie import source_facts
from moviec.web.site.operations import admin_of, done, shown, work
from moviec.web.site.rendering import form_of, page
from moviec.web.workbench import Verdict

#: Pairs of a page, and decisions that are listed.
PAIRS, DECISIONS = 20, 100

#: The fields shown side by side, in this order.
SIDES = ("title", "year", "kind", "runtime", "directors", "cast", "countries", "ids")

#: Why a pair waits, in words.
CAUSES = {
    "taken": "The film already has another record of this source",
    "several fit": "Several records fit about as well",
    "not likely enough": "Alike, but not enough to be sure",
    "does not fit the rest of the film": "Fits this record, but not the others of its film",
    "year": "Alike, but the years speak against it",
    "runtime": "Alike, but the runtimes speak against it",
    "kind": "Alike, but of different kinds",
    "directors": "Alike, but by other directors",
}


class Side(msgspec.Struct, frozen=True):
    """One line of two records side by side."""

    label: str
    left: str
    right: str
    differs: bool


class Card(msgspec.Struct, frozen=True):
    """A pair: its two records (`source:key`), their films, why it waits, its evidence and the lines side by side."""

    left: str
    right: str
    left_movie: str
    right_movie: str
    probability: float
    cause: str
    rival: str | None
    sides: list[Side]
    evidence: list[tuple[str, str, float]]


@get("/operations/review", include_in_schema=False)
async def review(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Pairs that wait, the most valuable first, grouped by reason."""
    from moviec.catalog.decisions import all_decisions, with_states

    site, _ = admin_of(request)
    source = request.query_params.get("source", "")[:30]
    found, wrong = await work(request, lambda: site.workbench.review(PAIRS, source or None))
    groups: dict[str, list[Card]] = {}
    for pair in found or []:
        card = card_of(pair)
        groups.setdefault(card.cause, []).append(card)
    made = await site.read(all_decisions)
    last = [row for row in with_states(made) if row["state"] == "in force"][-1:]
    facts = await source_facts(site)
    return shown(
        request, "review.html", message=wrong, groups=sorted(groups.items(), key=lambda pair: -len(pair[1])), source=source,
        sources=sorted(facts), last=last[0] if last else None,
    )  # fmt: skip


@post("/operations/review", include_in_schema=False, status_code=303)
async def decide(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Record all verdicts of a page at once."""
    site, who = admin_of(request)
    verdicts = verdicts_of(await form_of(request), who)
    if not verdicts:
        return done(request, "/operations/review", "no verdict was chosen")
    found, wrong = await work(request, lambda: site.workbench.decide_all(verdicts))
    if found is None:
        return done(request, "/operations/review", wrong)
    changed = sum(found["changes"].values())
    message = f"{plural(len(verdicts), 'verdict is', 'verdicts are')} recorded; {plural(changed, 'film', 'films')} changed"
    return done(request, "/operations/review", message)


@get("/operations/review/effect", include_in_schema=False)
async def effect(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The effect of a verdict, before it is made."""
    site, who = admin_of(request)
    ends = [request.query_params.get(name, "") for name in ("left", "right")]
    if not all(":" in end for end in ends):
        raise Problem(404, "give two records, each SOURCE:KEY")
    found, wrong = {}, ""
    for verdict in ("same", "different"):
        said = Verdict(ends[0], ends[1], verdict == "same", who)
        found[verdict], wrong = await work(request, lambda said=said: site.workbench.effect(said))  # type: ignore[misc]
    piece = request.query_params.get("piece") == "yes"
    return page(
        request,
        "effect_piece.html" if piece else "effect.html",
        {"cache-control": "no-store"},
        found=found,
        wrong=wrong,
        ends=ends,
    )


@get("/operations/decisions", include_in_schema=False)
async def decisions(request: Request[Any, Any, Any]) -> ASGIResponse:
    """All verdicts, the latest first."""
    from moviec.catalog.decisions import all_decisions, with_states

    site, _ = admin_of(request)
    rows = list(reversed(with_states(await site.read(all_decisions))))
    return shown(request, "decisions.html", rows=rows[:DECISIONS], total=len(rows))


@post("/operations/decisions", include_in_schema=False, status_code=303)
async def undo(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Undo verdicts."""
    site, who = admin_of(request)
    fields = await form_of(request)
    numbers = [int(text) for text in fields.get("number", []) if text.isascii() and text.isdecimal()]
    back = "/operations/review" if fields.get("back") == ["review"] else "/operations/decisions"
    if not numbers:
        return done(request, back, "no verdict was chosen")
    found, wrong = await work(request, lambda: site.workbench.undo(numbers, who))
    if found is None:
        return done(request, back, wrong)
    changed = sum(found["changes"].values())
    message = f"{plural(len(numbers), 'verdict is', 'verdicts are')} taken back; {plural(changed, 'film', 'films')} changed"
    return done(request, back, message)


def verdicts_of(fields: Mapping[str, Sequence[str]], who: str) -> list[Verdict]:
    """Read the verdicts of a form: pairs are in `pair-N` as two records separated by a line end, verdicts in
    `say-N`.
    """
    found = []
    for name, values in fields.items():
        number = name.removeprefix("pair-")
        said = fields.get(f"say-{number}", ["skip"])[0]
        left, _, right = values[0].partition("\n")
        if name.startswith("pair-") and said in ("same", "different") and ":" in left and ":" in right:
            found.append(Verdict(left.strip(), right.strip(), said == "same", who))
    return found


def card_of(pair: Mapping[str, Any]) -> Card:
    """Return a pair for its page."""
    left, right = pair["left"], pair["right"]
    lines = []
    for name in SIDES:
        ours, theirs = _said(left, name), _said(right, name)
        if ours or theirs:
            lines.append(Side(_LABELS.get(name, words.field(name)), ours, theirs, _differ(left, right, name)))
    reason = pair["reason"] or ""
    return Card(
        left=f"{left['source']}:{left['key']}",
        right=f"{right['source']}:{right['key']}",
        left_movie=left["movie"],
        right_movie=right["movie"],
        probability=pair["probability"],
        cause=CAUSES.get(reason, reason.capitalize() or "Uncertain"),
        rival=pair["rival"],
        sides=lines,
        evidence=[(feature, level, bits) for feature, level, bits in pair["evidence"]],
    )


def _differ(left: Mapping[str, Any], right: Mapping[str, Any], name: str) -> bool:
    """Return whether two records differ: in ids only within a space where both have one."""
    ours, theirs = left.get(name), right.get(name)
    if not ours or not theirs:
        return False
    if name == "ids":
        return any(key != theirs[space] for space, key in ours.items() if space in theirs)
    return _said(left, name).lower() != _said(right, name).lower()


_LABELS = {"directors": "Directors", "cast": "Cast", "ids": "Ids"}


def _said(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if not value:
        return ""
    if name == "ids":
        return ", ".join(f"{words.name_of(space)} {key}" for space, key in value.items())
    if name == "countries":
        return ", ".join(map(words.country, value))
    return words.said(value, name)


ROUTES: list[ControllerRouterHandler] = [review, decide, effect, decisions, undo]
