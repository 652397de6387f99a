"""Concerns are told once, to whom the settings name, with what to do; and once more when they are over."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.config import open_home
from moviec.errors import TransportError, UsageError
from moviec.jobs.alerts import TO_DO, alerts_of, cause_of, send_alerts, send_test
from moviec.jobs.health import Check
from moviec.pipeline.opening import open_run
from tests.jobs.test_webhooks import Receiver
from tests.pipeline.test_due import Desk

HEALTH = (Path(__file__).resolve().parents[2] / "src/moviec/jobs/health.py").read_text("utf-8")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def desk(tmp_path: Path, receiver: Receiver) -> Desk:
    made = Desk(tmp_path)
    made.settings(
        f"webhooks_private = true\n[alerts]\nwebhook = '{receiver.url}'\n"
        f"[sources.club]\npath = '{made.inbox}/club'\n[sources.pub]\npath = '{made.inbox}/pub/films.csv'\n"
    )
    return made


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    bodies = [json.loads(body) for _, body in receiver.got]
    return [(each["state"], each["check"], each["of"]) for body in bodies for each in body["alerts"]]


def test_a_failed_run_is_told_once_with_what_to_do_and_when_it_is_over(
    desk: Desk, receiver: Receiver
) -> None:
    desk.drop("pub/films.csv", "Alien")
    (desk.inbox / "club").write_text("nonsense")
    assert desk.moviec("run").exit_code == 1
    assert desk.moviec("run").exit_code == 1
    assert told(receiver) == [("new", "last_run_failed", "ingest club")]
    body = json.loads(receiver.got[0][1])
    assert "To do: read the error, mend it" in body["text"]
    assert str(desk.home) in body["text"]
    (desk.inbox / "club").unlink()
    desk.drop("club/films.csv", "Heat")
    assert desk.moviec("run").exit_code == 0
    assert told(receiver)[1:] == [("over", "last_run_failed", "ingest club")]
    desk.moviec("run")
    assert len(receiver.got) == 2


def test_what_could_not_be_sent_is_told_the_next_time(desk: Desk, receiver: Receiver) -> None:
    receiver.status = 500
    desk.drop("pub/films.csv", *(f"Film {number}" for number in range(40)))
    desk.moviec("ingest", "pub", str(desk.inbox / "pub/films.csv"), "--delivered-at", "2026-01-04")
    home = open_home(desk.home, {})
    with open_run(home) as context:
        with pytest.raises(TransportError, match="answered 500"):
            send_alerts(context)
        receiver.status = 200
        assert [(each.check, each.of) for each in send_alerts(context)] == [("source_age_days", "pub")]
        assert send_alerts(context) == []
    assert "moviec sources check pub" in json.loads(receiver.got[-1][1])["text"]


def test_another_held_delivery_is_another_cause() -> None:
    first, second = (
        Check("source_held", "imdb", 1.0, f"2026-11-0{day} is held: it shrank") for day in (1, 2)
    )
    new, known = alerts_of({}, [first], "then")
    assert [alert.state for alert in new] == ["new"]
    new, _ = alerts_of(known, [second], "now")
    assert [(alert.state, alert.what[:10]) for alert in new] == [
        ("new", "2026-11-02"),
        ("over", "2026-11-01"),
    ]
    assert cause_of(Check("queue_seconds", "catalogue", 1.0, "5 wait")) == cause_of(
        Check("queue_seconds", "catalogue", 2.0, "7 wait")
    )


def test_every_check_that_can_be_a_concern_says_what_to_do() -> None:
    never = {"source_unmatched_share", "review_pairs", "queue_changes"}
    assert set(TO_DO) == set(re.findall(r'Check\(\s*"(\w+)"', HEALTH)) - never


class Mailbox(socketserver.StreamRequestHandler):
    """Takes a mail as a server does that knows no encryption."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        inside = False
        for line in self.rfile:
            self.server.got.append(line.decode().rstrip())  # type: ignore[attr-defined]
            if inside:
                inside = line != b".\r\n"
                answer = b"" if inside else b"250 taken\r\n"
            elif line.upper().startswith(b"DATA"):
                inside, answer = True, b"354 go on\r\n"
            else:
                answer = b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 yes\r\n"
            self.wfile.write(answer)


def test_a_mail_says_what_and_what_to_do(tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.got = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"smtp://127.0.0.1:{server.server_address[1]}"
        (tmp_path / "moviec.toml").write_text("[alerts]\nmail = 'ops@films.example'\n")
        send_test(open_home(tmp_path, {"MOVIEC_SMTP": address}))
        server.shutdown()
        said = "\n".join(server.got)  # type: ignore[attr-defined]
    assert "Subject: MovieC: test" in said
    assert "To: ops@films.example" in said
    assert "To do: nothing: alerts arrive" in said


def test_a_password_goes_over_no_open_line(tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.got = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"smtp://me:s3cret@127.0.0.1:{server.server_address[1]}"
        (tmp_path / "moviec.toml").write_text("[alerts]\nmail = 'ops@films.example'\n")
        with pytest.raises(TransportError) as error:
            send_test(open_home(tmp_path, {"MOVIEC_SMTP": address}))
        server.shutdown()
        assert "s3cret" not in str(error.value) + "".join(server.got)  # type: ignore[attr-defined]


@pytest.mark.parametrize("written", ["webhook = 'ftp://x'", "smtp = 'mail.example'", "phone = '1'"])
def test_settings_that_could_tell_nobody_are_refused(tmp_path: Path, written: str) -> None:
    (tmp_path / "moviec.toml").write_text(f"[alerts]\n{written}\n")
    with pytest.raises(UsageError):
        open_home(tmp_path, {})
    with pytest.raises(UsageError, match="no receiver"):
        send_test(open_home(tmp_path / "other", {}))
