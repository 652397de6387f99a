"""What the web needs from the rest of MovieC. It runs no stage itself: the application is created with a workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from moviec.catalog.webhooks import Sent

if TYPE_CHECKING:
    from moviec.matching.model import Model


class IngestOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A delivery to ingest, as `moviec ingest SOURCE [PATH…]`."""

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
        """List the sources: name, title, licence, attribution, home_page, cron, and more facts."""

    def scorecard(self, source: str) -> dict[str, Any]:
        """Return a source's reliability and calibration, as the pinned models have them."""

    def match_model(self) -> Model:
        """Return the match weights in force."""

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        """Send a webhook (a row of its table) a body without changes; return the outcome."""

    def refusal(self, url: str) -> str:
        """Return why nothing could be sent to a webhook's address, "" otherwise: its name may resolve to a private
        address.
        """

    def poster(self, sha256: str, width: int) -> bytes | None:
        """Return a poster from the lake, or None."""

    def video(self, sha256: str, kind: str) -> Path | None:
        """Return the local path of a video of the lake, or None."""

    def review(self, most: int, source: str | None = None) -> Sequence[dict[str, Any]]:
        """List pairs of records that a person should look at, most valuable first, side by side with the evidence."""

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Ingest a delivery; return the outcome."""

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Record a verdict; return its effect."""

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Read rejected rows again."""

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Try again what was set aside; all of it if no numbers are given."""

    def record(self, source: str, key: str) -> dict[str, Any] | None:
        """Return a current record with the row behind it (fields, delivery, file, line, text); None where there is none."""

    def health(self) -> Sequence[dict[str, Any]]:
        """List the health figures: name, of, value, and a concern in words where there is one."""

    def effect(self, verdict: Verdict) -> dict[str, Any]:
        """Return what a verdict would do; nothing is written."""

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Record verdicts and resolve their records again, all at once; return the decisions and the changes."""

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        """Undo decisions; return what changed."""

    def accept_held(self, delivery: str) -> dict[str, Any]:
        """Apply a held delivery, and publish."""

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        """Refuse a held delivery."""
