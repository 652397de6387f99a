"""What admins are shown of the work: deliveries, runs, rejected rows, failures, pairs to review; and what orders came to."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from moviec.web.schemas.base import Shape, Values

#: An object whose names and values differ from source to source, or from step to step.
Free = Annotated[dict[str, Any], Meta(extra_json_schema={"additionalProperties": {}})]


class DeliveryShown(Shape, frozen=True):
    """A delivery; `report`: what became of its rows, and what was odd about it."""

    id: str
    source: str
    delivered_at: str
    received_at: str
    state: str
    complete: bool
    records: int | None = None
    report: Free = field(default_factory=dict)
    fingerprint: str | None = None
    same_as: str | None = None
    replay_of: str | None = None
    number: int | None = None


class HeldList(Shape, frozen=True):
    """The deliveries that wait for a person."""

    items: list[DeliveryShown]


class Run(Shape, frozen=True):
    """A run with its steps: name, seconds, counts."""

    number: int
    command: str
    lease: str
    owner: str
    started_at: str
    outcome: str
    steps: list[Free]
    finished_at: str | None = None
    error: str | None = None


class RunList(Shape, frozen=True):
    """The latest runs, the latest first."""

    items: list[Run]


class RejectedRow(Shape, frozen=True):
    """A row that could not be read: where it stands, why, its text."""

    number: int
    delivery: str
    source: str
    role: str
    line: int
    reason: str
    text: str
    state: str
    payload: str | None = None


class RejectedList(Shape, frozen=True):
    """Rejected rows that wait for a fix, by number; `next` is the `cursor` of the page after."""

    items: list[RejectedRow]
    total: int
    next: str | None


class FailureShown(Shape, frozen=True):
    """What was set aside after repeated failure: whose work, what about, why."""

    number: int
    follower: str
    subject: Free
    error: str
    attempts: int
    at: str
    state: str


class FailureList(Shape, frozen=True):
    """The failures that wait."""

    items: list[FailureShown]


class ReviewedSide(Shape, frozen=True):
    """A record as its source has it, and the film that it is now."""

    source: str
    key: str
    movie: str
    title: str | None = None
    year: int | None = None
    kind: str | None = None
    runtime: int | None = None
    directors: list[str] | None = None
    cast: list[str] | None = None
    countries: list[str] | None = None
    ids: Any = None


class ReviewedPair(Shape, frozen=True):
    """Two records that may be one film: how likely, what agrees (feature, level, bits), why it waits, and a nearer rival."""

    value: float
    probability: float
    left: ReviewedSide
    right: ReviewedSide
    evidence: list[Values]
    reason: str | None = None
    rival: str | None = None


class ReviewList(Shape, frozen=True):
    """Pairs that a person should look at, most valuable first."""

    items: list[ReviewedPair]


class Ingested(Shape, frozen=True):
    """What became of deliveries: each, the changes by kind, and the number of the last change."""

    deliveries: list[DeliveryShown]
    changes: dict[str, int] = field(default_factory=dict)
    last_change: int = 0


class DecisionRow(Shape, frozen=True):
    """A verdict as it is kept."""

    number: int
    left_source: str
    left_key: str
    right_source: str
    right_key: str
    verdict: str
    who: str
    at: str


class Decided(Shape, frozen=True):
    """The verdict, and what it changed."""

    changes: dict[str, int]
    decision: DecisionRow | None = None
    last_change: int = 0


class Reread(Shape, frozen=True):
    """How many rows are read now, by delivery, and what that changed."""

    replayed: dict[str, int]
    changes: dict[str, int] = field(default_factory=dict)
    last_change: int = 0


class Retried(Shape, frozen=True):
    """How many failures are tried again."""

    replayed: int
