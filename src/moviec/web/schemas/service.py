"""Answers and request bodies of accounts, keys, webhooks and the work of admins."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from moviec.catalog.accounts import Scope
from moviec.web.schemas.base import Body, Shape, Values
from moviec.web.schemas.figures import Change

Name = Annotated[
    str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$", description="Letters, digits, . _ @ -")
]
PerMinute = Annotated[int, Meta(ge=1, le=1_000_000)]
RecordKey = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_-]{0,29}:[^\\x00]{1,100}$", examples=["imdb:tt0114709"])
]


class WebhookFilter(Body, frozen=True, omit_defaults=True):
    """Which changes are sent: of these kinds, of films of one of these genres, and that touch one of these fields; empty is any."""

    fields: Annotated[
        list[Annotated[str, Meta(pattern="^[a-z_]{1,40}$", examples=["rating"])]], Meta(max_length=50)
    ] = field(default_factory=list)
    genres: Annotated[list[Annotated[int, Meta(ge=1, le=2_147_483_647)]], Meta(max_length=50)] = field(
        default_factory=list
    )
    kinds: Annotated[
        list[Literal["created", "updated", "merged", "split", "withdrawn"]], Meta(max_length=5)
    ] = field(default_factory=list)


class NewWebhook(Body, frozen=True):
    """Where changes are to be sent."""

    url: Annotated[
        str,
        Meta(
            pattern="^https?://[A-Za-z0-9._~:\\[\\]-]{1,200}(/[!-~]*)?$",
            max_length=2000,
            examples=["https://example.org/hook"],
        ),
    ]

    filter: WebhookFilter | None = None


class Webhook(Shape, frozen=True):
    """A webhook; its secret is shown once, when it is made."""

    id: int
    url: str
    state: str
    position: int
    failed: int
    created_at: str
    secret: str | None = None
    filter: WebhookFilter | None = None


class WebhookDelivery(Shape, frozen=True):
    """What was sent to a webhook: changes from `first` to `last`, or a ping; `error` is null where it arrived."""

    number: int
    at: str
    kind: str
    first: int | None
    last: int | None
    changes: int
    ms: int
    error: str | None


class WebhookDeliveries(Shape, frozen=True):
    """The last hundred deliveries to a webhook, the newest first."""

    items: list[WebhookDelivery]


class WebhookBody(Shape, frozen=True):
    """What a webhook is sent: entries of the change log in order. A ping has none, and says so."""

    webhook: int
    changes: list[Change]
    ping: bool = False


class Webhooks(Shape, frozen=True):
    """The account's webhooks."""

    items: list[Webhook]


class Day(Shape, frozen=True):
    """A key's requests on one day (UTC)."""

    day: str
    requests: int
    refused: int


class Usage(Shape, frozen=True):
    """The caller's own key."""

    key: int
    name: str
    account: str
    prefix: str
    scope: str
    per_minute: int
    left: int
    days: list[Day]


class NewAccount(Body, frozen=True):
    """An account to be made."""

    name: Name


class Account(Shape, frozen=True):
    """An account and how many of its keys are in force."""

    name: str
    created_at: str
    disabled_at: str | None
    keys: int


class Accounts(Shape, frozen=True):
    """All accounts."""

    items: list[Account]


class KeyWanted(Body, frozen=True):
    """A key to be made."""

    name: Name = "key"
    account: Name = "default"
    scope: Scope = "read"
    per_minute: PerMinute = 600


class MadeKey(Shape, frozen=True):
    """A new key: shown this once."""

    number: int
    key: str


class KeyShown(Shape, frozen=True):
    """A key, without the key."""

    number: int
    account: str
    name: str
    prefix: str
    scope: str
    per_minute: int
    created_at: str
    revoked_at: str | None


class KeyList(Shape, frozen=True):
    """All keys."""

    items: list[KeyShown]


class Done(Shape, frozen=True):
    """What was done."""

    done: bool


class IngestWanted(Body, frozen=True):
    """A delivery to be taken in: as `moviec ingest SOURCE [PATH…]`."""

    source: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,29}$")]
    paths: Annotated[list[Annotated[str, Meta(min_length=1, max_length=1000)]], Meta(max_length=100)] = field(
        default_factory=list
    )
    delivered_at: str | None = None
    accept_shrink: bool = False


class VerdictWanted(Body, frozen=True):
    """A person's verdict on two records, each written SOURCE:KEY."""

    left: RecordKey
    right: RecordKey
    verdict: Literal["same", "different"]
    who: Name = "api"


class ReplayWanted(Body, frozen=True):
    """Which source's rejected rows are read again; all sources' where none is named."""

    source: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,29}$")] | None = None


class FailuresWanted(Body, frozen=True):
    """Which failures are tried again; all where none are named."""

    numbers: Annotated[list[Annotated[int, Meta(ge=1, le=2_147_483_647)]], Meta(max_length=1000)] = field(
        default_factory=list
    )


class Ready(Shape, frozen=True):
    """Whether a server is ready, and how far behind the log it and its index are."""

    ready: bool
    behind: int
    search_behind: int | None
    filters: bool


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
    """A row that could not be read: its place, the reason, its text."""

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
