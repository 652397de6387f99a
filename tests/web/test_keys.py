"""Who may ask, how often, and that keys stay secret: accounts, keys, limits, use, the admin's endpoints."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.accounts import NewKey, create_account, create_key, disable_account, revoke_key
from moviec.catalog.schema.serving import keys
from moviec.web.callers import BELIEVED, address_of, counted_as, trusted_proxies
from moviec.web.rate_counts import Own, Table, Together
from tests.web.conftest import Api, made_home, serving


def shown(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def closed(template: Path, tmp_path: Path) -> Any:
    with serving(made_home(template, tmp_path, anonymous=False)) as found:
        yield found


def test_without_anonymous_access_everything_takes_a_key(closed: Api) -> None:
    for path in ("/", "/v1/movies/mc1", "/v1/usage", "/movies/mc1"):
        answer = closed.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert closed.get(path).status_code == 200
    key = closed.key()
    for headers in (shown(key), {"X-API-Key": key}, {"Authorization": f"bearer  {key}"}):
        assert closed.get("/v1/movies/mc1", headers=headers).status_code == 200
    for text in (
        "",
        "Basic abc",
        "Bearer",
        "Bearer ",
        f"Bearer {key}x",
        f"Bearer {key[:-1]}",
        "Bearer " + "x" * 5000,
    ):
        assert closed.get("/v1/movies/mc1", headers={"Authorization": text}).status_code == 401, text


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/search?query=x", "/movies/mc1", "/genres/1", "/nosuch"])
def test_a_browser_is_shown_how_to_get_in_and_a_program_told_in_json(closed: Api, path: str) -> None:
    page = closed.get(path, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert "anonymous = true" in page.text and "moviec keys create" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for linked in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text):
        assert closed.get(linked).status_code == 200, "the page's own files need no key"
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        assert closed.get(path, headers=headers).json()["error"]["code"] == "unauthorized"
    assert closed.get("/v1/movies/mc1", headers=BROWSER).json()["error"]["code"] == "unauthorized"


def test_a_browser_that_asks_too_often_is_shown_a_page(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path, anonymous_limit=1)) as api:
        pages = [api.get("/", headers=BROWSER) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 429]
    assert "ore than 1 requests in a minute" in pages[1].text and "</html>" in pages[1].text


def test_a_key_has_exactly_its_limit(api: Api) -> None:
    for limit in (1, 3):
        key = shown(api.key(per_minute=limit))
        answers = [api.get("/v1/genres", headers=key) for _ in range(limit + 2)]
        assert [answer.status_code for answer in answers] == [200] * limit + [429, 429]
        assert [int(answer.headers["ratelimit-remaining"]) for answer in answers[:limit]] == list(
            range(limit)
        )[::-1]
        assert {answer.headers["ratelimit-limit"] for answer in answers} == {str(limit)}
        refused = answers[-1]
        assert refused.json()["error"]["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60


@pytest.fixture(params=["own", "together"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    return Own() if request.param == "own" else Together(tmp_path / "counts")


def test_a_window_counts_until_it_is_over(table: Table) -> None:
    assert [table.add("past", 0, 1) for _ in range(2)] == [1, 1]
    assert [table.add(who, 60, 1) for who in ("a", "b", "a")] == [1, 1, 2]
    assert (table.find("a")[0], table.find("nobody")[0]) == (2, 0)
    assert table.find("a")[1] > table.find("nobody")[1]
    table.clear()
    assert table.find("a")[0] == 0


def test_those_whose_minute_is_over_are_forgotten() -> None:
    table = Own()
    for n in range(100):
        table.add(f"past {n}", 0, 1)
    table.add("a", 60, 1)
    assert len(table) == 1


def test_processes_count_together_and_a_full_table_forgets_whose_minute_ends_first(tmp_path: Path) -> None:
    left, right = Together(tmp_path / "counts"), Together(tmp_path / "counts")
    assert [table.add("a", 60, 1) for table in (left, right, left)] == [1, 2, 3]
    for n in range(2 * Together.SLOTS):
        left.add(f"caller {n}", 10, 1)
    assert right.find("a")[0] == 3


def test_an_address_has_its_own_limit_and_a_proxy_is_believed_only_where_configured(
    template: Path, tmp_path: Path
) -> None:
    settings = {"anonymous_limit": 1, "proxies": "10.0.0.0/8"}
    with serving(made_home(template, tmp_path, **settings)) as api:
        assert api.get("/v1/genres").status_code == 200
        # The test client is no proxy of ours: what it forwards does not count.
        assert api.get("/v1/genres", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 429
    trusted = trusted_proxies("10.0.0.0/8, 192.168.1.1")
    assert address_of("10.1.1.1", "9.9.9.9, 1.2.3.4, 192.168.1.1", trusted) == "1.2.3.4"
    assert address_of("10.1.1.1", "", trusted) == "10.1.1.1"
    assert address_of("8.8.8.8", "1.2.3.4", trusted) == "8.8.8.8"
    assert address_of("10.1.1.1", "1.2.3.4:5678", trusted) == "1.2.3.4"
    assert address_of("10.1.1.1", "[2001:db8::1]:5678", trusted) == "2001:db8::1"
    assert address_of("10.1.1.1", "2001:db8::1", trusted) == "2001:db8::1"


def test_a_network_of_ipv6_is_one_caller() -> None:
    assert (
        counted_as("2001:db8:1:2::1") == counted_as("2001:db8:1:2:ffff::9") != counted_as("2001:db8:1:3::1")
    )
    assert counted_as("::ffff:1.2.3.4") == counted_as("1.2.3.4") == "1.2.3.4"
    assert counted_as("nonsense") == "nonsense"


def test_revoked_keys_and_disabled_accounts_are_refused_within_a_second(api: Api) -> None:
    create_account(api.server.catalogue, "acme")
    mine, number = create_key(api.server.catalogue, NewKey("one"))
    theirs, _ = create_key(api.server.catalogue, NewKey("two", "acme"))
    for key in (mine, theirs):
        assert api.get("/v1/genres", headers=shown(key)).status_code == 200
    revoke_key(api.server.catalogue, number)
    disable_account(api.server.catalogue, "acme")
    time.sleep(BELIEVED + 0.1)
    assert BELIEVED < 1
    for key in (mine, theirs):
        assert api.get("/v1/genres", headers=shown(key)).status_code == 401


def test_a_key_is_kept_as_its_hash(api: Api) -> None:
    key = api.key()
    with api.server.catalogue.connect() as connection:
        row = connection.execute(sa.select(keys).where(keys.c.prefix == key[:8])).one()
    assert key not in str(row)
    assert len(row.hash) == 64


def test_use_is_told_to_the_key_that_asks(api: Api) -> None:
    mine, other = shown(api.key(per_minute=3)), shown(api.key())
    api.get("/v1/genres", headers=other)
    api.get("/v1/genres", headers=mine)
    told = api.json("/v1/usage", headers=mine)
    assert (told["per_minute"], told["left"], told["account"], told["scope"]) == (3, 1, "default", "read")
    assert [(day["requests"], day["refused"]) for day in told["days"]] == [(2, 0)]
    for _ in range(3):
        api.get("/v1/genres", headers=mine)
    api.server.usage.write()
    with api.server.catalogue.connect() as connection:
        rows = connection.execute(sa.text("SELECT key, requests, refused FROM usage ORDER BY key")).all()
    assert sorted((row.requests, row.refused) for row in rows) == [(1, 0), (3, 2)]


ADMIN = [
    ("GET", "/v1/admin/accounts", None), ("POST", "/v1/admin/accounts", {"name": "acme"}), ("POST", "/v1/admin/accounts/acme/disable", None),
    ("GET", "/v1/admin/keys", None), ("POST", "/v1/admin/keys", {"name": "k"}), ("DELETE", "/v1/admin/keys/1", None),
    ("POST", "/v1/admin/ingest", {"source": "imdb"}), ("POST", "/v1/admin/decisions", {"left": "imdb:1", "right": "tmdb:2", "verdict": "same"}),
    ("POST", "/v1/admin/quarantine/replay", {}), ("POST", "/v1/admin/failures/replay", {}),
]  # fmt: skip


def test_admin_endpoints_take_an_admin_key(api: Api) -> None:
    reader, admin = shown(api.key()), shown(api.key("admin"))
    for method, path, body in ADMIN:
        assert api.client.request(method, path, json=body).status_code == 401, path
        assert api.client.request(method, path, json=body, headers=reader).status_code == 403, path
        if body is not None:
            sly = path.replace("/v1/admin", "/v1//admin")
            assert api.client.request(method, sly, json=body, headers=reader).status_code in (403, 404), sly
    assert api.bench.asked == []
    for method, path, body in ADMIN:
        answer = api.client.request(method, path, json=body, headers=admin)
        assert answer.status_code in (200, 201), (path, answer.text)
    ingest, verdict, source, numbers = api.bench.asked
    assert (ingest.source, verdict.left, verdict.same, source, numbers) == ("imdb", "imdb:1", True, None, [])


def test_an_admin_makes_accounts_and_keys_that_work(api: Api) -> None:
    admin = shown(api.key("admin"))

    def post(path: str, **body: Any) -> Any:
        return api.client.post(path, json=body, headers=admin)

    assert post("/v1/admin/accounts", name="acme").status_code == 201
    assert post("/v1/admin/accounts", name="acme").status_code == 409
    assert post("/v1/admin/keys", account="nobody").status_code == 404
    assert post("/v1/admin/keys", per_minute=0).status_code == 422
    made = post("/v1/admin/keys", account="acme", per_minute=5).json()
    assert api.get("/v1/genres", headers=shown(made["key"])).headers["ratelimit-limit"] == "5"
    listed = api.json("/v1/admin/keys", headers=admin)
    assert made["key"] not in json.dumps(listed)
    assert {key["account"] for key in listed["items"]} == {"acme", "default"}
    assert post("/v1/admin/accounts/acme/disable").status_code == 200
    assert post("/v1/admin/accounts/nobody/disable").status_code == 404
    gone = api.client.delete(f"/v1/admin/keys/{made['number']}", headers=admin)
    assert gone.status_code == 200
    assert api.client.delete("/v1/admin/keys/999", headers=admin).status_code == 404


def test_what_the_stages_refuse_is_409(api: Api) -> None:
    answer = api.client.post("/v1/admin/ingest", json={"source": "nobody"}, headers=shown(api.key("admin")))
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        409,
        "nobody: no such source; see `moviec sources`",
    )
