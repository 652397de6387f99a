"""What waits for a person is listed to admins; webhooks are pinged, filtered, and tell what they were sent."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from moviec.catalog.ingest_queue import set_aside
from moviec.catalog.leases import begin_run, end_run
from moviec.catalog.schema.arrivals import deliveries, rejected_rows
from tests.web.conftest import Api

LISTS = ("review", "quarantine", "failures", "runs", "held")


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_admins(api: Api, name: str) -> None:
    assert api.get(f"/v1/admin/{name}").status_code == 401
    assert api.get(f"/v1/admin/{name}", headers={"X-API-Key": api.key()}).status_code == 403


def test_what_waits_is_listed(either: Api) -> None:
    admin = {"X-API-Key": either.key("admin")}
    catalogue = either.server.catalogue
    delivery = {
        "id": "20261121T000000Z-imdb-1", "source": "imdb", "delivered_at": "2026-11-21", "received_at": "2026-11-21",
        "fingerprint": "f", "complete": True, "state": "held", "records": 1, "report": {"shrunk": "from 9 to 1"},
    }  # fmt: skip
    row = {
        "delivery": delivery["id"],
        "role": "movies",
        "payload": None,
        "reason": "3 columns of 24",
        "text": "…",
        "state": "open",
    }
    with catalogue.begin() as connection:
        connection.execute(sa.insert(deliveries), [delivery])
        connection.execute(
            sa.insert(rejected_rows),
            [
                {**row, "source": source, "line": line}
                for line, source in enumerate(("imdb", "imdb", "kaggle"), 1)
            ],
        )
        set_aside(connection, "schedule", [{"source": "imdb"}], "no answer", 3)
    end_run(
        catalogue,
        begin_run(catalogue, "ingest imdb", "catalogue"),
        [{"name": "read", "seconds": 1.5}],
        "done",
    )
    found = {name: either.json(f"/v1/admin/{name}", headers=admin)["items"] for name in LISTS}
    assert [each["id"] for each in found["held"]] == [delivery["id"]]
    assert found["held"][0]["report"] == {"shrunk": "from 9 to 1"}
    assert [each["line"] for each in found["quarantine"]] == [1, 2, 3]
    assert found["failures"][0]["subject"] == {"source": "imdb"}
    assert (found["runs"][0]["command"], found["runs"][0]["steps"][0]["seconds"]) == ("ingest imdb", 1.5)
    assert found["review"][0]["left"]["movie"] == "mc1"
    page = either.json("/v1/admin/quarantine?source=imdb&limit=1", headers=admin)
    assert (page["total"], [each["line"] for each in page["items"]]) == (2, [1])
    rest = either.json(f"/v1/admin/quarantine?source=imdb&cursor={page['next']}", headers=admin)
    assert ([each["line"] for each in rest["items"]], rest["next"]) == ([2], None)


def test_a_webhook_is_pinged_and_tells_what_it_was_sent(either: Api) -> None:
    mine = {"X-API-Key": either.key()}
    body = {"url": "https://works.example/hook", "filter": {"fields": ["rating"], "kinds": ["updated"]}}
    made = either.client.post("/v1/webhooks", json=body, headers=mine).json()
    assert made["filter"] == body["filter"]
    assert made["secret"].startswith("whsec_")
    (listed,) = either.json("/v1/webhooks", headers=mine)["items"]
    assert (listed["filter"], "secret" in listed) == (body["filter"], False)
    pinged = either.client.post(f"/v1/webhooks/{made['id']}/ping", headers=mine).json()
    assert (pinged["kind"], pinged["changes"], pinged["error"]) == ("ping", 0, None)
    assert either.json(f"/v1/webhooks/{made['id']}/deliveries", headers=mine)["items"] == [pinged]
    broken = either.client.post("/v1/webhooks", json={"url": "https://broken.example/"}, headers=mine).json()
    assert "filter" not in broken or broken["filter"] is None
    assert (
        either.client.post(f"/v1/webhooks/{broken['id']}/ping", headers=mine).json()["error"]
        == "answered 500"
    )
    for method, part in (("POST", "ping"), ("GET", "deliveries")):
        assert either.client.request(method, f"/v1/webhooks/99/{part}", headers=mine).status_code == 404
        assert either.client.request(method, f"/v1/webhooks/{made['id']}/{part}").status_code == 401
    assert either.client.delete(f"/v1/webhooks/{made['id']}", headers=mine).status_code == 200


@pytest.mark.parametrize(
    "wanted", [{"fields": ["A B"]}, {"genres": [0]}, {"kinds": ["renamed"]}, {"odd": 1}, []]
)
def test_a_filter_that_is_none_is_422(api: Api, wanted: object) -> None:
    body = {"url": "https://works.example/hook", "filter": wanted}
    assert api.client.post("/v1/webhooks", json=body, headers={"X-API-Key": api.key()}).status_code == 422


def test_companies_are_found_by_any_spelling(either: Api) -> None:
    with either.server.catalogue.begin() as connection:
        party = connection.scalar(sa.text("SELECT id FROM companies WHERE name = 'Toho'"))
        connection.execute(
            sa.text(
                "INSERT INTO parties (kind, space, key, folded, party) VALUES ('companies', '', '', 'toho eiga', :party)"
            ),
            {"party": party},
        )
    for query in ("toho", "Toho Ei"):
        assert [each["name"] for each in either.json(f"/v1/production_companies?query={query}")["items"]] == [
            "Toho"
        ]
