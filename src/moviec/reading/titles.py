"""Reads titles from lists, folders and files: a year, an edition, a resolution or an id in them is separated.

Accents that were read in the wrong encoding ("AmÃ©lie") are repaired where the bytes are unambiguous.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import NamedTuple

from moviec.reading.ids import film_id, marked_ids

#: Where a whole column has the year, without brackets: before or after the title.
YEAR_BEFORE, YEAR_BEHIND = "year before", "year behind"
#: Prefix of these if a column numbers its titles: "1. Heat", "02 - Alien".
NUMBERED = "numbered"
#: The share of cells that must follow a column's convention: with fewer, a title may just begin with a number.
MOST, LEAST_CELLS = 0.8, 3

_YEAR = r"(?:18[7-9]\d|19\d\d|20\d\d)"
_BRACKETED_YEAR = re.compile(
    rf"\s*[(\[{{]\s*(?:[IVX]+\s+|TV\s+(?:Movie\s+)?|Video\s+|film\s+)?({_YEAR})\s*(?:[-–]\s*(?:{_YEAR})?)?(?:\s+(?:film|movie|TV\s*(?:movie|film)|video))?"
    rf"(?:/[IVX]+)?\s*[)\]}}](?=\s*(?:$|[({{\[]|[-–]\s|[\w.]))",
    re.IGNORECASE,
)
_LEADING_YEAR = re.compile(rf"^[(\[]({_YEAR})[)\]][\s.\-–]+(?=\S)")
_NUMBER = re.compile(r"^[#(\[]?(\d{1,4})(?:[.):\]]+\s*|\s*[-–—]\s+|\t+)(?=\S)")
_BARE_BEFORE = re.compile(rf"^({_YEAR})\s*[-–—.:]\s+(?=\S)|^({_YEAR})\s+(?=\S)")
_BARE_BEHIND = re.compile(rf"(?<=\S)\s*[-–—,]?\s+({_YEAR})$")

_EDITIONS = (
    r"(?:the\s+)?(?:director'?s|director’s|extended|theatrical|final|ultimate|unrated|uncut|international|assembly|special|rogue|workprint|redux)"
    r"(?:\s+(?:director'?s|extended|collector'?s))?\s*(?:cut|edition|version)?|unrated|uncut|remastered|restored|4k\s+remaster(?:ed)?"
    r"|(?:the\s+)?(?:\d+th\s+)?anniversary(?:\s+edition)?|criterion(?:\s+collection)?|imax(?:\s+(?:edition|enhanced))?|3d|open\s+matte|black\s*(?:and|&)\s*(?:white|chrome)"
)
_TECHNICAL = (
    r"\d{3,4}[pi]|[248]k|uhd|hdr(?:10)?\+?|sdr|dv|dolby\s*vision|blu-?ray|br-?rip|bd-?rip|bd|web-?dl|web-?rip|web|hd-?rip|hd-?tv|dvd(?:-?rip|5|9|scr)?|cam|telesync"
    r"|remux|x26[45]|h\.?26[45]|hevc|avc|xvid|divx|av1|vc-?1|10-?bit|8-?bit|aac(?:2\.0|5\.1)?|ac3|e-?ac-?3|ddp?(?:\s?[257]\.[01])?|dts(?:-?(?:hd|x|es))?(?:[. ]ma)?|truehd|atmos|flac|mp3|opus"
    r"|[257]\.[01]|multi|dual(?:\s*audio)?|dubbed|subbed|vostfr|truefrench|french|german|english|ita|eng|proper|repack|internal|limited|complete"
    r"|amzn|nf|dsnp|hmax|atvp|yts(?:\.\w+)?|yify|rarbg|psa|tigole|hi10p?"
)
_TAG = re.compile(
    rf"\s*[\[{{(]\s*(?:edition-[^\]}})]*|(?:{_TECHNICAL}|{_EDITIONS})(?:[\s,._+-]+(?:{_TECHNICAL}|{_EDITIONS}|\w{{1,12}}))*)\s*[\]}})]",
    re.IGNORECASE,
)
#: Text after a year in brackets that is not part of the title.
_BESIDE = re.compile(
    rf"(?:{_TECHNICAL}|{_EDITIONS})(?:[\s,._+-]+(?:{_TECHNICAL}|{_EDITIONS}|[\w\[\]()]+))*", re.IGNORECASE
)
_TECHNICAL_WORD = re.compile(rf"(?:{_TECHNICAL})", re.IGNORECASE)
_EDITION_WORD = re.compile(
    r"remastered|restored|extended|unrated|uncut|theatrical|directors?|cut|edition|final|ultimate|special|imax|criterion|redux|open|matte",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"\.(?:mkv|mp4|m4v|avi|mov|wmv|mpe?g|ts|m2ts|iso|webm|flv|srt|nfo|strm)$", re.IGNORECASE)
_VIDEO = re.compile(r"\.(?:mkv|mp4|m4v|avi|mov|wmv|mpe?g|ts|m2ts|iso|webm|flv|strm)$", re.IGNORECASE)
_DOTTED = re.compile(rf"^(\S+?)[._]\(?({_YEAR})\)?(?:[._-](.*))?$")
_SPACED = re.compile(rf"^(.+?)[\s.]+\(?({_YEAR})\)?[\s.]+(.*)$")
_PART = re.compile(r"\s*[-–]?\s*(?:cd|disc|disk|pt)\s*\d$", re.IGNORECASE)

#: DuckDB patterns of cells whose accents are checked, and of titles for anything else in this module.
GARBLED_SQL = r"'[\x{C2}-\x{F4}][\x{80}-\x{BF}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17D}\x{17E}\x{192}\x{2C6}\x{2DC}\x{2013}-\x{203A}\x{20AC}\x{2122}]|^\s|\s$|&[#A-Za-z0-9]{2,8};|[\x{200B}\x{200E}\x{200F}\x{2060}\x{FEFF}]'"
ODD_SQL = (
    GARBLED_SQL[:-1]
    + r"""|[\[{\]}_]|\*.*\*|\([^()]*[0-9]{4}|^[#(]?[0-9]{1,4}(?:[.):]|\s*[-–—]\s)|\((?i:[^()]*(?:cut|edition|version|unrated|uncut|remastered|[0-9]p))|^[0-9]{4}[ .:–—-]|[^0-9][0-9]{4}$"""
    + r"""|^\S*\.\S*\.\S*$|\.[A-Za-z0-9]{2,4}$|\s\s|[0-9]{3,4}p\b|^(?:N/A|#N/A|NULL|null|NaN|nan|None|<NA>|-|\?)$'"""
)


class Title(NamedTuple):
    """A title, and the values found with it."""

    title: str
    year: int | None = None
    ids: dict[str, str] = {}  # noqa: RUF012 - never changed


def decide_year(texts: Iterable[str], cells: int) -> str | None:
    """Return where a column has the year without brackets: before the title, after it, or nowhere (None).

    If its titles are numbered, the result begins with NUMBERED.
    """
    some = [text.strip() for text in texts]
    if _are_numbered(some, cells):
        years = decide_year((_NUMBER.sub("", cell) for cell in some if not _YEAR_ONLY.match(cell)), cells)
        return f"{NUMBERED} {years}" if years else NUMBERED
    for name, pattern in ((YEAR_BEFORE, _BARE_BEFORE), (YEAR_BEHIND, _BARE_BEHIND)):
        if cells >= LEAST_CELLS and sum(bool(pattern.search(cell)) for cell in some) >= MOST * cells:
            return name
    return None


_YEAR_ONLY = re.compile(rf"^{_YEAR}\b")


def _are_numbered(some: list[str], cells: int) -> bool:
    """Return whether enough cells are numbered, with distinct and plausible numbers."""
    found = [int(number[1]) for cell in some if (number := _NUMBER.match(cell))]
    if cells < LEAST_CELLS or len(found) < MOST * cells or min(found) > 1800:
        return False
    return len({*found}) >= MOST * len(found) and max(found) - min(found) <= 2 * cells + 10


_LINK = re.compile(r"!?\[([^\[\]]+)\]\(\s*<?([^\s()<>]+)>?[^()]*\)")
_EMPHASIS = re.compile(r"^(\*\*\*|\*\*|__|\*|_)(?=\S)([^*]+?)(?<=\S)\1(?=$|\s*[(\[,–-])")


def _without_markdown(text: str) -> tuple[str, dict[str, str]]:
    """Remove Markdown links and emphasis from a title: "**[Heat](https://www.imdb.com/title/tt0113277/)**"; return it
    and the ids.
    """
    found: dict[str, str] = {}
    for _, address in _LINK.findall(text):
        for space in ("imdb", "tmdb"):
            if "://" in address and space in address and (known := film_id(space, address)):
                found.setdefault(space, known)
    text = _LINK.sub(r"\1", text)
    return _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text)), found


def title(text: str, years: str | None = None) -> Title | None:
    """Read a title. `years`: the column's convention (`decide_year`). None for an object in its place."""
    text = mended(text).strip()
    if _is_object(text):
        return None
    if years and years.startswith(NUMBERED):
        text, years = _NUMBER.sub("", text), years.removeprefix(NUMBERED).strip()
    text, linked = _without_markdown(text)
    text = " ".join(_of_path(text).split())
    plain, ids = marked_ids(text)
    ids = linked | ids
    is_file = _SUFFIX.search(plain) is not None
    plain, year = _from_file_name(_SUFFIX.sub("", plain), is_file)
    plain = _without_tags(plain)
    if year is None:
        plain, year = _without_year(plain, years)
    plain = _PART.sub("", plain) if plain != text and _PART.search(plain) else plain
    plain = plain.strip().rstrip("-–").strip()
    return Title(plain, year, ids) if plain else Title(text, None, ids)


def _of_path(text: str) -> str:
    """Return a film file's name without folders; if it has no year, the folder's name if that has one."""
    if not _VIDEO.search(text) or not re.search(r"[\\/]", text):
        return text
    folders = re.split(r"[\\/]+", text)
    if len(folders) > 1 and not re.search(_YEAR, folders[-1]) and _BRACKETED_YEAR.search(folders[-2]):
        return folders[-2]
    return folders[-1]


def _without_year(text: str, years: str | None) -> tuple[str, int | None]:
    """Remove the year in brackets at the end or the start of a title, or without brackets by the column's
    convention.
    """
    years_found = list(_BRACKETED_YEAR.finditer(text))
    found = years_found[-1] if years_found else None
    if found and found.start() > 0:
        rest = text[found.end() :].strip(" -–.")
        if rest and rest[0].isalnum() and not _BESIDE.fullmatch(rest):
            return text, None
        rest = "" if _BESIDE.fullmatch(rest) else rest
        return _without_tags(f"{text[: found.start()]} {rest}").strip(), int(found[1])
    if leading := _LEADING_YEAR.match(text):
        return text[leading.end() :], int(leading[1])
    if years == YEAR_BEFORE and (before := _BARE_BEFORE.match(text)):
        return text[before.end() :], int(before[1] or before[2])
    if years == YEAR_BEHIND and (behind := _BARE_BEHIND.search(text)):
        return text[: behind.start()], int(behind[1])
    return text, None


def _without_tags(text: str) -> str:
    while (shorter := _TAG.sub(" ", text).strip()) != text.strip() and shorter:
        text = shorter
    return " ".join(text.split())


def _from_file_name(text: str, is_file: bool = False) -> tuple[str, int | None]:
    """Read "The.Matrix.1999.1080p.BluRay" and "The Matrix 1999 1080p BluRay x264-GROUP": a year, followed only by
    technical words.
    """
    name = text.replace("_", " ") if "_" in text and " " not in text else text
    dotted = " " not in name and name.count(".") >= (1 if is_file else 2)
    pattern = _DOTTED if dotted else _SPACED
    best = None
    for start in range(len(name)):  # the last year before the technical words: "Blade.Runner.2049.2017.1080p"
        found = re.compile(rf"[\s._(]({_YEAR})(?=[\s._)-]|$)").search(name, start)
        if not found:
            break
        if start == found.start():
            words = [word for word in re.split(r"[\s._()\[\]-]+", name[found.end() :]) if word]
            rest = next((word for word in words if not _EDITION_WORD.fullmatch(word)), None)
            if (dotted and not words) or (rest and _TECHNICAL_WORD.fullmatch(rest)):
                best = found
    if best and best.start() > 0 and pattern.match(name):
        whole = name[: best.start()].strip(" ._(-")
        return _spaced(whole) if dotted else " ".join(whole.split()), int(best[1])
    if dotted or name != text:
        words = re.split(r"[\s._]+", name)
        at = next((at for at, word in enumerate(words) if at and _TECHNICAL_WORD.fullmatch(word)), None)
        if at and len(words) > at:
            return " ".join(words[:at]), None
        return (name, None) if name != text and dotted is False else (text, None)
    return text, None


def _spaced(name: str) -> str:
    """Replace the points of a file's name by blanks, except those of initials and of "Vol.", "Dr."."""
    words = [word for word in name.split(".") if word]
    spaced, initials = [], ""
    for word in words:
        if len(word) == 1 and word.isalpha() and word.isupper() and (initials or word not in ("A", "I")):
            initials += f"{word}."
            continue
        if initials:
            spaced.append(initials if len(initials) > 2 else initials.rstrip("."))
            initials = ""
        spaced.append(word)
    if initials:
        spaced.append(initials if len(initials) > 2 else initials.rstrip("."))
    return " ".join(spaced)


def _is_object(text: str) -> bool:
    """Return whether a cell holds a JSON or Python object or list instead of a title."""
    if not ((text.startswith("{") and text.endswith("}")) or (text.startswith("[") and text.endswith("]"))):
        return False
    return bool(re.match(r"""[{\[]\s*(?:["'{\[]|[}\]])""", text)) or (text[0] == "{" and ":" in text)


_ENTITY = re.compile(
    r"&(?:amp|quot|apos|lt|gt|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5}|[A-Za-z]{1,2}(?:uml|acute|grave|circ|tilde|cedil|ring|slash|lig));"
)
#: Invisible characters: a byte order mark, zero-width blanks.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u2060\ufeff]")
#: The bytes that Windows-1252 does not define, as some programs pass them through.
_UNDEFINED = {code: bytes([code]) for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


def mended(text: str) -> str:
    """Repair UTF-8 that was read as Windows-1252 or Latin-1, once or twice, and decode HTML entities ("&amp;").

    Text that may be correct is unchanged.
    """
    text = _UNSEEN.sub("", html.unescape(text) if _ENTITY.search(text) else text)
    for _ in range(2):
        raw = _as_bytes(text)
        if raw is None:
            break
        try:
            better = raw.decode("utf-8")
        except UnicodeDecodeError:
            break
        if len(better) == len(text):
            break
        text = better
    return text


def _as_bytes(text: str) -> bytes | None:
    """Return the bytes that a text was read from as Windows-1252; None if that is impossible."""
    if text.isascii():
        return None
    out = bytearray()
    for letter in text:
        try:
            out += letter.encode("cp1252")
        except UnicodeEncodeError:
            if 0x80 <= ord(letter) <= 0x9F:
                out.append(ord(letter))
            else:
                return None
    return bytes(out)
