"""What changed, in order: by pages, as a stream, and where it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.web.catalogue import FILMS, Made, publish
from tests.web.conftest import Api, made_home, serving

NEW = "2026-11-10T08:00:00+00:00"


def test_the_log_is_read_in_order_without_gaps(either: Api) -> None:
    numbers: list[int] = []
    after = 0
    while page := either.json(f"/v1/changes?after={after}&limit=30")["items"]:
        numbers += [entry["number"] for entry in page]
        after = page[-1]["number"]
    assert numbers == list(range(1, len(FILMS) + 1))
    end = either.json(f"/v1/changes?after={after}")
    assert (end["items"], end["last"], end["head"]) == ([], after, after)
    with either.server.catalogue.begin() as connection:
        publish(connection, [Made(900, "Zebra", 2024)], NEW)
    (entry,) = either.json(f"/v1/changes?after={after}")["items"]
    assert (entry["number"], entry["id"], entry["kind"], entry["fields"]) == (
        after + 1,
        "mc900",
        "created",
        {"title": [None, "Zebra"]},
    )


def events(text: str) -> list[dict[str, Any]]:
    """Read server-sent events as a browser does."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            assert fields["event"] == "change"
            found.append({"id": int(fields["id"]), **json.loads(fields["data"])})
    return found


def test_webhooks_belong_to_an_account(either: Api) -> None:
    mine, other = ({"X-API-Key": either.key(account="default")}, {"X-API-Key": _key_of(either, "acme")})
    assert either.client.post("/v1/webhooks", json={"url": "https://a.example/"}).status_code == 401
    made = either.client.post("/v1/webhooks", json={"url": "https://a.example/hook"}, headers=mine)
    assert made.status_code == 201
    hook = made.json()
    assert (hook["state"], hook["position"], hook["secret"][:6]) == ("active", len(FILMS), "whsec_")
    (listed,) = either.json("/v1/webhooks", headers=mine)["items"]
    assert listed == {name: value for name, value in hook.items() if name != "secret"}
    assert either.json("/v1/webhooks", headers=other)["items"] == []
    where = f"/v1/webhooks/{hook['id']}"
    assert either.client.delete(where, headers=other).status_code == 404
    assert either.client.delete(where, headers=mine).status_code == 200
    assert either.client.delete(where, headers=mine).status_code == 404
    for url in ("ftp://a.example/", "a.example", "https://a b/", "https://a.example/" + "x" * 2000):
        assert either.client.post("/v1/webhooks", json={"url": url}, headers=mine).status_code == 422, url


def test_an_account_has_so_many_webhooks_and_no_more(api: Api) -> None:
    mine = {"X-API-Key": api.key()}
    answers = [
        api.client.post("/v1/webhooks", json={"url": f"https://a.example/{n}"}, headers=mine)
        for n in range(21)
    ]
    assert [answer.status_code for answer in answers] == [201] * 20 + [409]


def _key_of(api: Api, account: str) -> str:
    from moviec.catalog.accounts import create_account

    create_account(api.server.catalogue, account)
    return api.key(account=account)


def test_a_follower_that_knows_more_than_there_is_is_told_so(api: Api) -> None:
    newest = api.json("/v1/changes?limit=1")["head"]
    assert api.json(f"/v1/changes?after={newest}")["items"] == []
    for path in (f"/v1/changes?after={newest + 1}", f"/v1/changes/stream?after={newest + 1}"):
        beyond = api.get(path)
        assert (beyond.status_code, beyond.json()["error"]["code"]) == (410, "beyond_the_log")
        assert beyond.json()["error"]["details"] == {"head": newest}


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        ({"url": "http://127.0.0.1/hook"}, "url", "not a public internet address"),
        ({"url": "http://localhost:8000/"}, "url", "not a public internet address"),
        ({"url": "http://[::1]/"}, "url", "not a public internet address"),
        ({"url": "https://10.0.0.1/"}, "url", "not a public internet address"),
        ({"url": "http://2130706433/"}, "url", "not a public internet address"),
        ({"url": "ftp://a.example/"}, "url", "begins with http:// or https://"),
        (
            {"url": "https://a.example/", "filter": {"fields": ["nope"]}},
            "filter.fields",
            "no film has a field 'nope'",
        ),
        (
            {"url": "https://a.example/", "filter": {"genres": [1, 9999]}},
            "filter.genres",
            "there is no genre 9999",
        ),
        ({"url": "https://inside.example/hook"}, "url", "leads to 10.0.0.7, which is not a public address"),
        ({}, "url", "required"),
    ],
)
def test_a_webhook_that_could_never_be_sent_to_is_refused_with_the_reason(
    api: Api, body: dict[str, Any], name: str, reason: str
) -> None:
    answer = api.client.post("/v1/webhooks", json=body, headers={"X-API-Key": api.key()})
    error = answer.json()["error"]
    assert answer.status_code == 422
    assert [each["name"] for each in error["details"]] == [name]
    assert reason in error["message"]


def test_an_address_inside_is_taken_where_the_settings_let_it(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path, webhooks_private=True)) as api:
        made = api.client.post(
            "/v1/webhooks", json={"url": "http://127.0.0.1/"}, headers={"X-API-Key": api.key()}
        )
    assert made.status_code == 201
