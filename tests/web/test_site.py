"""The site's pages: whatever a source's text holds is shown as text, every link leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

import msgspec
import pytest

from moviec.web.pages import contributions, interval
from tests.web.catalogue import FILMS, Made, publish
from tests.web.conftest import Api

HOSTILE = (
    "</title><script>alert(1)</script> \"><img src=x onerror='alert(2)'> {{ 7 * 7 }} javascript:alert(3)"
)

PAGES = ["/", "/search?query=matrix", "/search?genre=Drama&sort=rating", "/search?query=zzzzzz", "/movies/mc1", "/movies/imdb:tt0000005",
         "/genres/year/1999", "/companies/year/1999?measure=votes", "/genres/year/1890", "/docs"]  # fmt: skip


class Page(HTMLParser):
    """A page's elements; complains of what is not closed."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "line", "rect", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def names(page: Page) -> set[str]:
    return {name for name, _ in page.elements}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_accessible_and_takes_nothing_from_elsewhere(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = Page(answer.text)
    if path != "/docs":
        assert page.open == []
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert dict(page.elements)["html"]["lang"] == "en"
    assert any(one.get("name") == "viewport" for name, one in page.elements if name == "meta")
    for name, one in page.elements:
        for link in (one.get("href"), one.get("src"), one.get("action")):
            assert link is None or not re.match("[a-z]+:|//", link), link
        assert name != "img" or one.get("alt") is not None
        assert name != "svg" or one.get("aria-label")
        assert not any(attribute.startswith("on") for attribute in one)


def test_every_link_of_the_site_leads_somewhere(api: Api) -> None:
    seen, ahead = set(PAGES), list(PAGES)
    for path in ahead:
        page = Page(api.get(path).text)
        for one in (attributes.get("href") for _, attributes in page.elements):
            target = urljoin(path, one or "").partition("#")[0]
            if one and target not in seen and len(seen) < 150:
                seen.add(target)
                assert api.get(target).status_code in (200, 308), (path, target)
    assert len(seen) > 60


@pytest.mark.parametrize(
    ("path", "status"), [("/movies/mc99999999", 404), ("/nope", 404), ("/search?year=abc", 400)]
)
def test_a_browser_gets_a_page_for_what_goes_wrong_and_a_program_json(
    api: Api, path: str, status: int
) -> None:
    page = api.get(path, headers={"Accept": "text/html,*/*"})
    assert page.status_code == status and page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text and 'href="/"' in page.text
    for program in (api.get(path), api.get("/v1/movies/mc99999999", headers={"Accept": "text/html"})):
        assert program.json()["error"]["message"]


def test_hostile_text_is_shown_as_text(api: Api) -> None:
    film = Made(
        900,
        HOSTILE,
        1999,
        director=HOSTILE,
        company=HOSTILE,
        votes=10**9,
        others=((HOSTILE, "de"),),
        original=HOSTILE,
    )
    with api.site.catalogue.begin() as connection:
        publish(connection, [film], "2026-11-10T08:00:00+00:00")
    api.refresh_index()
    for path in (
        "/",
        "/movies/mc900",
        "/search?query=alert",
        f"/search?query={HOSTILE[:60]}",
        "/search?query=%22%3E%3Cscript%3E",
    ):
        text = api.get(path).text
        page = Page(text)
        assert not {"script", "img"} & names(page), path
        assert "49" not in re.findall(r"onerror='alert\(2\)'&gt; (\w+)", text)
    assert HOSTILE in unescape(api.get("/movies/mc900").text)


def test_charts_escape_and_draw_what_is_given() -> None:
    drawn = contributions(
        {"contributions": [{"rater": "<b>", "points": -3.0}, {"rater": "imdb", "points": 6.0}]}
    )
    assert "<b>" not in drawn
    lengths = [float(width) for width in re.findall(r'<rect[^>]* width="([0-9.]+)"', drawn)]
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=0.2)
    line = interval({"c_rating": 50.0, "low": 40.0, "high": 60.0})
    assert 'cx="320.0"' in line
    assert 'x="256.0" y="13" width="128.0"' in line
    assert interval({}) == contributions({}) == ""


def test_the_movie_page_shows_facts_rating_and_claims(api: Api) -> None:
    text = unescape(api.get("/movies/mc5").text)
    for shown in (
        "Amélie",
        "Le Fabuleux Destin",
        "Comedy",
        "Romance",
        "UGC",
        "$10,000,000",
        "C-rating 85",
        "weighted_vote",
        "770,000",
    ):
        assert shown in text, shown
    assert api.get("/movies/mc50").headers["location"] == "/movies/mc1"
    assert api.get("/movies/mc4711").status_code == 404


def test_pages_follow_the_catalogue(api: Api) -> None:
    etag = api.get("/movies/mc1").headers["etag"]
    with api.site.catalogue.begin() as connection:
        publish(connection, [msgspec.structs.replace(FILMS[0], year=2000)], "2026-11-10T08:00:00+00:00")
    assert api.get("/movies/mc1").headers["etag"] != etag
