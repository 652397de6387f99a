"""How the same words are written differently: the tables that folding goes by, whoever folds."""

from __future__ import annotations

import re
import unicodedata

#: How a source, and a space of ids, may be called: before the colon of kaggle:862, in any case.
SPACE_PATTERN = "[A-Za-z][A-Za-z0-9_-]{0,29}"

#: Letters that Unicode does not decompose, and signs that stand for words.
SPELLED = (
    ("[øǿ]", "o"),
    ("[æǽ]", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("ł", "l"),
    ("[đð]", "d"),
    ("þ", "th"),
    ("ı", "i"),
    ("¢", "c"),
    ("[’‘´ʻʼ]", ""),
)

#: Articles that open a title and say nothing; those that are also a common first word (die, i, as) are left out.
ARTICLES = "the|a|an|le|la|les|une?|el|los|las|una|il|gli|der|das|eine?|het|een|den|det"

#: Not an article, where the rest is not in capitals, too: "LA Story".
CITY = r"(?s)^LA .*\p{Ll}"

#: What may stand inverted after a comma: the articles above, and those that are safe to move but not to drop.
INVERTED = ARTICLES + "|die|des|dem|i|lo|uno|o|os|as|um|uma|de|en|ett|et|az|l'|l’"

ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
    "xi": "11", "xii": "12", "xiii": "13", "xiv": "14", "xv": "15", "xvi": "16",
}  # fmt: skip
WORDS = {
    "i": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "v": "5", "x": "10",
}  # fmt: skip
SHORT = {"dr": "doctor", "mr": "mister", "vs": "versus", "vol": "volume", "blvd": "boulevard"}

#: Number words that count something by themselves; "one" does so only next to another ("twenty one").
UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000}
#: What a text must hold to be counted at all.
COUNTED = "|".join((*list(UNITS)[1:], *TENS, *SCALES))
PARTS = "part|parts|chapter|chapters|episode|volume|vol|book|teil|partie|parte|no|nr"


#: What every text with initials holds: "L.A.", "S.W.A.T.".
INITIALS = r"\pL\.\pL"
_INITIALS = re.compile(r"\b(?:[^\W\d_]\.)+[^\W\d_]\b\.?")


def join_initials(text: str) -> str:
    """Take the full stops out of initials: "S.W.A.T." becomes "SWAT"."""

    def joined(found: re.Match[str]) -> str:
        letters = found[0].replace(".", "")
        return letters if letters.isalpha() else found[0]  # "ⅷ" counts as a word's letter, and is none

    return _INITIALS.sub(joined, text)


def count_words(folded: str) -> str:
    """Write the number words of folded text as digits: "one hundred and one dalmatians" becomes "101 dalmatians".

    A text that is one number word stays: "Nine" is not "9".
    """
    words = folded.split(" ")
    if len(words) == 1:
        return folded
    counted: list[str] = []
    place = 0
    while place < len(words):
        value, after = _number(words, place)
        counted.append(words[place] if value is None else str(value))
        place = after
    return " ".join(counted)


def _number(words: list[str], place: int) -> tuple[int | None, int]:
    """Read the number that begins at a word: its value, None if there is none, and the position after it."""
    total = current = 0
    last = 1_000_000  # the least step that was counted: what follows must be smaller
    at = place
    while at < len(words):
        word = words[at]
        joined = word == "and" and at > place and last >= 100 and _adds(words, at + 1)
        if joined:
            at += 1
            continue
        step = UNITS.get(word) or TENS.get(word)
        if step is not None and (last > 99 or (last >= 20 and step < 10)):
            current, last = current + step, step if step >= 20 else 1
        elif word in SCALES and SCALES[word] < (total or 1_000_000) and last != SCALES[word]:
            current, last = max(current, 1) * SCALES[word], SCALES[word]
            if word == "thousand":
                total, current = total + current, 0
        else:
            break
        at += 1
    if at == place or (at == place + 1 and words[place] == "one"):
        return None, place + 1
    return total + current, at


def _adds(words: list[str], place: int) -> bool:
    """Return whether a word may follow "hundred and"."""
    return place < len(words) and (words[place] in UNITS or words[place] in TENS)


#: Kinds of letters that no name on one line has: control characters, halves of a letter, separators of lines and paragraphs.
_UNFIT = {"Cc", "Cs", "Zl", "Zp"}


def fault_of_name(text: str) -> str:
    """Return what keeps a text from being the name of a person, an account or a key; "" where nothing does."""
    if not text.strip():
        return "no name"
    is_unfit = any(unicodedata.category(letter) in _UNFIT for letter in text)
    return "a line break or control character" if is_unfit else ""
