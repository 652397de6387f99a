"""Alerts: what needs attention is told once to a webhook or by mail, with what to do about it; and once more when it is over.

What was told stands in the catalogue, so that workers on several hosts tell it once.
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

#: The catalogue's fact that holds what was told, by cause.
TOLD = "alerts_told"

#: Seconds that a mail server may take.
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
    """One concern as it is told: its cause, whose it is, what is wrong, what to do, and since when it is known."""

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
    """What was told of a cause, and when."""

    check: str
    of: str
    what: str
    since: str


def cause_of(check: Check) -> str:
    """Return what makes a concern the same one as before: which check, of what; of a held delivery also which one."""
    held = f" {check.concern.split(' ')[0]}" if check.name == "source_held" else ""
    return f"{check.name} {check.of}{held}"


def alerts_of(
    known: Mapping[str, Known], checks: Sequence[Check], now: str
) -> tuple[list[Alert], dict[str, Known]]:
    """Return what is to be told of checks where some causes are `known`, and what is known once it was."""
    concerns = {cause_of(check): check for check in checks if check.concern}
    after = {
        cause: known.get(cause) or Known(check.name, check.of, check.concern, now)
        for cause, check in concerns.items()
    }
    told = [_alert("new", after[cause]) for cause in concerns if cause not in known]
    told += [_alert("over", was) for cause, was in known.items() if cause not in concerns]
    return told, after


def send_alerts(context: RunContext) -> list[Alert]:
    """Look at everything, and tell what is new and what is over; return what was told.

    Nothing is looked at where nobody is to be told. Raises TransportError where it cannot be sent: it is tried again the
    next time, since nothing was noted.
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
            noted = fact(connection, TOLD) or "{}"
        known = msgspec.json.decode(noted, type=dict[str, Known])
        told, after = alerts_of(known, checks, now.isoformat(timespec="seconds"))
        if told:
            tell(context.home, told)
        if after != known:
            with writing(context.catalogue, beside=True) as connection:
                note_fact(connection, TOLD, msgspec.json.encode(after).decode())
    return told


def send_test(home: Home) -> None:
    """Send an alert that says it is a test. Raises UsageError where nobody is to be told, TransportError where it cannot be sent."""
    if not home.settings.alerts.wanted:
        hint = "set webhook, or mail and smtp, under [alerts] in moviec.toml"
        raise UsageError("nobody is to be told of alerts", "alerts", hint)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    test = Alert(
        state="test", check="test", of="", what="this is a test", todo="nothing: alerts arrive", since=now
    )
    tell(home, [test])


def tell(home: Home, alerts: Sequence[Alert]) -> None:
    """Send alerts to everybody who is to be told. Raises TransportError."""
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
    """Send a mail by the server of the settings, encrypted where the server can do that and always with a password."""
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
        what = f"the mail server did not take it ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        raise TransportError(
            what, f"{host}:{where.port or ''}".rstrip(":"), "see [alerts] in moviec.toml"
        ) from error


def _offers(server: smtplib.SMTP) -> str:
    server.ehlo()
    return " ".join(server.esmtp_features)


def try_alerts(context: RunContext) -> str:
    """Send what is to be told, for a run that ends; return what kept it from being sent, empty where nothing did."""
    try:
        send_alerts(context)
    except MovieCError as error:
        return f"alerts: {error}"
    return ""
