"""Titles of other scripts read as catalogues list them: known readings, and what must hold for any text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec.romanise import romanise, simplify, skeleton
from moviec.search.readings import fold_title


@pytest.mark.parametrize(
    ("title", "language", "expected"),
    [
        ("七人の侍", None, "shichinin no samurai"),
        ("となりのトトロ", None, "tonari no totoro"),
        ("千と千尋の神隠し", None, "sen to chihiro no kamikakushi"),
        ("東京物語", "ja", "tokyo monogatari"),
        ("君の名は。", None, "kimi no na wa"),
        ("誰も知らない", None, "dare mo shiranai"),
        ("シェフ", None, "shefu"),
        ("重慶森林", "zh", "chong qing sen lin"),
        ("飲食男女", "zh", "yin shi nan nu"),
        ("기생충", None, "gisaengchung"),
        ("살인의 추억", None, "salinui chueok"),
        ("태극기 휘날리며", None, "taegeukgi hwinallimyeo"),
        ("Иди и смотри", None, "idi i smotri"),
        ("Броненосец «Потёмкин»", None, "bronenosets potemkin"),
        ("Μια αιωνιότητα και μια μέρα", None, "mia aioniotita kai mia mera"),
        ("ビルマの竪琴 II", None, "biruma no tategoto 2"),
    ],
)
def test_known_titles_are_read_as_catalogues_list_them(
    title: str, language: str | None, expected: str
) -> None:
    assert fold_title(romanise(title, language)[0]) == expected


def test_chinese_characters_alone_are_read_both_ways() -> None:
    ways = [fold_title(way) for way in romanise("羅生門")]
    assert ways[0] == "luo sheng men"
    assert "rashomon" in [way.replace(" ", "") for way in ways]
    assert len(romanise("羅生門", "zh")) == len(romanise("羅生門", "ja")) == 1


def test_simplified_and_traditional_read_alike_and_simplify_alike() -> None:
    for traditional, simplified in (
        ("臥虎藏龍", "卧虎藏龙"),
        ("霸王別姬", "霸王别姬"),
        ("大紅燈籠高高掛", "大红灯笼高高挂"),
    ):
        assert romanise(traditional, "zh") == romanise(simplified, "zh")
        assert simplify(traditional) == simplify(simplified) == simplified
    assert simplify("竜") == simplify("龍") == "龙"


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("الرسالة", "Al-Risâlah"),
        ("جدایی نادر از سیمین", "Jodaeiye Nader az Simin"),
        ("طعم گيلاس", "Ta'm e guilass"),
        ("ואלס עם באשיר", "Vals im Bashir"),
        ("كفرناحوم", "Capharnaüm"),
    ],
)
def test_arabic_persian_and_hebrew_agree_in_their_consonants(native: str, latin: str) -> None:
    assert skeleton(native) == skeleton(latin) != ""


@given(st.text(st.characters(max_codepoint=0x24F), max_size=40))
def test_latin_text_is_left_alone(value: str) -> None:
    assert romanise(value) == ()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40))
def test_any_text_is_read_the_same_each_time(value: str) -> None:
    ways = romanise(value)
    assert ways == romanise(value)
    assert all(way.strip() == way != "" for way in ways)
    assert len(simplify(value)) == len(value)


@given(st.lists(st.sampled_from("重慶森林臥虎藏龍千と神隠し ab"), max_size=12).map("".join), st.data())
def test_a_part_is_simplified_as_the_whole_is(value: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(begin, len(value)))
    assert simplify(value)[begin:end] == simplify(value[begin:end])


def test_several_threads_may_read_at_once() -> None:
    titles = [f"千と千尋の神隠し {number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(romanise, titles)) == [romanise(title) for title in titles]
