"""What the API asks of the rest where it only reads: the sources, what is known of them, the match weights in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from moviec.catalog.webhooks import Sent
from moviec.config import Home
from moviec.errors import UsageError
from moviec.web.admin_work import IngestOrder, Verdict

if TYPE_CHECKING:
    from moviec.matching.model import Model


class ReadingWorkbench(msgspec.Struct, frozen=True):
    """Reads a home, and refuses to change it; see `moviec.web.admin_work.Workbench`. Stages are imported when first asked for."""

    home: Home

    def sources(self) -> Sequence[dict[str, Any]]:
        """List the sources with their facts, but for private ones."""
        from moviec.sources.registry import find_sources

        facts = ("name", "title", "licence", "attribution", "home_page", "cron", "complete")
        specs = [source.spec for source in find_sources(self.home.folder).values() if not source.spec.private]
        return [
            {**{name: getattr(spec, name) for name in facts}, "raters": sorted(spec.raters)} for spec in specs
        ]

    def scorecard(self, source: str) -> dict[str, Any]:
        """Give what the pinned model has learned of a source: reliability, genres, repeats, its raters' calibration."""
        from moviec.pipeline.fit import scorecard_of
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            card: dict[str, Any] = msgspec.to_builtins(scorecard_of(context, source))
        return {name: value for name, value in card.items() if name != "source"}

    def poster(self, sha256: str, width: int) -> bytes | None:
        """Give a poster's bytes as the lake has them."""
        from moviec.pipeline.posters import read_picture

        return read_picture(self.home, sha256, width)

    def video(self, sha256: str, kind: str) -> Path | None:
        """Give the place of a video as the lake has it."""
        from moviec.pipeline.posters import video_path

        return video_path(self.home, sha256, kind)

    def match_model(self) -> Model:
        """Return the match weights that the home is pinned to."""
        from moviec.home.models import pinned_match_file
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            return _match_model(pinned_match_file(context))

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        """Refuse."""
        raise _read_only()

    def refusal(self, url: str) -> str:
        """Refuse."""
        raise _read_only()

    def record(self, source: str, key: str) -> dict[str, Any] | None:
        """Read a current record and the row behind it."""
        from moviec.pipeline.opening import open_run
        from moviec.pipeline.raw_rows import raw_row

        with open_run(self.home) as context:
            found = raw_row(context, source, key)
        return None if found is None else msgspec.to_builtins(found)

    def health(self) -> Sequence[dict[str, Any]]:
        """Check everything, as `moviec status` does."""
        from moviec.jobs.health import check_all
        from moviec.pipeline.opening import open_run
        from moviec.sources.registry import find_sources

        with open_run(self.home) as context:
            found = check_all(context, find_sources(self.home.folder), dt.datetime.now(dt.UTC))
        return [msgspec.to_builtins(check) for check in found]

    def review(self, most: int, source: str | None = None) -> Sequence[dict[str, Any]]:
        """List uncertain pairs, as `moviec review list` does."""
        from moviec.pipeline.opening import open_run
        from moviec.pipeline.reviewing import uncertain

        with open_run(self.home) as context:
            return uncertain(context, most, source)

    def effect(self, verdict: Verdict) -> dict[str, Any]:
        """Work out what a verdict would do, as `moviec review same A B` without --yes."""
        from moviec.pipeline import effects
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            found: dict[str, Any] = msgspec.to_builtins(effects.effect(context, [said(verdict)]))
        return found

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def accept_held(self, delivery: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()


def said(verdict: Verdict) -> Any:
    """Read a verdict as the catalogue keeps it."""
    from moviec.catalog import decisions

    left, right = (tuple(end.split(":", 1)) for end in (verdict.left, verdict.right))
    return decisions.Verdict((left[0], left[1]), (right[0], right[1]), verdict.same, verdict.who)


def _read_only() -> UsageError:
    return UsageError("this only reads", hint="use the command line, or `moviec serve`")


@lru_cache(maxsize=2)
def _match_model(file: Path | None) -> Model:
    """Read a model once: the files of models never change."""
    from moviec.matching.model import read_model, shipped_model

    return read_model(file) if file else shipped_model()
