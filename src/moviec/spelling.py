"""How the same words are written differently: the tables that folding goes by, whoever folds."""

from __future__ import annotations

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

#: What may stand inverted after a comma: the articles above, and those that are safe to move but not to drop.
INVERTED = ARTICLES + "|die|des|dem|i|lo|uno|o|os|as|um|uma|de|en|ett|et|az|l'|l’"

ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
    "xi": "11", "xii": "12", "xiii": "13", "xiv": "14", "xv": "15", "xvi": "16",
}  # fmt: skip
WORDS = {
    "i": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
SHORT = {"dr": "doctor", "mr": "mister", "vs": "versus", "blvd": "boulevard"}
PARTS = "part|parts|chapter|chapters|episode|volume|vol|book|teil|partie|parte|no|nr"
