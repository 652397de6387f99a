"""The site's pages: whatever a source's text holds is shown as text, every link leads somewhere, nothing comes from elsewhere,
and only who has an admin key runs operations.
"""

from __future__ import annotations

import io
import re
import time
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

import msgspec
import pyarrow.parquet
import pytest

from moviec.catalog.accounts import revoke_key
from moviec.catalog.rankings import YearOf
from moviec.web.callers import COOKIE, LASTS, csrf_of
from moviec.web.site import charts
from moviec.web.site.browse import Chip
from moviec.web.site.drawings import look, rating_scale
from moviec.web.site.explore import MOST_LINES
from moviec.web.site.home import shares
from moviec.web.site.movie import expected_of, raters_of
from moviec.web.site.provenance import facts_of
from moviec.web.site.rendering import templates
from moviec.web.site.words import MEASURES, amount, changed, day, duration, elsewhere, money, rater, schedule
from moviec.web.workbench import Verdict
from tests.web.catalogue import FILMS, Made, publish
from tests.web.conftest import Api, made_home, serving

HOSTILE = (
    "</title><script>alert(1)</script> \"><img src=x onerror='alert(2)'> {{ 7 * 7 }} javascript:alert(3)"
)

PAGES = ["/", "/search?query=matrix", "/search?genre=Drama&sort=rating", "/search?query=zzzzzz", "/search?person=5054508&decade=2010",
         "/movies/mc1", "/movies/imdb:tt0000005", "/movies/mc1/history", "/people", "/people?query=pacino", "/people/78636", "/companies",
         "/companies?query=warner", "/companies/1681691", "/genres", "/genres/4", "/collections", "/collections/the-godfather-collection",
         "/sources", "/sources/imdb", "/records/imdb/tt0000001", "/explore", "/explore?kind=companies&first=1999&last=1999",
         "/explore?view=lines&first=1995&last=2003", "/explore/films?ids=1&first=1999&last=2003", "/methods", "/sign-in", "/docs"]  # fmt: skip
OPERATIONS = ["/operations", "/operations/review", "/operations/decisions", "/operations/held", "/operations/quarantine", "/operations/failures",
              "/operations/review/effect?left=imdb:tt1&right=kaggle:603"]  # fmt: skip


class Page(HTMLParser):
    """A page's elements; complains of what is not closed."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "source"})

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


def _scripts(page: Page) -> set[str | None]:
    return {attributes.get("src") for name, attributes in page.elements if name == "script"}


def _signed_in(api: Api, scope: str = "admin") -> tuple[dict[str, str], str]:
    """Sign in with a new key; give the headers that a browser sends from then on, and its CSRF token."""
    answer = api.client.post("/sign-in", content=f"key={api.key(scope)}", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    session = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    api.client.cookies.clear()
    return {"Cookie": f"{COOKIE}={session}", "Accept": "text/html"}, csrf_of(session)


def _check_whole(text: str) -> None:
    page = Page(text)
    assert page.open == []
    assert dict(page.elements)["html"]["lang"] == "en"
    assert any(one.get("name") == "viewport" for name, one in page.elements if name == "meta")
    ids = [one["id"] for _, one in page.elements if one.get("id")]
    assert len(ids) == len(set(ids))
    for name, one in page.elements:
        for link in (
            one.get("src"),
            one.get("action"),
            one.get("srcset"),
            one.get("href") if name != "a" else None,
        ):
            assert link is None or not re.match("[a-z]+:|//", link), link
        if name == "a" and not (one.get("href") or "").startswith(("/", "?", "#")):
            assert str(one["href"]).startswith("https://") and "noopener" in str(one["rel"]), one
        assert name != "img" or one.get("alt") is not None
        assert name != "svg" or one.get("aria-label") or one.get("aria-hidden")
        assert "style" not in one and not any(attribute.startswith("on") for attribute in one)
        assert name != "style" and (name != "script" or one.get("src"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_accessible_and_takes_nothing_from_elsewhere(read_api: Api, path: str) -> None:
    answer = read_api.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert len(answer.content) < 100_000
    if path != "/docs":
        _check_whole(answer.text)


def test_every_answer_has_a_policy_that_lets_nothing_in_from_elsewhere(read_api: Api) -> None:
    for path in (
        "/",
        "/v1/movies/mc1",
        "/static/site.css",
        "/nope",
        "/healthz",
        "/explore/chart.svg?first=1999&last=1999",
    ):
        policy = read_api.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


def test_every_link_of_the_site_leads_somewhere(read_api: Api) -> None:
    seen, ahead = set(PAGES), list(PAGES)
    for path in ahead:
        page = Page(read_api.get(path).text)
        for one in (attributes.get("href") for _, attributes in page.elements):
            target = urljoin(path, one or "").partition("#")[0]
            if one and target.startswith("/") and target not in seen and len(seen) < 220:
                seen.add(target)
                if target.startswith("/records/") and not target.endswith("tt0000001"):
                    continue  # the workbench of these tests knows one record
                answer = read_api.get(target)
                assert answer.status_code in (200, 308), (path, target)
    assert len(seen) > 120


@pytest.mark.parametrize(
    ("path", "status"),
    [("/movies/mc99999999", 404), ("/nope", 404), ("/search?year=abc", 400), ("/people/0", 404), ("/genres/99", 404),
     ("/companies/x", 404), ("/collections/none", 404), ("/sources/none", 404), ("/records/imdb/none", 404), ("/explore/none", 404),
     ("/explore?kind=films", 400), ("/explore/chart.svg?measure=movies&by=mean", 400), ("/operations", 401)],
)  # fmt: skip
def test_a_browser_gets_a_page_for_what_goes_wrong_and_a_program_json(
    read_api: Api, path: str, status: int
) -> None:
    page = read_api.get(path, headers={"Accept": "text/html,*/*"})
    assert page.status_code == status and page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text and 'href="/"' in page.text
    _check_whole(page.text)
    for program in (
        read_api.get(path),
        read_api.get("/v1/movies/mc99999999", headers={"Accept": "text/html"}),
    ):
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
    with api.server.catalogue.begin() as connection:
        publish(connection, [film], "2026-11-10T08:00:00+00:00")
    api.refresh_index()
    for path in (
        "/",
        "/movies/mc900",
        "/search?query=alert",
        f"/search?query={HOSTILE[:60]}",
        "/search?query=%22%3E%3Cscript%3E",
        "/suggest?query=alert",
        f"/people?query={HOSTILE[:60]}",
        "/sign-in?next=%22%3E%3Cscript%3E",
    ):
        text = api.get(path, headers={"Accept": "text/html"}).text
        page = Page(text)
        assert _scripts(page) <= {"/static/site.js", "/static/explore.js"}, path
        assert "img" not in {name for name, _ in page.elements}, path
        assert "49" not in re.findall(r"onerror='alert\(2\)'&gt; (\w+)", text)
    assert HOSTILE in unescape(api.get("/movies/mc900").text)


def test_the_movie_page_shows_facts_rating_and_claims(read_api: Api) -> None:
    text = unescape(read_api.get("/movies/mc5").text)
    for shown in ("Amélie", "Le Fabuleux Destin", "Comedy", "Romance", "UGC", "$10 million", "C-rating 85 of 100", "770,000",
                  'id="claims-year"', "France", "https://www.imdb.com/title/tt0000005/"):  # fmt: skip
        assert shown in text, shown
    tags = text[text.index("Comedy") :].split("</p>")[0]
    assert "31%" in tags.partition("Romance")[2], "a genre that is not sure says how sure it is"
    assert "98%" not in tags
    assert read_api.get("/movies/mc50").headers["location"] == "/movies/mc1"
    assert read_api.get("/movies/mc4711").status_code == 404
    assert "The Matrix Reloaded" in read_api.get("/movies/mc1").text  # a similar film
    assert "/search?collection=" in read_api.get("/movies/mc1").text


def test_pages_follow_the_catalogue(api: Api) -> None:
    etag = api.get("/movies/mc1").headers["etag"]
    with api.server.catalogue.begin() as connection:
        publish(connection, [msgspec.structs.replace(FILMS[0], year=2000)], "2026-11-10T08:00:00+00:00")
    assert api.get("/movies/mc1").headers["etag"] != etag


def test_as_one_types_films_and_persons_are_suggested(read_api: Api) -> None:
    for query, wanted in {"godf": "The Godfather", "keanu": "Keanu Reeves", "amelie": "Amélie"}.items():
        text = read_api.get(f"/suggest?query={query}").text
        page = Page(text)
        assert wanted in text
        options = [one for name, one in page.elements if one.get("role") == "option"]
        assert options and all(
            str(one["href"]).startswith(("/movies/", "/people/", "/search?")) for one in options
        )
    assert "option" not in read_api.get("/suggest?query=").text


def test_filters_are_shown_as_chips_that_take_them_off(read_api: Api) -> None:
    text = unescape(read_api.get("/search?genre=4&genre=3&country=US&runtime_from=100&person=5054508").text)
    chips = re.findall(r'<a href="/search\?([^"]*)" aria-label="Take off: ([^"]+)"', text)
    labels = [label for _, label in chips]
    assert {"Drama", "Crime", "United States", "100 min or longer"} <= set(labels)
    without = {label: query for query, label in chips}
    assert "genre=3" in without["Drama"] and "country=US" in without["Drama"]
    assert "genre=4%2C3" in without["United States"]
    alone = read_api.get(
        "/search?year_from=&country=&query=heat&genre=4"
    ).text  # fields that a form left empty
    assert "2 films" in alone and Chip("Drama", "query=heat").label in alone


def test_few_films_bring_what_may_be_meant(read_api: Api) -> None:
    text = read_api.get("/search?query=the+godfather&genre=Comedy").text
    assert "No film matches" in text and "Did you mean" in text and "The Godfather" in text


def test_figures_come_in_every_form_and_lead_to_their_films(read_api: Api) -> None:
    ask = "kind=companies&first=1999&last=2003"
    assert (
        read_api.get(f"/explore/data.csv?{ask}").text.splitlines()[0].replace('"', "")
        == "id,name,value,known,films"
    )
    items = read_api.json(f"/explore/data.json?{ask}")["items"]
    assert [row["name"] for row in items] == sorted(
        (row["name"] for row in items),
        key=lambda name: -next(row["value"] for row in items if row["name"] == name),
    )
    table = pyarrow.parquet.read_table(io.BytesIO(read_api.get(f"/explore/data.parquet?{ask}").content))
    assert table["name"].to_pylist() == [row["name"] for row in items]
    assert read_api.get(f"/explore/chart.svg?{ask}").text.startswith("<svg")
    assert read_api.get(f"/explore/chart.png?{ask}").content.startswith(b"\x89PNG")
    warner = next(row for row in items if row["name"] == "Warner Bros.")
    text = read_api.get(f"/explore/films?{ask}&ids={warner['id']}").text
    assert text.index("The Matrix Reloaded") < text.index("$463.52M")  # the larger gross first
    assert "$1.20B" in text  # of both together


def test_a_visitor_without_a_key_is_asked_for_one_and_comes_in_with_it(template, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with serving(made_home(template, tmp_path, anonymous=False)) as api:
        shut = api.get("/movies/mc1", headers={"Accept": "text/html"})
        assert shut.status_code == 401 and 'name="key"' in shut.text and 'value="/movies/mc1"' in shut.text
        assert api.get("/sign-in", headers={"Accept": "text/html"}).status_code == 200
        assert api.get("/static/site.css").status_code == 200
        headers, csrf = _signed_in(api, "read")
        assert api.get("/movies/mc1", headers=headers).status_code == 200
        assert api.get("/v1/movies/mc1", headers=headers).status_code == 401  # programs show their key
        assert api.get("/operations", headers=headers).status_code == 403
        left = api.client.post("/sign-out", content=f"csrf={csrf}", headers=headers, follow_redirects=False)
        assert left.status_code == 303 and "Max-Age=0" in left.headers["set-cookie"]


def test_a_session_ends_with_its_key_and_with_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, _ = _signed_in(api)
    cookie = headers["Cookie"]
    assert api.get("/operations", headers=headers).status_code == 200
    for wrong in (cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), cookie.replace("=", "=9"), f"{COOKIE}=", f"{COOKIE}=1.2.3",
                  f"{COOKIE}={'9' * 150}.1.1", f"{COOKIE}=1.x.2"):  # fmt: skip
        answer = api.get("/operations", headers={**headers, "Cookie": wrong})
        assert answer.status_code == 401, wrong
    later = time.time() + LASTS + 2
    monkeypatch.setattr("moviec.web.callers.time.time", lambda: later)
    api.server.sessions._seen.clear()
    assert api.get("/operations", headers=headers).status_code == 401
    monkeypatch.undo()
    api.server.sessions._seen.clear()
    number = int(cookie.partition("=")[2].partition(".")[0])
    revoke_key(api.server.catalogue, number)
    assert api.get("/operations", headers=headers).status_code == 401


def test_a_wrong_key_opens_nothing_and_may_not_be_tried_for_ever(api: Api) -> None:
    for _ in range(20):
        answer = api.client.post("/sign-in", content="key=mc_wrong", headers={"Accept": "text/html"})
        assert answer.status_code == 403 and "unknown or revoked" in answer.text
    assert api.client.post("/sign-in", content="key=mc_wrong").status_code == 429


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "", "javascript:alert(1)"],
)
def test_signing_in_leads_to_no_other_site(api: Api, target: str) -> None:
    from urllib.parse import urlencode

    body = urlencode({"key": api.key("read"), "next": target})
    answer = api.client.post("/sign-in", content=body, follow_redirects=False)
    assert answer.headers["location"] == "/"
    api.client.cookies.clear()


@pytest.mark.parametrize("path", OPERATIONS)
def test_operations_are_for_admins_and_whole(api: Api, path: str) -> None:
    assert api.get(path, headers={"Accept": "text/html"}).status_code == 401
    headers, _ = _signed_in(api)
    answer = api.get(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    _check_whole(answer.text)


def test_forms_of_other_sites_do_nothing(api: Api) -> None:
    headers, csrf = _signed_in(api)
    body = "source=imdb"
    for sent, more in (
        (body, {}),
        (f"{body}&csrf=wrong", {}),
        (f"{body}&csrf={csrf}", {"Sec-Fetch-Site": "cross-site"}),
    ):
        answer = api.client.post("/operations/quarantine", content=sent, headers={**headers, **more})
        assert answer.status_code == 403
    assert api.bench.asked == []
    answer = api.client.post(
        "/operations/quarantine", content=f"{body}&csrf={csrf}", headers=headers, follow_redirects=False
    )
    assert answer.status_code == 303 and api.bench.asked == ["imdb"]


def test_verdicts_go_to_the_workbench_at_once_and_are_taken_back(api: Api) -> None:
    headers, csrf = _signed_in(api)

    def send(path: str, body: str) -> str:
        sent = api.client.post(path, content=f"{body}&csrf={csrf}", headers=headers, follow_redirects=False)
        assert sent.status_code == 303
        return unescape(api.get(sent.headers["location"], headers=headers).text)

    pair = "imdb:tt0000001%0D%0Akaggle:603"
    told = send(
        "/operations/review",
        f"pair-1={pair}&say-1=same&pair-2=a:1%0Ab:2&say-2=different&pair-3=a:3%0Ab:4&say-3=skip",
    )
    assert "2 verdicts are recorded; 1 film changed" in told
    assert api.bench.asked[0] == [
        Verdict("imdb:tt0000001", "kaggle:603", True, "test"), Verdict("a:1", "b:2", False, "test")
    ]  # fmt: skip
    assert "no verdict was chosen" in send("/operations/review", f"pair-1={pair}&say-1=skip")
    assert "no source has listed this record" in send(
        "/operations/review", "pair-1=a:1%0Akaggle:nobody&say-1=same"
    )
    assert "1 verdict is taken back" in send("/operations/decisions", "number=7")
    assert api.bench.asked[1] == ([7], "test")
    assert "accepted: films 2 created" in send("/operations/held", "delivery=one&do=accept")
    assert "refused" in send("/operations/held", "delivery=one&do=refuse")
    assert api.bench.asked[2:] == [("accept", "one"), ("refuse", "one", "test")]


def test_the_review_lays_two_records_side_by_side(api: Api) -> None:
    headers, _ = _signed_in(api)
    text = unescape(api.get("/operations/review", headers=headers).text)
    for shown in (
        "IMDb",
        "The Movies Dataset",
        "Several records fit about as well",
        "60% likely the same",
        "+9.5",
        "-3.0",
    ):
        assert shown in text, shown
    assert text.count('class="differs"') == 2  # the two years


def test_a_score_that_is_expected_says_so() -> None:
    rating = {"critics": 85.6, "audience": 70.0}
    assert expected_of(rating, [{"panel": "audience", "aspect": "overall"}]) == [
        "No critics’ rating yet; expected 86."
    ]
    assert (
        expected_of(rating, [{"panel": name, "aspect": "overall"} for name in ("critics", "audience")]) == []
    )


def test_raters_stand_on_one_scale_with_what_they_add() -> None:
    rows = raters_of(
        {
            "rating": {
                "contributions": [{"rater": "imdb", "points": -3.0}, {"rater": "tmdb", "points": 6.0}]
            },
            "ratings": [
                {
                    "rater": "imdb",
                    "panel": "audience",
                    "aspect": "overall",
                    "value": 1,
                    "lowest": 1,
                    "highest": 10,
                    "source": "a",
                },
                {
                    "rater": "tmdb",
                    "panel": "audience",
                    "aspect": "overall",
                    "value": 7.5,
                    "lowest": 0,
                    "highest": 10,
                    "source": "b",
                },
            ],
        }
    )
    assert [(row.rater, row.points, row.adds) for row in rows] == [("tmdb", 75.0, 6.0), ("imdb", 0.0, -3.0)]


def test_a_rating_is_drawn_where_it_is() -> None:
    drawn = rating_scale({"c_rating": 50.0, "low": 40.0, "high": 60.0})
    assert 'x1="314.0"' in drawn and 'x="254.0" y="16" width="120.0"' in drawn
    assert rating_scale({}) == ""


def test_facts_say_who_agrees() -> None:
    claims = [
        {"source": "imdb", "value": 1999, "weight": 4.0, "chosen": True},
        {"source": "kaggle", "value": 1998, "weight": 1.5, "chosen": False},
    ]
    names = [{"source": "imdb", "names": [f"Name {n}" for n in range(15)]}]
    said = {"fields": {
        "year": {"value": 1999, "rule": "weighted_vote", "confidence": 0.9, "claims": claims},
        "titles": {"rule": "union", "claims": names},
    }}  # fmt: skip
    titles, year = facts_of({"title": "A"}, said, {"imdb": ["tt1"], "kaggle": ["603"]})
    assert (year.value, year.behind, year.claims[1].said, year.claims[0].records) == (
        "1999",
        "1 of 2 sources",
        "1998",
        ("tt1",),
    )
    assert titles.claims[0].said.endswith("Name 11 and 3 more")


def test_genres_have_their_share_of_each_decade() -> None:
    def year(entry: int, at: int, films: int) -> YearOf:
        return YearOf(entry, at, films, 0, None, None, None, 0, None, None)

    rows = [year(1, 1950, 300), year(2, 1955, 100), year(1, 1999, 50), year(2, 1991, 150)]
    drama, war = shares(rows, {1: "Drama", 2: "War"})
    assert (drama.name, round(drama.first), round(drama.last)) == ("Drama", 75, 25)
    assert (war.first, war.last) == (25, 75)


def test_placeholders_are_the_same_each_time_and_fit_long_words() -> None:
    assert look({"title": "Heat", "genres": [{"name": "Crime"}]}) == look(
        {"title": "Heat", "genres": ["Crime"]}
    )
    assert look({"title": "Heat", "genres": []}).startswith("hue0 ")
    assert look({"title": "Extraterrestrial", "genres": []}).endswith(" long")


def test_words() -> None:
    assert (money(187_436_818), money(950), money(-2_500_000), money(None)) == (
        "$187.44 million",
        "$950",
        "−$2.5 million",
        "–",
    )
    assert (amount(1_234_567, "revenue"), amount(71.25, "c_rating"), amount(12, "movies")) == (
        "$1.23M",
        "71.2",
        "12",
    )
    assert (day("1995-12-15"), day("1995"), duration(170), duration(45)) == (
        "15 December 1995",
        "1995",
        "2 h 50 min",
        "45 min",
    )
    assert rater("rottentomatoes_audience") == "Rotten Tomatoes, audience"
    assert elsewhere("rottentomatoes", "heat") == ("Rotten Tomatoes", "https://www.rottentomatoes.com/m/heat")
    assert elsewhere("nobody", "1") == ("nobody", "")
    assert schedule("0 6 * * *") == "every day at 06:00 UTC" and schedule("0 5 1 * *").startswith(
        "on day 1 of every month"
    )
    assert schedule("*/5 * * * *") == "*/5 * * * *"


def test_a_poster_is_shown_in_its_widths_and_drawn_where_there_is_none() -> None:
    macro = templates().from_string('{% from "parts.html" import poster %}{{ poster(film, "/films") }}')
    kept = {f"w{width}": f"/posters/9f/w{width}.webp" for width in (185, 342, 780)}
    shown = macro.render(
        film={"title": "Alien", "year": 1979, "genres": [], "poster": {**kept, "source": "tmdb"}}
    )
    assert 'src="/films/posters/9f/w342.webp"' in shown and "/films/posters/9f/w780.webp 780w" in shown
    without: list[object] = [None, "/elsewhere.jpg", {}]
    for poster in without:
        drawn = macro.render(film={"title": "Alien", "year": 1979, "genres": [], "poster": poster})
        assert "<img" not in drawn and "1979" in drawn and "Alien" in drawn


def test_years_of_explore_that_are_the_wrong_way_round_are_swapped(read_api: Api) -> None:
    right = read_api.json("/explore/data.json?first=1990&last=1999")
    assert read_api.json("/explore/data.json?first=1999&last=1990") == right
    assert right["items"]


def test_lines_have_a_colour_each(read_api: Api) -> None:
    assert len(set(charts.LINES)) == len(charts.LINES) == MOST_LINES
    drawn = read_api.json(
        "/explore/chart.json?view=lines&measure=movies&first=1930&last=2023&kind=companies&top=100"
    )
    assert len({row["name"] for row in drawn["data"]["values"]}) <= MOST_LINES
    told = read_api.json(
        "/explore/data.json?view=lines&measure=movies&first=1930&last=2023&kind=companies&top=100"
    )
    assert f"only {MOST_LINES} lines are drawn" in told["coverage"]


@pytest.mark.parametrize("measure", ["revenue", "movies", "c_rating", "votes"])
def test_the_axis_of_a_chart_is_named_in_words(read_api: Api, measure: str) -> None:
    drawn = read_api.json(f"/explore/chart.json?measure={measure}&first=1930&last=2023")
    title = drawn["encoding"]["x"]["title"]
    assert title.startswith(MEASURES[measure])
    assert "_" not in title


def test_a_path_of_a_poster_that_is_not_stored_is_no_field_of_a_page() -> None:
    said = {
        "fields": {"poster": {"rule": "most_reliable", "claims": [{"source": "tmdb", "value": "/zMy.jpg"}]}}
    }
    assert facts_of({"poster": None}, said, {}) == []
    assert [fact.field for fact in facts_of({"poster": {"w342": "/posters/a"}}, said, {})] == ["poster"]


def test_genres_without_films_are_not_listed(read_api: Api) -> None:
    text = read_api.get("/genres").text
    assert ">Drama</a>" in text
    assert '<span class="quiet small">0</span>' not in text


def test_companies_are_drawn_by_what_they_are_ordered_by(read_api: Api) -> None:
    assert '<th scope="col">Gross, drawn</th>' in read_api.get("/companies?by=revenue").text
    assert '<th scope="col">Films, drawn</th>' in read_api.get("/companies").text


def test_changes_are_told_in_words_that_readers_use() -> None:
    assert changed(["adult", "confidence", "rating", "people", "year"]) == "C-rating, cast and crew"
    assert changed(["adult", "confidence"]) == ""


def test_what_begins_like_nothing_is_told_so(read_api: Api) -> None:
    text = read_api.get("/suggest?query=qqqqqqxyz").text
    assert "Nothing begins like this" in text
    assert 'role="option"' in text


def test_fields_that_few_films_could_judge_are_not_told_of_a_source(api: Api) -> None:
    row = {"field": "year", "reliability": 0.5, "judged": 29}
    api.bench.scorecard = lambda source: {  # type: ignore[method-assign]
        "reliability": [row, {**row, "field": "runtime", "judged": 30}],
        "calibration": [],
    }
    text = api.get("/sources/imdb").text
    assert ">Runtime</th>" in text
    assert ">Year</th>" not in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/search?year_from=abc", "Year from: use a whole number."),
        ("/search?nope=1", "There is no parameter 'nope' here; remove it from the address."),
        ("/search?genre=horor", "There is no genre 'horor'; Genres in the menu lists those there are."),
        (
            "/search?country=USA",
            "Country: not valid; change it, or remove it from the address.",
        ),
        ("/search?query=heat&cursor=xx", "This page of the list is no longer there"),
        ("/nowhere", "There is no page at this address."),
    ],
)
def test_errors_are_told_in_plain_sentences_on_pages(read_api: Api, path: str, said: str) -> None:
    text = unescape(read_api.get(path, headers={"accept": "text/html"}).text)
    assert said in text
    assert not re.search(
        r"/v1/|/docs (shows|lists)|Expected|Not Found", text.partition("<main")[2].partition("</main")[0]
    )


def test_films_that_only_come_near_are_told_so(read_api: Api) -> None:
    near = "No film has all these words; these come nearest."
    assert near in read_api.get("/search?query=matrix+qqqqq+reloaded").text
    assert near not in read_api.get("/search?query=matrix+reloaded").text
    assert near not in read_api.get("/search?genre=4").text


def test_best_rated_with_a_genre_or_decade_is_a_list_by_rating(read_api: Api) -> None:
    for query in (
        "best rated crime 70s",
        "top crime movies of the seventies",
        "highest rated crime films 1970s",
    ):
        found = read_api.json(f"/v1/movies/search?query={query}")
        assert [film["title"] for film in found["items"]] == ["The Godfather", "The Godfather: Part II"], (
            query
        )
        assert found["least"]


def test_what_may_be_meant_is_of_the_decade_that_was_typed(read_api: Api) -> None:
    text = read_api.get("/search?query=godfather+qqqqqqq+1920s").text
    assert "The Godfather" not in text.partition("<main")[2]


def test_the_scale_of_a_rating_has_room_for_its_last_number() -> None:
    drawn = str(rating_scale({"c_rating": 90.0, "low": 80.0, "high": 95.0}))
    width = int(re.findall(r'viewBox="0 0 (\d+)', drawn)[0])
    last = max(int(x) for x in re.findall(r'<text class="quiet" x="(\d+)"', drawn))
    assert last + 24 <= width  # half of "100" in the large letters of a small screen


def test_code_in_the_description_of_the_api_is_written_as_code(read_api: Api) -> None:
    text = read_api.get("/static/docs.js").text
    assert 'split("`")' in text
    assert '<header class="top"><div class="inner">' in read_api.get("/docs").text
