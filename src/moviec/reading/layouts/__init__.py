"""Column names of people's film lists, in several languages, and the layouts of common files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal

import msgspec

from moviec.text import fold_one

#: Names of a column (folded, without blanks; text in brackets, such as units, may be left out), by what it
#: holds.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "movieid", "filmid", "tconst", "const", "key", "rowid", "recordid", "uid", "identifier", "nr", "no", "number", "code", "showid", "malid", "anilistid"),
    "title": ("title", "primarytitle", "movietitle", "filmtitle", "name", "moviename", "filmname", "movie", "film", "titel", "titre", "titulo", "titolo", "filmtitel", "titredufilm", "tytul", "название", "タイトル", "作品名", "題名", "片名", "제목", "nazev", "nazevfilmu", "tytulpolski", "tytulfilmu", "cim", "filmcim", "titulek", "nimi", "elokuva", "tittel", "filmadi", "baslik", "titlu", "denumire", "τιτλος", "ταινια", "назва", "фильм", "названиефильма", "tituloenespanol", "titelderfilms", "nome", "filme", "titolofilm", "titolodelfilm", "peliculas", "pelicula", "影片", "电影", "电影名", "电影名称", "影片名称", "中文名", "標題", "标题", "映画", "映画タイトル", "영화", "영화제목", "seriestitle", "titleromaji", "romaji", "romajititle", "canonicaltitle", "nameru", "русскоеназвание"),
    "original_title": ("originaltitle", "originalname", "titleoriginal", "originaltitel", "titreoriginal", "titolooriginale", "titulooriginal", "tytuloryginalny", "originalninazev", "originalnazev", "eredeticim", "alkuperainennimi", "originaltittel", "orijinaladi", "оригинальноеназвание", "原名", "原題", "外文名", "원제", "titlenative", "nativetitle", "native", "titlejapanese", "japanesetitle", "nameoriginal", "оригинал"),
    "other_titles": ("othertitles", "alternativetitles", "alternativetitle", "alternatetitle", "aka", "akas", "alsoknownas", "englishtitle", "titleenglish", "english", "nameen", "englishname", "titlesynonyms", "synonyms", "английскоеназвание"),
    "year": ("year", "startyear", "releaseyear", "movieyear", "filmyear", "yearrange", "productionyear", "titleyear", "yearofrelease", "yearreleased", "releasedin", "jahr", "erscheinungsjahr", "annee", "anno", "ano", "produktionsjahr", "anneedesortie", "rok", "год", "公開年", "製作年", "年", "年份", "연도", "originalreleaseyear", "yearmade", "rokprodukcji", "rokpremiery", "rokvydani", "rokvzniku", "ev", "gyartasiev", "vuosi", "ar", "utgivningsar", "produktionsar", "yil", "yapimyili", "an", "anul", "aniaparitiei", "ετος", "рік", "годвыпуска", "годвыхода", "anodelancamento", "anodeestreno", "annodiuscita", "年代", "上映年份", "제작연도", "개봉년도", "jahrgang", "seasonyear", "airedyear", "anodeproduccion", "anoproduccion", "годпроизводства"),
    "released": ("released", "releasedate", "originalreleasedate", "releasedon", "erscheinungsdatum", "kinostart", "datedesortie", "fechadeestreno", "datadiuscita", "premiered", "premieredate", "premiere", "dateofrelease", "theatricalrelease", "premiera", "datapremiery", "datumvydani", "bemutato", "ensiesitys", "premiardatum", "premieredato", "vizyontarihi", "датавыхода", "премьера", "上映日期", "上映日", "公開日", "개봉일", "estreno", "datadeestreia", "dataderilascio", "datedesortieenfrance", "kinostartde", "releasedatemonthdayyear"),
    "people": ("people", "cast", "actors", "actor", "starring", "stars", "castmembers", "actorname", "maincast", "darsteller", "besetzung", "acteurs", "actores", "reparto", "attori", "obsada", "актеры", "出演者", "hrajiherci", "herci", "szereplok", "nayttelijat", "skadespelare", "skuespillere", "oyuncular", "actori", "distributie", "ηθοποιοι", "актери", "вролях", "elenco", "interpretes", "interpreti", "distribution", "主演", "演员", "演員", "キャスト", "배우", "출연"),
    "directors": ("directors", "director", "directedby", "directorname", "regie", "realisateur", "regia", "regista", "regisseur", "realisateurs", "rezyser", "режиссер", "directora", "regisseure", "reziser", "rezie", "rezyseria", "rendezo", "ohjaaja", "ohjaus", "regissor", "instruktor", "regissør", "yonetmen", "regizor", "σκηνοθετης", "режисер", "режиссеры", "realisateurtrice", "realizador", "diretor", "direcao", "directorfilm", "导演", "導演", "監督", "감독", "direccion", "dirigidapor", "direccion"),
    "runtime": ("runtime", "runtimeminutes", "duration", "length", "runningtime", "minutes", "runtimemins", "runtimemin", "laenge", "lange", "dauer", "duree", "durata", "duracion", "laufzeit", "stopaz", "delka", "jatekido", "hossz", "kesto", "speltid", "lengde", "sure", "διαρκεια", "длительность", "хронометраж", "片长", "片長", "上映時間", "러닝타임", "tiempo", "время", "продолжительность"),
    "genres": ("genres", "genre", "listedin", "genero", "generos", "genere", "generi", "gatunek", "gatunki", "zanr", "zanry", "mufaj", "laji", "genrer", "tur", "gen", "ειδος", "жанр", "жанры", "类型", "類型", "ジャンル", "장르", "kategorie", "filmgenre"),
    "kind": ("kind", "titletype", "type", "mediatype", "contenttype"),
    "imdb_id": ("imdbid", "imdb", "tconst", "const", "imdbtitleid", "imdbtt"),
    "tmdb_id": ("tmdbid", "tmdb", "themoviedbid"),
}  # fmt: skip


#: The same for fields that only sources use, not linked lists.
MORE_ALIASES: dict[str, tuple[str, ...]] = {
    "writers": ("writers", "writer", "screenplay", "writtenby", "credits"),
    "companies": ("companies", "productioncompanies", "productioncompany", "studio", "studios", "company"),
    "countries": ("countries", "country", "productioncountries", "land", "pays", "pais", "paese", "kraj", "krajprodukcji", "zeme", "orszag", "maa", "ulke", "tara", "χωρα", "страна", "країна", "国家", "國家", "制片国家地区", "製作国", "국가", "produktionsland", "countryoforigin", "countriesoforigin"),
    "languages": ("languages", "language"),
    "keywords": ("keywords", "tags", "plotkeywords"),
    "budget": ("budget", "productionbudget", "cost", "presupuesto", "orcamento", "budzet", "rozpocet", "koltsegvetes", "бюджет", "预算", "제작비"),
    "revenue": ("worldwidegross", "worldwide", "grossworldwide", "boxofficeworldwide", "worldwideboxoffice", "worldwiderevenue"),
    "gross": ("revenue", "gross", "boxoffice", "totalgross", "earnings", "einspielergebnis"),
    "domestic": ("domesticgross", "domestic", "grossdomestic", "usgross", "grossusa"),
    "overview": ("overview", "plot", "description", "synopsis", "storyline", "summary"),
    "trailer": ("trailer", "trailerurl", "trailerfile", "traileraddress"),
    "certificate": ("certificate", "certification", "contentrating", "mpaa", "rated", "mpaarating"),
    "imdb_rating": ("imdbrating", "imdbscore", "imdbaveragerating"),
    "imdb_votes": ("imdbvotes", "numvotes", "noofvotes", "numvotedusers", "votes"),
    "metacritic": ("metascore", "metacritic", "metacriticscore"),
    "rottentomatoes": ("tomatometer", "rottentomatoes", "rtscore", "rottentomatoesscore", "tomatometerrating"),
    "rating": ("rating", "myrating", "yourrating", "stars", "score", "note", "userrating", "grade", "mark", "bewertung", "puntuacion", "valoracion", "voto", "ocena", "оценка", "評価", "noteperso", "manote", "hodnoceni", "ertekeles", "pisteet", "arvosana", "betyg", "karakter", "puan", "nota", "mojaocena", "osobniocena", "yourated", "yourscore", "myscore", "моваоценка", "评分", "評分", "我的评分", "평점", "별점", "評点", "ratingoutof5", "ratingoutof10", "wertung"),
    "wikidata_id": ("wikidataid", "wikidata"),
    "letterboxd": ("letterboxduri", "letterboxdurl"),
}  # fmt: skip

#: Objects with series and their parts, whose titles are not films.
SERIES = ("show", "series", "tvshow", "episode", "season", "anime")

_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")


@lru_cache(maxsize=1_000)  # 2 ms each, and the names of one file are asked for many times
def plain_name(column: str) -> str:
    """Return a column's name folded as titles are, without blanks."""
    return fold_one(column).replace(" ", "")


def bare_name(column: str) -> str:
    """Return a column's name without text in brackets, such as units."""
    return _BRACKETED.sub(" ", column)


def usual_columns(seen: Sequence[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the column of each field by usual names; one inside an object (movie.title) takes precedence over the
    object.
    """
    seen = [
        column for column in seen if plain_name(column.partition(".")[0]) not in SERIES or "." not in column
    ]
    nested = {plain_name(column.rpartition(".")[2]): column for column in reversed(seen) if "." in column}
    folded = {column.partition(".")[0] for column in nested.values()}
    bare = {plain_name(bare_name(column)): column for column in reversed(seen)}
    plain = bare | {plain_name(column): column for column in reversed(seen)}
    plain = nested | {
        name: column for name, column in plain.items() if column not in folded or name not in nested
    }
    if "title" in nested:  # an object with a title is not itself one
        plain = {name: column for name, column in plain.items() if column not in folded}
    return {
        field: next(plain[alias] for alias in names if alias in plain)
        for field, names in aliases.items()
        if not plain.keys().isdisjoint(names)
    }


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater in a layout: its panel and the ends of its scale."""

    panel: Literal["critics", "audience"]
    lowest: float
    highest: float


class Beside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further file of a layout: the columns that identify it, its key, which is the films', and what its columns
    feed.
    """

    name: str
    needs: tuple[str, ...]
    key: str
    columns: dict[str, tuple[str, ...]]

    def fits(self, columns: Iterable[str]) -> bool:
        """Return whether a table with these columns is such a file."""
        there = {column.casefold() for column in columns}
        return all(column.casefold() in there for column in self.needs)


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A layout: the columns that identify it (`needs`), a pattern of file names if these are not enough (`named`), and
    what each column feeds, as in a source's facts. `key` names the columns that identify rows; the rows of a `private`
    one are one person's own. `beside`: further files by role. If a person may have several files of it (`each`), the
    file's name is part of the source's; if it comes as several files (`keeps`), fields missing in a later file keep
    their values.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    named: str = ""
    key: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    raters: dict[str, Scale] = {}
    separator: str = ""
    dates: str = ""
    private: bool = True
    beside: dict[str, Beside] = {}
    each: bool = False
    keeps: bool = False

    def fits(self, columns: Iterable[str], file: str) -> bool:
        """Return whether a table with these columns, in a file of this name, has the layout."""
        there = {column.casefold() for column in columns}
        known = all(column.casefold() in there for column in self.needs)
        return known and re.search(self.named, file, re.IGNORECASE) is not None

    def feeding(self, feed: str, columns: Sequence[str]) -> str | None:
        """Return the column that feeds a field, in the table's spelling."""
        names = {column.casefold(): column for column in columns}
        for column, feeds in self.columns.items():
            if feed in feeds and column.casefold() in names:
                return names[column.casefold()]
        return None


@lru_cache(maxsize=1)
def layouts() -> tuple[Layout, ...]:
    """Return every layout, those with more identifying columns first."""
    folder = resources.files("moviec.reading.layouts")
    found = [
        msgspec.toml.decode(file.read_bytes(), type=Layout)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda layout: (-len(layout.needs), not layout.named, layout.name)))


def layout_of(columns: Sequence[str], file: str) -> Layout | None:
    """Return the layout of a table; None if unknown."""
    return next((layout for layout in layouts() if layout.fits(columns, file)), None)


def layout_beside(columns: Sequence[str]) -> tuple[Layout, str] | None:
    """Return the layout, and the role in it, of a table that accompanies a table of films; None for other tables."""
    for layout in layouts():
        for role, beside in layout.beside.items():
            if beside.fits(columns):
                return layout, role
    return None
