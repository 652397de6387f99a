"""What the web needs of the rest of MovieC. It runs no stage itself: whoever makes the application hands it a workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from moviec.catalog.webhooks import Sent

if TYPE_CHECKING:
    from moviec.matching.model import Model


class IngestOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A delivery to be taken in: as `moviec ingest SOURCE [PATH…]`."""

    source: str
    paths: tuple[str, ...] = ()
    delivered_at: str | None = None
    accept_shrink: bool = False


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's verdict on two records, each written SOURCE:KEY: as `moviec review same|different A B`."""

    left: str
    right: str
    same: bool
    who: str = "api"


class Workbench(Protocol):
    """Reports are plain values that JSON can write. Raises MovieCError where something cannot be done."""

    def sources(self) -> Sequence[dict[str, Any]]:
        """List the sources: name, title, licence, attribution, home_page, cron, and what more is known of them."""

    def scorecard(self, source: str) -> dict[str, Any]:
        """Return a source's reliability and calibration, as the pinned models have them."""

    def match_model(self) -> Model:
        """Return the match weights that are in force."""

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        """Send a webhook (a row of its table) a body without changes; return what became of it."""

    def refusal(self, url: str) -> str:
        """Return why nothing could be sent to a webhook's address, "" where it could: its name may lead inside."""

    def poster(self, sha256: str, width: int) -> bytes | None:
        """Return a poster from the lake, None where there is none."""

    def video(self, sha256: str, kind: str) -> Path | None:
        """Return where a video of the lake lies here, None where there is none."""

    def review(self, most: int, source: str | None = None) -> Sequence[dict[str, Any]]:
        """List pairs of records that a person should look at, most valuable first, side by side with the evidence."""

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Take a delivery in; report what became of it."""

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Record a verdict; report its effect."""

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Read rejected rows again."""

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Try what was set aside again; all of it where no numbers are given."""

    def record(self, source: str, key: str) -> dict[str, Any] | None:
        """Return a current record with the row behind it (fields, delivery, file, line, text); None where there is none."""

    def health(self) -> Sequence[dict[str, Any]]:
        """List the health figures: name, of, value, and a concern in words where there is one."""

    def effect(self, verdict: Verdict) -> dict[str, Any]:
        """Work out what a verdict would do; nothing is written."""

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Record verdicts and settle their records again, all at once; report the decisions and the changes."""

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        """Take decisions back; report what changed."""

    def accept_held(self, delivery: str) -> dict[str, Any]:
        """Apply a held delivery, and publish."""

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        """Note that a held delivery is not to be applied."""
