"""The site as people use it: typed, clicked and read in a browser, by keyboard alone, without scripts, small and dark."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Seat, expect

Open = Callable[..., Any]

#: A page of each kind.
PAGES = {
    "home": "/", "results": "/search?query=godfather", "browse": "/search?genre=drama&country=US", "nothing": "/search?query=zzzzqqq",
    "people": "/people", "genres": "/genres", "genre": "/genres/8", "companies": "/companies", "collections": "/collections",
    "sources": "/sources", "source": "/sources/imdb", "explore": "/explore", "lines": "/explore?view=lines&first=1985&last=1999&top=5",
    "methods": "/methods", "sign in": "/sign-in", "not found": "/nosuch", "api": "/docs",
}  # fmt: skip
OPERATIONS = ("/operations", "/operations/review", "/operations/decisions", "/operations/held", "/operations/quarantine", "/operations/failures")  # fmt: skip


def _movie(seat: Seat, title: str) -> str:
    found = seat.server.get(f"/v1/movies/search?query={title}").json()["items"]
    return f"/movies/{next(film['id'] for film in found if film['title'].lower() == title)}"


def _more_pages(seat: Seat) -> list[str]:
    """Give pages whose address the catalogue tells: a film, its history and a record, a person, a company, a collection."""
    film = _movie(seat, "heat")
    document = seat.server.get(f"/v1{film}").json()
    person, company = document["people"][0]["id"], document["companies"][0]["id"]
    collection = seat.server.get("/v1/collections").json()["items"][0]["id"]
    record = f"/records/kaggle/{document['ids']['tmdb']}"
    behind = "/explore/films?kind=genres&ids=8&first=1990&last=1999"
    return [film, f"{film}/history", record, f"/people/{person}", f"/companies/{company}", f"/collections/{collection}", behind]  # fmt: skip


def test_results_come_as_one_types_and_the_last_letters_count(opened: Open) -> None:
    page = opened("/")
    page.locator("#find").press_sequentially("pulp ficzz", delay=5)
    for _ in range(2):
        page.keyboard.press("Backspace")
    page.keyboard.type("t")
    option = page.locator("[role=option]", has_text="Pulp Fiction").first
    expect(option).to_contain_text("1994")
    expect(page.locator("#find")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/movies/mc*")
    expect(page.locator("h1")).to_contain_text("Pulp Fiction")


def test_persons_are_suggested_too_and_escape_closes(opened: Open) -> None:
    page = opened("/genres")
    page.keyboard.press("/")
    page.keyboard.type("al pacino")
    page.locator("[role=option][href*='/people/']").first.wait_for()
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions")).to_be_hidden()


def test_facets_are_put_on_and_taken_off(opened: Open) -> None:
    page = opened("/search")
    every = _films_found(page)
    with page.expect_navigation():
        page.get_by_role("checkbox", name=re.compile("^Drama")).check()
    drama = _films_found(page)
    with page.expect_navigation():
        page.get_by_role("checkbox", name=re.compile("^Crime")).check()
    both = _films_found(page)
    assert both < drama < every
    assert "genre=" in page.url  # the address can be passed on
    with page.expect_navigation():
        page.get_by_role("link", name="Take off: Crime").click()
    assert _films_found(page) == drama
    with page.expect_navigation():
        page.locator("select[name=sort]").select_option("-year")
    years = [
        int(text)
        for text in re.findall(
            r"\b(?:18|19|20)\d\d\b", " ".join(page.locator(".film .meta").all_inner_texts())
        )
    ]
    assert years == sorted(years)


def _films_found(page: Any) -> int:
    return int(page.locator("h1").inner_text().split()[0].replace(",", ""))


def test_a_fact_opens_its_claims_and_the_row_behind_them(opened: Open, seat: Seat) -> None:
    page = opened(_movie(seat, "heat"))
    fact = page.locator("#claims-released")
    assert not fact.locator("table").is_visible()
    fact.locator("summary").click()
    expect(fact.locator("table")).to_be_visible()
    expect(fact).to_contain_text("wins")
    for name in ("titles", "people", "companies"):  # these have their claims, too
        assert page.locator(f"#claims-{name} tbody tr").count() >= 1
    fact.get_by_role("link", name=re.compile("row of The Movies Dataset")).first.click()
    page.wait_for_url("**/records/kaggle/**")
    expect(page.locator("pre")).to_contain_text("Heat")
    expect(page.locator("main")).to_contain_text("line")


def test_a_link_to_why_this_year_opens_its_claims(opened: Open, seat: Seat) -> None:
    page = opened(_movie(seat, "heat"))
    page.locator("h1 .year").click()
    expect(page.locator("#claims-year")).to_have_attribute("open", "")


def test_a_chart_tells_its_values_and_the_table_the_same(opened: Open) -> None:
    page = opened("/explore?measure=revenue&first=1990&last=1999")
    page.locator("[data-drawn=yes]").wait_for()
    bars = page.locator(".drawn-here .mark-rect path")
    bars.first.hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    name = page.locator("table tbody th").first.inner_text()
    assert name in tooltip.inner_text()
    told = float(re.sub("[^0-9.]", "", tooltip.inner_text().split("Value")[1]))
    shown = page.locator("table tbody td").first.inner_text()
    assert shown == f"${told / 1e9:.2f}B"
    page.get_by_role("link", name=f"The films behind {name}").click()
    page.wait_for_url("**/explore/films**")
    assert page.locator("tbody tr").count() > 3


def test_a_verdict_is_made_by_a_key_and_undone(opened: Open) -> None:
    page = opened("/operations/review", signed_in=True)
    first = page.locator("[data-pair]").first
    ends = first.get_attribute("data-left"), first.get_attribute("data-right")
    page.keyboard.press("d")
    page.keyboard.press("s")
    page.keyboard.press("u")  # takes the mark of the second pair off again
    expect(page.locator("#marked")).to_have_text("1 marked")
    page.keyboard.press("e")
    page.locator(".effect").get_by_text("If they are the same film").wait_for()
    page.locator("h1").click()
    page.keyboard.press("Enter")
    page.get_by_text("1 verdict is recorded").wait_for()
    page.wait_for_load_state()  # the message is shown before keys are heard
    expect(page.locator(f"[data-left='{ends[0]}'][data-right='{ends[1]}']")).to_have_count(0)
    page.keyboard.press("u")  # nothing is marked: the recorded verdict goes
    page.get_by_text("1 verdict is taken back").wait_for()
    expect(page.locator(f"[data-left='{ends[0]}'][data-right='{ends[1]}']")).to_have_count(1)
    page.goto(page.url.replace("/review", "/decisions"))
    assert "undone" in page.locator("table").inner_text()


def test_what_is_held_shows_what_shrank_and_is_refused(opened: Open) -> None:
    page = opened("/operations/held", signed_in=True)
    card = page.locator("section.pair-card")
    assert "fewer" in card.inner_text() and "films" in card.locator("table").inner_text()
    page.goto(page.url.replace("/held", "/quarantine"))
    assert "A Row Too Many" in page.locator("table").inner_text()
    page.go_back()
    card.get_by_role("button", name="Refuse").click()
    page.get_by_text("is refused; none of it is applied").wait_for()
    expect(page.locator("main")).to_contain_text("No delivery is held")


def test_one_signs_in_and_out(opened: Open) -> None:
    page = opened("/operations")
    assert page.locator("h1").inner_text() == "Sign in"
    page.fill("#key", "mc_wrong")
    page.click("main button:has-text('Sign in')")
    page.get_by_text("This key is unknown or revoked").wait_for()
    page = opened("/", signed_in=True)
    page.get_by_role("link", name="Signed in").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(page.url.replace("/sign-in", "/operations"))
    assert page.locator("h1").inner_text() == "Sign in"


def test_everything_works_without_scripts(opened: Open, seat: Seat) -> None:
    page = opened("/", java_script_enabled=False)
    page.fill("#find", "goodfellas")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Goodfellas").first.click()
    page.locator("#claims-year summary").click()
    expect(page.locator("#claims-year table")).to_be_visible()
    page.goto(seat.at("/search"))
    page.get_by_role("checkbox", name=re.compile("^Drama")).check()
    page.get_by_role("button", name="Show films").click()
    expect(page.get_by_role("link", name="Take off: Drama")).to_be_visible()
    page.goto(seat.at("/explore?first=1990&last=1999"))
    assert page.locator(".chart img").evaluate("image => image.naturalWidth") > 300
    signed = opened("/operations/review", signed_in=True, java_script_enabled=False)
    signed.locator("[data-pair]").first.get_by_label("Different films").check()
    signed.locator("[data-pair] a[data-effect]").first.click()
    expect(signed.locator("main")).to_contain_text("If they are the same film")


def test_the_keyboard_alone_is_enough(opened: Open, seat: Seat) -> None:
    page = opened(_movie(seat, "heat"))
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    expect(page.locator("details[open]")).to_have_count(1)
    assert outline == "solid"


def test_every_page_fits_into_320_pixels_and_is_dark_in_the_dark(opened: Open, seat: Seat) -> None:
    page = opened("/", viewport={"width": 320, "height": 700}, color_scheme="dark")
    for path in [*PAGES.values(), *_more_pages(seat)]:
        page.goto(seat.at(path))
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 18, 17)", path


def test_a_film_prints_without_what_is_for_the_screen(opened: Open, seat: Seat) -> None:
    page = opened(_movie(seat, "heat"))
    page.emulate_media(media="print")
    assert page.locator(".top nav").is_hidden() and page.locator(".search").first.is_hidden()
    assert page.locator("h1").is_visible() and page.locator(".rating").is_visible()


#: Everything that WCAG 2.2 AA asks of a page and a machine can judge; in the dark only colours are other ones.
RULES = {"light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "dark": ["color-contrast"]}


@pytest.mark.slow
def test_no_page_has_a_serious_fault_of_accessibility(opened: Open, seat: Seat) -> None:
    page = opened("/", signed_in=True)
    found = {}
    for path in [*PAGES.values(), *_more_pages(seat), *OPERATIONS]:
        page.goto(seat.at(path))
        if path == "/":
            page.locator("#find").press_sequentially("heat")
            page.locator("[role=option]").first.wait_for()
        if path.startswith("/movies/") and not path.endswith("history"):
            page.locator("[data-open]").click()
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)
            if faults := _faults(page, rules):
                found[f"{path} ({scheme})"] = faults
    assert found == {}, json.dumps(found, indent=1)


def _faults(page: Any, rules: list[str]) -> dict[str, list[str]]:
    """Give the serious faults of a page by rule, with some of the elements that have them."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": rules, "resultTypes": ["violations"]}
    if page.evaluate(
        "'axe' in window"
    ):  # loaded once into a page: that takes as long as it takes to look at it
        answer = page.evaluate("options => axe.run(document, options)", options)
    else:
        answer = Axe().run(page, options=options).response
    return {
        fault["id"]: [node["html"][:200] for node in fault["nodes"][:3]]
        for fault in answer["violations"]
        if fault["impact"] in ("serious", "critical")
    }
