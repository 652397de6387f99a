"""IMDb's datasets read as they mean: films only, people by name, every row accounted for."""

from __future__ import annotations

import gzip
from pathlib import Path

from moviec.sources.registry import find_source
from moviec.storage.archives import unpack
from tests.conftest import real
from tests.sources.reading import read, reconciled

BASICS = r"""tconst	titleType	primaryTitle	originalTitle	isAdult	startYear	endYear	runtimeMinutes	genres
tt0000001	movie	The "Quiet" House	Das stille Haus	0	1931	\N	78	Drama,Film-Noir
tt0000002	tvSeries	Not a Film	Not a Film	0	1990	1993	30	Comedy
tt0000003	short	Bare " Quote	Bare " Quote	1	\N	\N	\N	\N
tt0000004	tvMovie	Evening	Evening	0	2001	\N	long	News
tt12345678	video	New Id	New Id	0	2023	\N	5	Short
tt0000005	movie	One column short	1999
"""
RATINGS = "tconst\taverageRating\tnumVotes\ntt0000001\t7.6\t1200\ntt0000002\t5.0\t9\ntt0000003\t11\t3\n"
CREW = "tconst\tdirectors\twriters\ntt0000001\tnm0000002,nm0000001\tnm0000001\ntt0000003\t\\N\tnm0000009\n"
NAMES = (
    "nconst\tprimaryName\tbirthYear\tdeathYear\tprimaryProfession\tknownForTitles\n"
    "nm0000001\tAda Bree\t\\N\t\\N\t\\N\t\\N\nnm0000002\tCy Dole\t1900\t1970\tdirector\ttt0000001\n"
)
AKAS = (
    "titleId\tordering\ttitle\tregion\tlanguage\ttypes\tattributes\tisOriginalTitle\n"
    "tt0000001\t2\tLa maison\tFR\tfr\t\\N\t\\N\t0\ntt0000001\t1\tDas stille Haus\tDE\t\\N\t\\N\t\\N\t1\n"
    "tt0000002\t1\tNicht\tDE\t\\N\t\\N\t\\N\t0\n"
)
PRINCIPALS = (
    "tconst\tordering\tnconst\tcategory\tjob\tcharacters\n"
    'tt0000001\t2\tnm0000001\tactress\t\\N\t["The Widow","Her Twin"]\n'
    "tt0000001\t1\tnm0000002\tcomposer\t\\N\t\\N\ntt0000001\t3\tnm0000002\tdirector\t\\N\t\\N\n"
)
ALL = {
    "basics": BASICS,
    "ratings": RATINGS,
    "crew": CREW,
    "names": NAMES,
    "akas": AKAS,
    "principals": PRINCIPALS,
}


def test_films_are_read_and_other_titles_are_skipped_not_lost() -> None:
    found = read("imdb", ALL)
    assert {key: film.get("kind") for key, film in found.films.items()} == {
        "tt0000001": "feature",
        "tt0000003": "short",
        "tt0000004": "tv_movie",
        "tt12345678": "video",
    }
    basics = found.reading.files["basics"]
    assert (basics.count.read, basics.count.kept, basics.count.skipped, basics.count.rejected) == (6, 4, 1, 1)
    assert basics.rejected.to_pylist()[0]["line"] == 7
    assert reconciled(found.reading)


def test_a_film_reads_field_by_field() -> None:
    film = read("imdb", ALL).films["tt0000001"]
    assert (film["title"], film["original_title"]) == ('The "Quiet" House', "Das stille Haus")
    assert (film["year"], film["runtime"], film["genres"], film["adult"]) == (
        1931,
        78,
        ["Drama", "Film-Noir"],
        False,
    )
    assert dict(film["ids"]) == {"imdb": "tt0000001"}
    assert (film["role"], film["line"]) == ("basics", 2)
    rating = film["ratings"][0]
    assert (rating["rater"], rating["panel"], rating["value"], rating["votes"]) == (
        "imdb",
        "audience",
        7.6,
        1200,
    )
    assert (rating["lowest"], rating["highest"]) == (1, 10)
    assert [(t["title"], t["language"], t["region"]) for t in film["other_titles"]] == [
        ("Das stille Haus", None, "DE"),
        ("La maison", "fr", "FR"),
    ]


def test_people_come_by_name_in_order() -> None:
    films = read("imdb", ALL).films
    assert [(p["role"], p["name"], p["key"], p["position"]) for p in films["tt0000001"]["people"]] == [
        ("director", "Cy Dole", "nm0000002", 0),
        ("director", "Ada Bree", "nm0000001", 1),
        ("writer", "Ada Bree", "nm0000001", 0),
        ("composer", "Cy Dole", "nm0000002", 0),
        ("actor", "Ada Bree", "nm0000001", 1),
    ]
    assert films["tt0000001"]["people"][4]["character"] == "The Widow / Her Twin"
    assert films["tt0000003"]["list_problems"] == ["people_without_a_name"]
    assert "people" not in films["tt0000003"]


def test_what_cannot_be_is_unknown_and_named() -> None:
    films = read("imdb", ALL).films
    assert films["tt0000003"]["problems"] == ["rating_outside_its_scale"]
    assert "ratings" not in films["tt0000003"]
    assert films["tt0000004"]["problems"] == ["runtime_unreadable"]


def test_basics_alone_are_enough() -> None:
    film = read("imdb", {"basics": BASICS}).films["tt0000001"]
    assert film["title"] == 'The "Quiet" House'
    assert "people" not in film


def test_the_real_files_reconcile_and_agree_with_plain_python(tmp_path: Path) -> None:
    roles = {
        "basics": "title.basics",
        "ratings": "title.ratings",
        "crew": "title.crew",
        "names": "name.basics",
    }
    packed = {role: real(f"imdb/{name}.tsv.gz") for role, name in roles.items()}
    found = read("imdb", {role: unpack(path, tmp_path)[0] for role, path in packed.items()})
    rows = {role: _rows(path) for role, path in packed.items()}
    assert reconciled(found.reading)
    for role, expected in rows.items():
        assert found.reading.files[role].count.kept == len(expected), role
    names = {row["nconst"]: row["primaryName"] for row in rows["names"]}
    directors = {row["tconst"]: row["directors"] for row in rows["crew"]}
    ratings = {row["tconst"]: row for row in rows["ratings"]}
    for line, row in enumerate(rows["basics"], 2):
        film = found.films[row["tconst"]]
        assert film["line"] == line
        assert film["title"] == row["primaryTitle"].strip()
        assert film.get("year") == _number(row["startYear"])
        assert film.get("runtime") == _number(row["runtimeMinutes"])
        assert film.get("genres", []) == ([] if row["genres"] == r"\N" else row["genres"].split(","))
        keys = directors.get(row["tconst"], r"\N").split(",")
        directed = [p["name"] for p in film.get("people", []) if p["role"] == "director"]
        listed = [names[key].strip() for key in keys if key != r"\N"]
        assert directed == [name for name in listed if name != "Various"]
        if rated := ratings.get(row["tconst"]):
            assert film["ratings"][0]["value"] == float(rated["averageRating"])
            assert film["ratings"][0]["votes"] == int(rated["numVotes"])
    labels = {label for film in found.films.values() for label in film.get("genres", [])}
    assert labels <= set(find_source("imdb").spec.genres)


def _rows(path: Path) -> list[dict[str, str]]:
    header, *lines = gzip.decompress(path.read_bytes()).decode().rstrip("\n").split("\n")
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def _number(text: str) -> int | None:
    return None if text == r"\N" else int(text)
