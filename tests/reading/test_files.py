"""Files as people have them: tables with lines before their header or without one, other encodings, Markdown, XML, lists of files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moviec.engine import DuckEngine
from moviec.errors import PayloadError
from moviec.matching.lists import read_list
from moviec.reading.encodings import encoding_of
from moviec.sources.own_mapping import facts_text
from moviec.sources.recognise import recognise_file
from moviec.sources.spec import SourceSpec, Wanted
from moviec.sources.table.mapping import mapped_source

HEAT, ALIEN = ("Heat", 1995), ("Alien", 1979)
MATRIX, AMELIE = ("The Matrix", 1999), ("Amélie", 2001)
ONE = {"title": "Heat", "year": 1995, "ids": {"imdb": "tt0113277"}}
TWO = {"title": "Alien", "year": 1979, "ids": {"imdb": "tt0078748"}}
KODI = (
    '<?xml version="1.0" encoding="UTF-8"?><videodb><version>1</version><movie><title>Heat</title><originaltitle>Heat</originaltitle>'
    "<year>1995</year><runtime>170</runtime><genre>Crime</genre><genre>Drama</genre><director>Michael Mann</director>"
    '<uniqueid type="imdb" default="true">tt0113277</uniqueid><actor><name>Al Pacino</name></actor><actor><name>Jon Voight</name></actor>'
    "</movie><movie><title>Alien</title><year>1979</year></movie></videodb>"
)
LETTERBOXD_LIST = (
    "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2024-01-01,My list,,https://boxd.it/x,\n\n"
    "Position,Name,Year,URL,Description\n1,Heat,1995,https://boxd.it/2ab,\n2,Alien,1979,https://boxd.it/3cd,\n"
)

#: By file: its text, its encoding, and its films by title and year.
FILES: dict[str, tuple[str, str, list[tuple[str, int | None]]]] = {
    "sheet.csv": ("\ufeffTitle,Year,My rating\nHeat,1995,9\nAlien,1979,8\n", "utf-8", [HEAT, ALIEN]),
    "excel.csv": ("sep=;\r\nTitle;Year\r\nHeat;1995\r\nAlien;1979\r\n", "utf-8", [HEAT, ALIEN]),
    "over.csv": ("My films,,\nExported on 2024-03-01,,\n,,\nTitle,Year,Director\nHeat,1995,Mann\nAlien,1979,Scott\n", "utf-8", [HEAT, ALIEN]),
    "comment.csv": ("# exported by moviesdb\n# 2024\nid,title,year\n1,Heat,1995\n", "utf-8", [HEAT]),
    "list.csv": (LETTERBOXD_LIST, "utf-8", [HEAT, ALIEN]),
    "bare.csv": ("Heat,1995,Michael Mann,9\nAlien,1979,Ridley Scott,8\nAmélie,2001,Jean-Pierre Jeunet,7.5\n", "utf-8", [HEAT, ALIEN, AMELIE]),
    "bare-ids.csv": ("1;tt0113277;Heat;1995\n2;tt0078748;Alien;1979\n", "utf-8", [HEAT, ALIEN]),
    "mac.csv": ("Title,Year\rHeat,1995\rAlien,1979\r", "utf-8", [HEAT, ALIEN]),
    "one.csv": ("Title\nLock, Stock and Two Smoking Barrels\nHeat\n", "utf-8", [("Lock, Stock and Two Smoking Barrels", None), ("Heat", None)]),
    "behind.csv": ('Film\n"Heat, 1995"\n"Alien, 1979"\n"Amélie, 2001"\n', "utf-8", [HEAT, ALIEN, AMELIE]),
    "numbered.csv": ("Film\n1. Heat\n2. Alien\n3. 12 Angry Men\n", "utf-8", [("Heat", None), ("Alien", None), ("12 Angry Men", None)]),
    "numbers.csv": ("Film,Year\n12 Angry Men,1957\n2 Days in Paris,2007\n21 Grams,2003\n", "utf-8", [("12 Angry Men", 1957), ("2 Days in Paris", 2007), ("21 Grams", 2003)]),
    "top.txt": ("01 - Heat (1995)\n02 - Alien (1979)\n03 - 12 Angry Men (1957)\n", "utf-8", [HEAT, ALIEN, ("12 Angry Men", 1957)]),
    "files.txt": ("Heat.1995.1080p.BluRay.x264-GRP.mkv\nThe.Matrix.1999.2160p.UHD.BluRay.x265-ABC.mkv\n", "utf-8", [HEAT, MATRIX]),
    "paths.txt": ("/m/Heat (1995)/Heat (1995) Bluray-1080p.mkv\n/m/The Matrix (1999)/movie.mkv\nD:\\Films\\Alien (1979).avi\n", "utf-8", [HEAT, MATRIX, ALIEN]),
    "signs.txt": ("[REC]\nHeat (1995)\nAlien (1979)\n", "utf-8", [("[REC]", None), HEAT, ALIEN]),
    "notes.md": ("# Films\n\n| Title | Year |\n|:------|-----:|\n| Heat  | 1995 |\n| Alien | 1979 |\n\nmore\n", "utf-8", [HEAT, ALIEN]),
    "kodi.xml": (KODI, "utf-8", [HEAT, ALIEN]),
    "nested.jsonl": ("\n".join(json.dumps({"film": film, "score": 9}) for film in (ONE, TWO)), "utf-8", [HEAT, ALIEN]),
    "by-name.json": (json.dumps({"heat": ONE, "alien": TWO}), "utf-8", [HEAT, ALIEN]),
    "wrapped.json": (json.dumps({"meta": {"count": 2}, "results": [ONE, TWO]}), "utf-8", [HEAT, ALIEN]),
    "utf16.txt": ("Title\tYear\r\nHeat\t1995\r\nAmélie\t2001\r\n", "utf-16", [HEAT, AMELIE]),
    "francais.csv": ("Titre;Année\nHeat;1995\nÀ bout de souffle;1960\n", "cp1252", [HEAT, ("À bout de souffle", 1960)]),
    "polski.csv": ("Tytuł;Rok\nNóż w wodzie;1962\nPopiół i diament;1958\n", "cp1250", [("Nóż w wodzie", 1962), ("Popiół i diament", 1958)]),
    "cesky.csv": ("Název;Rok\nHoří, má panenko;1967\nKolja;1996\n", "cp1250", [("Hoří, má panenko", 1967), ("Kolja", 1996)]),
    "magyar.csv": ("Cím;Év\nSzegénylegények;1966\nNői szőrös;2000\n", "cp1250", [("Szegénylegények", 1966), ("Női szőrös", 2000)]),
    "turkce.csv": ("Film adı;Yıl\nKış Uykusu;2014\nEşkıya;1996\n", "cp1254", [("Kış Uykusu", 2014), ("Eşkıya", 1996)]),
    "russkoe.csv": ("Название;Год\nСталкер;1979\nБрат;1997\n", "cp1251", [("Сталкер", 1979), ("Брат", 1997)]),
    "koi.csv": ("Название;Год\nСталкер;1979\nБрат;1997\n", "koi8_r", [("Сталкер", 1979), ("Брат", 1997)]),
    "greek.csv": ("Τίτλος;Έτος\nΟ θίασος;1975\n", "cp1253", [("Ο θίασος", 1975)]),
    "nihon.csv": ("タイトル,公開年\n七人の侍,1954年\n東京物語,昭和28年\n", "shift_jis", [("七人の侍", 1954), ("東京物語", 1953)]),
    "nihon-euc.csv": ("タイトル,公開年\n七人の侍,1954\n", "euc_jp", [("七人の侍", 1954)]),
    "zhong.csv": ("片名,年份\n霸王别姬,1993\n英雄,2002\n", "gbk", [("霸王别姬", 1993), ("英雄", 2002)]),
    "taiwan.csv": ("片名,年份\n悲情城市,1989\n", "big5", [("悲情城市", 1989)]),
    "hanguk.csv": ("제목,연도\n올드보이,2003\n기생충,2019\n", "euc_kr", [("올드보이", 2003), ("기생충", 2019)]),
    "mixed.csv": ("title,year\nСталкер,1979\nHeat,1995\n", "cp1251", [("Сталкер", 1979), HEAT]),
}  # fmt: skip


@pytest.fixture(params=FILES)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[tuple[str, int | None]]]:
    text, encoding, films = FILES[request.param]
    path = tmp_path / request.param
    path.write_bytes(text.encode(encoding))
    return path, films


def test_a_list_is_linked_by_its_titles_and_years(given: tuple[Path, list[tuple[str, int | None]]]) -> None:
    path, films = given
    read = read_list(path, "left")
    assert not read.rejected and not read.unread
    rows = read.features.select(["titles", "year"]).to_pylist()
    assert [(row["titles"][0], row["year"]) for row in rows] == films


def test_the_same_list_is_taken_in_by_its_own_mapping(
    given: tuple[Path, list[tuple[str, int | None]]],
) -> None:
    path, films = given
    rows = taken_in(path, path.parent / "work")
    assert {(row["title"], row["year"]) for row in rows} == {*films}


def taken_in(path: Path, work: Path) -> list[dict[str, Any]]:
    """Read a list by the mapping that is made for it; every row is kept."""
    (work / "look").mkdir(parents=True)
    layout = recognise_file(path, work / "look", None).layout
    assert layout is not None
    source = mapped_source(msgspec.toml.decode(facts_text(layout), type=SourceSpec))
    with DuckEngine() as engine:
        reading = source.read(engine, {"films": path}, Wanted(work))
        rows = engine.query("SELECT * FROM records ORDER BY _position").to_pylist()
    assert reading.files["films"].count.rejected == 0
    return rows


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1252", "Les Misérables,La règle du jeu,Être et avoir,Août"),
        ("cp1252", "Não por Acaso,Estação,Central do Brasil"),
        ("cp1252", "Il caffè,Così ridevano,Più buio,La tregua è finita"),
        ("cp1252", "Babettes gæstebud,Kærlighed,Første gang,Ål"),
        ("cp1252", "Börn náttúrunnar,Íslenski draumurinn,Þrestir"),
        ("cp1252", "Der Himmel über Berlin,M – Eine Stadt,It’s a Wonderful Life"),
        ("cp1252", "Señora,El espíritu de la colmena,Año,mamá también"),
        ("cp1250", "Pelíšky,Samotáři,Tmavomodrý svět,Knoflíkáři,Obecná škola"),
        ("cp1250", "Miś,Dzień świra,Krótki film,Boże Ciało"),
        ("cp1250", "Moromeţii,Pădurea spânzuraţilor,Reconstituirea"),
    ],
)
def test_a_few_words_tell_the_encoding(encoding: str, words: str) -> None:
    assert encoding_of(words.replace(",", "\n").encode(encoding).splitlines()) == encoding


def test_what_a_film_in_xml_tells_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kodi.xml"
    path.write_text(KODI)
    film: Mapping[str, Any] = taken_in(path, tmp_path / "work")[0]
    assert (film["runtime"], film["genres"], dict(film["ids"])) == (
        170,
        ["Crime", "Drama"],
        {"imdb": "tt0113277"},
    )
    assert [person["name"] for person in film["people"]] == ["Michael Mann", "Al Pacino", "Jon Voight"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.xml", "<a><b>1</b>", "not a readable list"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "defines entities"),
        ("a.xml", "<a><b>1</b></a>", "no list of films"),
        ("shows.json", json.dumps([{"show": {"title": "Lost", "year": 2004}}]), "no title column"),
    ],
)
def test_what_is_no_list_of_films_is_said(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PayloadError, match=message):
        read_list(tmp_path / name, "left")
