"""Alerts: a webhook call or a mail for each new concern, with what to do about it, and one more when it is over.

The catalogue holds which alerts were sent, so that workers on several hosts send each only once.
"""

from __future__ import annotations

import datetime as dt
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from moviec import __version__
from moviec.catalog.connect import writing
from moviec.catalog.facts import fact, note_fact
from moviec.catalog.leases import ALERTS, holding_if_free
from moviec.config import Alerts, Home
from moviec.errors import MovieCError, TransportError, UsageError
from moviec.home.context import RunContext
from moviec.jobs.health import Check, check_all
from moviec.jobs.webhook_sender import post, target_of
from moviec.sources.registry import find_sources
from moviec.units import plural

#: The catalogue's fact that holds the open alerts, by cause.
SENT = "alerts_told"

#: Seconds to wait for a mail server.
TIMEOUT = 20.0

#: What to do about each check that can be a concern.
TO_DO = {
    "lake_mismatch": "stop what writes, and see 'What needs attention' in the handbook: restore a backup, or `moviec rebuild --from-lake`",
    "source_faulty": "mend the named file in sources/; `moviec sources NAME` says whether it is well",
    "source_age_days": "look whether the provider has published, then `moviec run NAME`; `moviec sources check NAME` asks the provider",
    "source_held": "look at what shrank (`moviec held`, or Operations on the site), then `moviec held accept ID` or `moviec held refuse ID`",
    "source_unknown": "put the source's folder back into sources/ (a backup has it under `home`), then `moviec rebuild`",
    "source_missing_months": "`moviec backfill --from YYYY-MM --to YYYY-MM NAME` takes what its place holds for these months",
    "source_unmatched_jump": "`moviec review unmatched NAME` says what came nearest to each; ids or titles may have changed their form",
    "source_failing_days": "`moviec sources check NAME` says what the provider answers: a key, an address, a limit",
    "queue_seconds": "start a worker (`moviec worker`), or look in its log why it does not publish",
    "follower_behind": "start what follows (a server's indexer, a program of yours), or remove its checkpoint",
    "set_aside": "`moviec failures` lists each with its cause; after a fix `moviec failures replay`",
    "last_run_failed": "read the error, mend it, and run the command again; `moviec status` shows the last runs",
}  # fmt: skip


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One concern: its check, which source or follower it is about, what is wrong, what to do, and since when."""

    state: Literal["new", "over", "test"]
    check: str
    of: str
    what: str
    todo: str
    since: str

    @property
    def line(self) -> str:
        """The alert in one line."""
        if self.state == "over":
            return f"over: {self.what}"
        return f"{self.what}. To do: {self.todo}"


class Known(msgspec.Struct, frozen=True):
    """An alert that was sent and is not over, and since when."""

    check: str
    of: str
    what: str
    since: str


def cause_of(check: Check) -> str:
    """Return what identifies a concern: its check and its source or follower; for a held delivery also which one."""
    held = f" {check.concern.split(' ')[0]}" if check.name == "source_held" else ""
    return f"{check.name} {check.of}{held}"


def alerts_of(
    known: Mapping[str, Known], checks: Sequence[Check], now: str
) -> tuple[list[Alert], dict[str, Known]]:
    """Return the alerts to send, given those `known`, and which are known once they are sent."""
    concerns = {cause_of(check): check for check in checks if check.concern}
    after = {
        cause: known.get(cause) or Known(check.name, check.of, check.concern, now)
        for cause, check in concerns.items()
    }
    alerts = [_alert("new", after[cause]) for cause in concerns if cause not in known]
    alerts += [_alert("over", was) for cause, was in known.items() if cause not in concerns]
    return alerts, after


def send_alerts(context: RunContext) -> list[Alert]:
    """Run all checks, send what is new and what is over, and return the alerts that were sent.

    Nothing is checked where no receiver is set. Raises TransportError where sending fails; nothing is noted then, so
    the next run sends it again.
    """
    settings = context.home.settings.alerts
    if not settings.wanted:
        return []
    now = dt.datetime.now(dt.UTC)
    with holding_if_free(context.catalogue, ALERTS) as held:
        if held is None:
            return []
        checks = check_all(context, find_sources(context.home.folder), now)
        with context.catalogue.connect() as connection:
            noted = fact(connection, SENT) or "{}"
        known = msgspec.json.decode(noted, type=dict[str, Known])
        alerts, after = alerts_of(known, checks, now.isoformat(timespec="seconds"))
        if alerts:
            _send(context.home, alerts)
        if after != known:
            with writing(context.catalogue, beside=True) as connection:
                note_fact(connection, SENT, msgspec.json.encode(after).decode())
    return alerts


def send_test(home: Home) -> None:
    """Send a test alert. Raises UsageError where no receiver is set, TransportError where it cannot be sent."""
    if not home.settings.alerts.wanted:
        hint = "set webhook, or mail and smtp, under [alerts] in moviec.toml"
        raise UsageError("no receiver is set", "alerts", hint)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    test = Alert(
        state="test", check="test", of="", what="this is a test", todo="nothing: alerts arrive", since=now
    )
    _send(home, [test])


def _send(home: Home, alerts: Sequence[Alert]) -> None:
    """Send alerts to every receiver in the settings. Raises TransportError."""
    settings = home.settings.alerts
    if settings.webhook:
        body = msgspec.json.encode({"text": _text(home, alerts), "moviec": __version__, "alerts": alerts})
        headers = {"Content-Type": "application/json", "User-Agent": "MovieC"}
        post(target_of(settings.webhook, home.settings.webhooks_private), body, headers)
    if settings.mail:
        _mail(settings, f"MovieC: {_subject(alerts)}", _text(home, alerts))


def _alert(state: Literal["new", "over"], known: Known) -> Alert:
    todo = TO_DO.get(known.check, "see `moviec status`").replace("NAME", known.of or "NAME")
    return Alert(state=state, check=known.check, of=known.of, what=known.what, todo=todo, since=known.since)


def _text(home: Home, alerts: Sequence[Alert]) -> str:
    return "\n".join(
        [f"MovieC on {socket.gethostname()} ({home.folder}):", *(alert.line for alert in alerts)]
    )


def _subject(alerts: Sequence[Alert]) -> str:
    if len(alerts) == 1:
        return f"{'over: ' if alerts[0].state == 'over' else ''}{alerts[0].check} {alerts[0].of}".strip()
    return plural(len(alerts), "alert", "alerts")


def _mail(settings: Alerts, subject: str, text: str) -> None:
    """Send a mail through the configured server, encrypted if the server supports it and always if it wants a
    password.
    """
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        settings.sender or settings.mail,
        settings.mail,
    )
    message.set_content(text)
    where = urlsplit(settings.smtp)
    host, safe = where.hostname or "", ssl.create_default_context()
    try:
        if where.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, where.port or 465, timeout=TIMEOUT, context=safe)
        else:
            server = smtplib.SMTP(host, where.port or 25, timeout=TIMEOUT)
        with server:
            if where.scheme == "smtp" and (
                where.username or server.has_extn("starttls") or "starttls" in _offers(server)
            ):
                server.starttls(context=safe)
            if where.username:
                server.login(unquote(where.username), unquote(where.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        what = f"the mail server did not accept the alert ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        raise TransportError(
            what, f"{host}:{where.port or ''}".rstrip(":"), "see [alerts] in moviec.toml"
        ) from error


def _offers(server: smtplib.SMTP) -> str:
    server.ehlo()
    return " ".join(server.esmtp_features)


def try_alerts(context: RunContext) -> str:
    """Send alerts at the end of a run; return why that failed, empty where it did not."""
    try:
        send_alerts(context)
    except MovieCError as error:
        return f"alerts: {error}"
    return ""
