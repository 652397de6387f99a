"""Feeds are XML that a reader of feeds takes, with entries that lead to films."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests.web.catalogue import Made, publish
from tests.web.conftest import Api

ATOM = "{http://www.w3.org/2005/Atom}"


def test_changes_are_a_feed(either: Api) -> None:
    with either.server.catalogue.begin() as connection:
        publish(connection, [Made(1, "The <Matrix> & \x0b more", 1999)], "2026-11-20T08:00:00+00:00")
    answer = either.get("/feeds/changes.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(answer.content)
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) == 50
    first = entries[0]
    assert first.findtext(f"{ATOM}title") == "The Matrix (1999): changed"
    assert first.findtext(f"{ATOM}summary") == "updated: title (imdb)"
    assert root.findtext(f"{ATOM}updated") == first.findtext(f"{ATOM}updated") == "2026-11-20T08:00:00+00:00"
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 50
    link = first.find(f"{ATOM}link")
    assert link is not None
    assert either.get(link.attrib["href"].replace("http://testserver.local", "")).status_code == 200
    rss = ElementTree.fromstring(either.get("/feeds/changes.rss").content)
    items = rss.findall("channel/item")
    assert parsedate_to_datetime(items[0].findtext("pubDate") or "") == dt.datetime(
        2026, 11, 20, 8, tzinfo=dt.UTC
    )
    assert [item.findtext("title") for item in items] == [entry.findtext(f"{ATOM}title") for entry in entries]


def test_new_films_that_are_rated_best_are_a_feed(api: Api) -> None:
    year = dt.datetime.now(dt.UTC).year
    month = max(dt.datetime.now(dt.UTC).month - 1, 1)
    films = [
        Made(900 + place, f"New {place}", year, (genre,), votes=5_000, c_rating=rating, month=month)
        for place, (genre, rating) in enumerate((("Drama", 60.0), ("Horror", 90.0), ("Drama", 80.0)))
    ]
    with api.server.catalogue.begin() as connection:
        publish(connection, films)
    api.refresh_index()

    def titles(query: str = "") -> list[str]:
        rss = ElementTree.fromstring(api.get(f"/feeds/top.rss{query}").content)
        return [item.findtext("title") or "" for item in rss.findall("channel/item")]

    assert titles() == [f"New 1 ({year}): 90", f"New 2 ({year}): 80", f"New 0 ({year}): 60"]
    assert titles("?genre=drama") == [f"New 2 ({year}): 80", f"New 0 ({year}): 60"]
    root = ElementTree.fromstring(api.get("/feeds/top.atom?genre=horror").content)
    assert [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")] == [
        f"New 1 ({year}): 90"
    ]


@pytest.mark.parametrize("name", ["changes", "changes.json", "all.atom", "top.atom.rss"])
def test_what_is_no_feed_is_404(read_api: Api, name: str) -> None:
    assert read_api.get(f"/feeds/{name}").status_code == 404


def test_a_feed_that_is_known_is_not_sent_again(read_api: Api) -> None:
    etag = read_api.get("/feeds/changes.atom").headers["etag"]
    assert read_api.get("/feeds/changes.atom", headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_a_feed_without_entries_is_as_new_as_the_catalogue_and_its_page_keeps_the_filters(
    read_api: Api, kind: str
) -> None:
    answer = read_api.get(
        f"/feeds/top.{kind}?genre=horror&min_votes=100&released_from=2023-05-01&released_to=2023-05-02"
    )
    root = ElementTree.fromstring(answer.content)
    newest = read_api.json("/v1/changes?after=0&limit=1000")["items"][-1]["at"]
    if kind == "rss":
        assert root.findall("channel/item") == []
        built = parsedate_to_datetime(root.findtext("channel/lastBuildDate") or "")
        assert built == dt.datetime.fromisoformat(newest).replace(microsecond=0)
        page = root.findtext("channel/link") or ""
    else:
        assert root.findtext(f"{ATOM}updated") == newest
        page = root.findall(f"{ATOM}link")[1].attrib["href"]
    asked = parse_qs(urlsplit(page).query)
    assert asked == {
        "genre": ["horror"],
        "min_votes": ["100"],
        "released_from": ["2023-05-01"],
        "released_to": ["2023-05-02"],
        "sort": ["rating"],
    }
    assert read_api.get(page.replace("http://testserver.local", "")).status_code == 200
