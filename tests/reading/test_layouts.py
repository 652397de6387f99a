"""Files as people download them: what each is taken for, what becomes of it, and that a person's own list stays private."""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from moviec.engine import DuckEngine
from moviec.errors import PayloadError
from moviec.matching.link import Columns, link
from moviec.matching.model import shipped_model
from moviec.rating.ratings_file import open_ratings
from tests.commands import moviec

IMDB_COLUMNS = "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,Num Votes,Release Date,Directors"
MATRIX = 'tt0133093,9,2020-01-05,The Matrix,The Matrix,https://www.imdb.com/title/tt0133093,Movie,8.7,136,1999,"Action, Sci-Fi",2100000,1999-03-31,"Lana Wachowski, Lilly Wachowski"'
HEAT = {"title": "Heat", "year": 1995, "ids": {"imdb": "tt0113277", "tmdb": 949}}
TMDB_5000 = """budget,genres,homepage,id,keywords,original_language,original_title,overview,popularity,production_companies,production_countries,release_date,revenue,runtime,spoken_languages,status,tagline,title,vote_average,vote_count
245000000,"[{""id"": 28, ""name"": ""Action""}]",,206647,[],en,Spectre,x,107.3,"[{""name"": ""Columbia Pictures"", ""id"": 5}]",[],2015-10-26,880674609,148,[],Released,,Spectre,6.3,4466
"""
TMDB_NOW = """id,title,vote_average,vote_count,status,release_date,revenue,runtime,adult,backdrop_path,budget,homepage,imdb_id,original_language,original_title,overview,popularity,poster_path,tagline,genres,production_companies,production_countries,spoken_languages,keywords
27205,Inception,8.364,34495,Released,2010-07-15,825532764,148,False,/a.jpg,160000000,,tt1375666,en,Inception,x,83.9,/b.jpg,,"Action, Science Fiction","Legendary Pictures, Syncopy",United Kingdom,English,rescue
"""

#: By file: its text, the record that it gives, and a part of that record's document.
FILES: dict[str, tuple[str, str, dict[str, object]]] = {
    "ratings.csv": ("Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Heat,1995,https://boxd.it/1,4.5\n", "letterboxd-ratings:https://boxd.it/1", {"title": "Heat", "year": 1995}),
    "diary.csv": ("Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n2024-03-01,Heat,1995,https://boxd.it/aa,4.5,,,2024-02-28\n", "letterboxd-diary:Heat (1995)", {"title": "Heat", "year": 1995}),
    "watched.csv": ("Date,Name,Year,Letterboxd URI\n2024-03-01,Heat,1995,https://boxd.it/9\n", "letterboxd-watched:https://boxd.it/9", {"title": "Heat"}),
    "watchlist.csv": ("Date,Name,Year,Letterboxd URI\n2024-03-01,Heat,1995,https://boxd.it/9\n", "letterboxd-watchlist:https://boxd.it/9", {"title": "Heat"}),
    "export.csv": (f"{IMDB_COLUMNS}\n{MATRIX}\n", "imdb-ratings:tt0133093", {"title": "The Matrix", "released": "1999-03-31", "runtime": 136, "ids": {"imdb": "tt0133093"}}),
    "list.csv": (f"Position,Created,Modified,Description,{IMDB_COLUMNS}\n1,2020-01-05,2020-01-05,,{MATRIX}\n", "imdb-list:tt0133093", {"title": "The Matrix", "year": 1999}),
    "ratings-movies.json": (json.dumps([{"rated_at": "2024-01-02T10:00:00Z", "rating": 9, "type": "movie", "movie": {**HEAT, "ids": {**HEAT["ids"], "trakt": 949}}}]), "trakt:949", {"title": "Heat", "year": 1995, "ids": {"imdb": "tt0113277", "tmdb": "949", "trakt": "949"}}),  # type: ignore[dict-item]
    "SimklBackup.json": (json.dumps({"movies": [{"user_rating": 8, "status": "completed", "movie": {**HEAT, "ids": {**HEAT["ids"], "simkl": 53992}}}]}), "simkl:53992", {"title": "Heat", "year": 1995}),  # type: ignore[dict-item]
    "NetflixViewingHistory.csv": ("Title,Date\nHeat,12/25/2020\n", "netflix:Heat", {"title": "Heat"}),
    "radarr.json": (json.dumps([{"title": "Heat", "year": 1995, "tmdbId": 949, "imdbId": "tt0113277", "runtime": 170, "genres": ["Crime"], "hasFile": True}]), "radarr:949", {"title": "Heat", "runtime": 170}),
    "plex.csv": ("ratingKey,title,year,guid,studio\n7,Heat,1995,imdb://tt0113277,Warner Bros.\n", "plex:7", {"title": "Heat", "ids": {"imdb": "tt0113277"}}),
    "tmdb_5000_movies.csv": (TMDB_5000, "tmdb-5000:206647", {"title": "Spectre", "revenue": 880_674_609, "released": "2015-10-26"}),
    "TMDB_movie_dataset_v11.csv": (TMDB_NOW, "tmdb-movies:27205", {"title": "Inception", "budget": 160_000_000}),
    "imdb_top_1000.csv": ('Poster_Link,Series_Title,Released_Year,Certificate,Runtime,Genre,IMDB_Rating,Overview,Meta_score,Director,Star1,Star2,Star3,Star4,No_of_Votes,Gross\nx,Heat,1995,A,170 min,"Crime, Drama",8.3,x,76,Michael Mann,Al Pacino,Robert De Niro,Val Kilmer,Jon Voight,"577,113","67,436,818"\n', "imdb-top-1000:Heat (1995)", {"title": "Heat", "runtime": 170, "revenue": 67_436_818}),
    "movie_titles.csv": ("1,2003,Dinosaur Planet\n2,2004,Yes, but No\n3,NULL,Améthyste\n", "netflix-prize:2", {"title": "Yes, but No", "year": 2004}),
    "numbers.csv": ('Release Date,Movie,Production Budget,Domestic Gross,Worldwide Gross\n"Dec 18, 2009",Avatar,"$237,000,000","$760,507,625","$2,788,700,000"\n', "the-numbers:Avatar (Dec 18, 2009)", {"budget": 237_000_000, "revenue": 2_788_700_000, "revenue_scope": "worldwide"}),
    "mojo.csv": ('Rank,Release Group,Worldwide,Domestic,%,Foreign,%\n1,Avatar,"$2,787,965,087","$760,507,625",27.3%,"$2,027,457,462",72.7%\n', "box-office-mojo:Avatar", {"revenue": 2_787_965_087}),
    "lifetime.csv": ('Rank,Title,Lifetime Gross,Year\n1,Avatar,"$2,787,965,087",2009\n', "box-office-mojo-lifetime:Avatar (2009)", {"revenue": 2_787_965_087}),
    "meine-filme.csv": ("Film;Jahr;Regie;Note\nDas Boot;1981;Wolfgang Petersen;9,5\nMetropolis;1927;Fritz Lang;8\n", "meine-filme:Das Boot (1981)", {"title": "Das Boot", "year": 1981}),
}  # fmt: skip


@pytest.mark.slow  # together
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_known_and_taken_in_by_one_command(tmp_path: Path, name: str) -> None:
    text, record, expected = FILES[name]
    path, home = tmp_path / name, tmp_path / "home"
    path.write_bytes(text.encode("latin-1" if name == "movie_titles.csv" else "utf-8"))
    done = moviec("ingest", path, "--home", home)
    assert done.returncode == 0, done.stderr
    told = json.loads(moviec("show", record, "--home", home, "--json").stdout)
    document = told["document"]
    assert {field: document.get(field) for field in expected} == expected
    private = "private = true" in next((home / "sources").glob("*/source.toml")).read_text()
    assert ("own" in told) == private
    if private:
        assert moviec("doctor", "--home", home).returncode == 0
        moviec("export", tmp_path / "out", "--home", home, "--format", "jsonl", "--own-use")
        assert not any(b"Heat" in out.read_bytes() for out in (tmp_path / "out").rglob("*") if out.is_file())


def test_an_own_list_changes_nothing_of_a_published_film(tmp_path: Path) -> None:
    home = tmp_path / "home"
    top = tmp_path / "imdb_top_1000.csv"
    top.write_text(FILES["imdb_top_1000.csv"][0])
    assert moviec("ingest", top, "--home", home).returncode == 0
    record = "imdb-top-1000:Heat (1995)"
    before = json.loads(moviec("show", record, "--home", home, "--json").stdout)
    own = tmp_path / "ratings.csv"
    own.write_text("Date,Name,Year,Letterboxd URI,Rating\n2024-03-01,Heat,1995,https://boxd.it/1,0.5\n")
    assert moviec("ingest", own, "--home", home).returncode == 0
    after = json.loads(moviec("show", record, "--home", home, "--json").stdout)
    assert after["document"] == before["document"] and after["claims"] == before["claims"]
    [mine] = after["own"]
    assert (mine["source"], mine["ratings"][0]["value"]) == ("letterboxd-ratings", 0.5)
    assert "Your lists (private)" in moviec("show", record, "--home", home).stdout


@pytest.mark.parametrize("loss", ["gone", "faulty"])
def test_a_list_whose_facts_are_lost_stays_private(tmp_path: Path, loss: str) -> None:
    home = tmp_path / "home"
    for name in ("ratings.csv", "imdb_top_1000.csv"):
        (tmp_path / name).write_text(
            FILES[name][0].replace("Heat", "Ran" if name == "ratings.csv" else "Heat")
        )
        assert moviec("ingest", tmp_path / name, "--home", home).returncode == 0
    facts = home / "sources/letterboxd-ratings/source.toml"
    if loss == "gone":
        shutil.rmtree(facts.parent)
    else:
        facts.write_text("name = ")
    done = moviec("rebuild", "--home", home)
    assert done.returncode == 0, done.stderr
    assert moviec("search", "ran", "--home", home, "--json").stdout.strip() == "[]"
    assert len(json.loads(moviec("search", "heat", "--home", home, "--json").stdout)) == 1


def test_a_zip_as_downloaded_is_several_lists(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letterboxd-me.zip", "w") as packed:
        for name in ("ratings.csv", "watched.csv", "watchlist.csv", "diary.csv"):
            packed.writestr(name, FILES[name][0])
        packed.writestr("profile.csv", "Date Joined,Username\n2020-01-01,me\n")
    home = tmp_path / "home"
    done = moviec("ingest", tmp_path / "letterboxd-me.zip", "--home", home)
    assert done.returncode == 0 and "profile.csv is left out" in done.stderr
    for name in ("ratings.csv", "watched.csv", "diary.csv"):
        assert "Heat" in moviec("show", FILES[name][1], "--home", home).stdout


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", "\t", ",", "|"])
def test_delimiter_and_encoding_are_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["Title", "Year"], ["À bout de souffle", "1960"], ["Heat", "1995"]]
    path = tmp_path / "list.csv"
    path.write_bytes("\n".join(delimiter.join(row) for row in rows).encode(encoding))
    other = tmp_path / "other.csv"
    other.write_text("id,title,year\na,À bout de souffle,1960\nb,Heat,1995\n", encoding="utf-8")
    done = moviec("link", path, other, "--out", tmp_path / "pairs.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pairs"] == 2


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    calamine = pytest.importorskip("python_calamine", reason="pip install 'moviec[excel]'")
    assert calamine
    path = tmp_path / "films.xlsx"
    write_workbook(path, [["Title", "Year", "Rating"], ["Das Boot", 1981, 9.5], ["Heat", 1995, 8]])
    home = tmp_path / "home"
    assert moviec("ingest", path, "--home", home).returncode == 0
    document = json.loads(moviec("show", "films:Heat (1995)", "--home", home, "--json").stdout)["document"]
    assert (document["year"], document["ratings"][0]["value"]) == (1995, 8)


def write_workbook(path: Path, rows: list[list[str | float]]) -> None:
    """Write the smallest workbook that there is: one sheet, texts inline."""
    cells = "".join(
        f"<row r='{at}'>"
        + "".join(
            f"<c r='{chr(65 + place)}{at}' t='inlineStr'><is><t>{cell}</t></is></c>"
            if isinstance(cell, str)
            else f"<c r='{chr(65 + place)}{at}'><v>{cell}</v></c>"
            for place, cell in enumerate(row)
        )
        + "</row>"
        for at, row in enumerate(rows, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet_type = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", f"<Types xmlns='{package}/content-types'><Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/><Override PartName='/xl/workbook.xml' ContentType='{sheet_type}.sheet.main+xml'/><Override PartName='/xl/worksheets/sheet1.xml' ContentType='{sheet_type}.worksheet+xml'/></Types>")  # fmt: skip
        book.writestr("_rels/.rels", f"<Relationships xmlns='{package}/relationships'><Relationship Id='r1' Type='{office}/officeDocument' Target='xl/workbook.xml'/></Relationships>")  # fmt: skip
        book.writestr("xl/workbook.xml", f"<workbook xmlns='{main}' xmlns:r='{office}'><sheets><sheet name='Films' sheetId='1' r:id='r1'/></sheets></workbook>")  # fmt: skip
        book.writestr("xl/_rels/workbook.xml.rels", f"<Relationships xmlns='{package}/relationships'><Relationship Id='r1' Type='{office}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>")  # fmt: skip
        book.writestr("xl/worksheets/sheet1.xml", f"<worksheet xmlns='{main}'><sheetData>{cells}</sheetData></worksheet>")  # fmt: skip


def told_of(home: Path, path: Path, text: str) -> tuple[str, dict[str, object]]:
    """Take a list in, and return what was said of it and the mapping that was made."""
    path.write_text(text)
    done = moviec("ingest", path, "--home", home)
    assert done.returncode == 0, done.stderr
    name = path.stem
    return done.stdout + done.stderr, tomllib.loads((home / "sources" / name / "source.toml").read_text())


def test_what_spreadsheets_hold_is_what_it_says(tmp_path: Path) -> None:
    home = tmp_path / "home"
    said, facts = told_of(home, tmp_path / "shares.csv", "Title,Year,Type,Rating\nHeat,1995,Movie,0.93\nLost,2004,TV Series,0.8\nUp,2009,Movie,0.2\n")  # fmt: skip
    assert facts["raters"]["shares"]["highest"] == 1 and "public, since no column" in said  # type: ignore[index]
    assert "films     3     2       0        1" in said, "a series is skipped"
    said, facts = told_of(home, tmp_path / "mine.csv", "Title,Year,My Rating\nHeat,1995,9\n")
    assert facts["private"] is True and "private, since the column My Rating" in said
    said, facts = told_of(home, tmp_path / "crore.csv", 'Title,Year,Budget (in crore),Gross,Stars\nDangal,2016,70,"$28,341,469",★★★★\n')  # fmt: skip
    columns = facts["files"]["films"]["columns"]  # type: ignore[index]
    assert columns["Gross"] == ["revenue"] and columns["Stars"] == ["ratings.crore"]
    assert "another currency" not in said
    document = json.loads(moviec("show", "crore:Dangal (2016)", "--home", home, "--json").stdout)["document"]
    assert (
        document["revenue"] == 28_341_469
        and document["budget"] == 10_417_960
        and "revenue_scope" not in document
    )
    assert document["money"] == [
        {"field": "budget", "amount": 700_000_000, "currency": "INR", "source": "crore"}
    ]
    assert document["ratings"][0]["value"] == 4


def test_a_zip_whose_first_member_is_no_list_is_read_all_the_same(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letterboxd-me.zip", "w") as packed:
        packed.writestr("comments.csv", "Date,Comment\n2020-01-01,nice\n")
        packed.writestr("profile.csv", "Date Joined,Username\n2020-01-01,me\n")
        packed.writestr("ratings.csv", FILES["ratings.csv"][0])
        packed.writestr("reviews.csv", "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date\n2021-01-02,Heat,1995,https://boxd.it/zz,4,,Good,,2021-01-01\n")  # fmt: skip
        packed.writestr("diary.csv", FILES["diary.csv"][0])
    home = tmp_path / "home"
    done = moviec("ingest", tmp_path / "letterboxd-me.zip", "--home", home)
    assert done.returncode == 0, done.stderr
    shown = json.loads(moviec("show", FILES["ratings.csv"][1], "--home", home, "--json").stdout)
    assert {one["source"] for one in shown["own"]} == {
        "letterboxd-ratings",
        "letterboxd-reviews",
        "letterboxd-diary",
    }


#: The films of FILES as IMDb's own table has them.
IMDB = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n" + "".join(
    f"{key}\tmovie\t{title}\t{title}\t0\t{year}\t\\N\t{minutes}\t{genres}\n"
    for key, title, year, minutes, genres in (
        ("tt0113277", "Heat", 1995, 170, "Action,Crime,Drama"),
        ("tt0133093", "The Matrix", 1999, 136, "Action,Sci-Fi"),
        ("tt2379713", "Spectre", 2015, 148, "Action,Adventure,Thriller"),
        ("tt1375666", "Inception", 2010, 148, "Action,Adventure,Sci-Fi"),
        ("tt0082096", "Das Boot", 1981, 149, "Drama,War"),
        ("tt0017136", "Metropolis", 1927, 153, "Drama,Sci-Fi"),
        ("tt0499549", "Avatar", 2009, 162, "Action,Adventure,Fantasy"),
        ("tt0389605", "Dinosaur Planet", 2003, 50, "Documentary"),
    )
)  # fmt: skip
LINKED = {
    **{key: {"tt0113277"} for key in FILES},
    **{key: {"tt0133093"} for key in ("export.csv", "list.csv")},
    **{key: {"tt0499549"} for key in ("numbers.csv", "mojo.csv", "lifetime.csv")},
    "tmdb_5000_movies.csv": {"tt2379713"},
    "TMDB_movie_dataset_v11.csv": {"tt1375666"},
    "movie_titles.csv": {"tt0389605"},
    "meine-filme.csv": {"tt0082096", "tt0017136"},
}
#: By file whose ratings it has of its film: rater, value, highest.
RATED: dict[str, set[tuple[str, float, float]]] = {
    **{key: {("me", 4.5, 5)} for key in ("ratings.csv", "diary.csv")},
    **{key: {("me", 9, 10), ("imdb", 8.7, 10)} for key in ("export.csv", "list.csv")},
    "ratings-movies.json": {("me", 9, 10)},
    "SimklBackup.json": {("me", 8, 10)},
    "tmdb_5000_movies.csv": {("tmdb", 6.3, 10)},
    "TMDB_movie_dataset_v11.csv": {("tmdb", 8.364, 10)},
    "imdb_top_1000.csv": {("imdb", 8.3, 10), ("metacritic", 76, 100)},
    "meine-filme.csv": {("me", 9.5, 10), ("me", 8, 10)},
}


@pytest.mark.parametrize(
    "name",
    [name if at % 6 == 0 else pytest.param(name, marks=pytest.mark.nightly) for at, name in enumerate(FILES)],
)
def test_each_layout_is_linked_with_imdb(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name][0])
    (tmp_path / "title.basics.tsv").write_text(IMDB)
    linked = link(tmp_path / name, tmp_path / "title.basics.tsv", Columns(), shipped_model())
    pairs = linked.matching.pairs.to_pylist()
    assert {pair["right_key"] for pair in pairs if pair["band"] == "accept"} == LINKED[name]


@pytest.mark.parametrize("name", FILES)
def test_each_layout_with_ratings_is_rated_and_others_say_they_have_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name][0])
    with DuckEngine() as engine:
        if name not in RATED:
            try:
                open_ratings(engine, tmp_path / name)
            except PayloadError as error:
                assert "no column" in str(error)
            else:
                pytest.fail(f"{name} has ratings: put what they are into RATED")
            return
        open_ratings(engine, tmp_path / name)
        rows = engine.query("SELECT source, value, highest FROM ratings").to_pylist()
    assert {(row["source"], float(row["value"]), float(row["highest"])) for row in rows} == RATED[name]


@pytest.mark.parametrize(
    ("name", "months"), [("tmdb_5000_movies.csv", ["2015-10"]), ("TMDB_movie_dataset_v11.csv", ["2010-07"])]
)
def test_tables_of_money_are_rolled_up(tmp_path: Path, name: str, months: list[str]) -> None:
    (tmp_path / name).write_text(FILES[name][0])
    done = moviec("rollup", tmp_path / name, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["months"] == months
