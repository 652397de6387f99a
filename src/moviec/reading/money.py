"""Reads amounts of money: the amount, its currency, and its value in dollars.

Whole dollars are what a record keeps. Another currency is never treated as dollars; a bare number is dollars, as
usual in film data. The shipped table of dated rates has the average of each year since 1999 (the European Central
Bank's reference rates, and the fixed rates of the currencies that the euro replaced); users can replace it by their
own.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from moviec.errors import UsageError
from moviec.reading.numbers import scaled

DOLLARS = "USD"

#: Texts with an amount, in lower case, and their currency. A sign that several currencies share
#: is kept unchanged.
CURRENCIES = {
    "$": DOLLARS, "us$": DOLLARS, "usd": DOLLARS, "usd$": DOLLARS, "$us": DOLLARS, "u.s.$": DOLLARS, "u.s. $": DOLLARS, "us $": DOLLARS,
    "usd $": DOLLARS, "dollar": DOLLARS, "dollars": DOLLARS, "us dollar": DOLLARS, "us dollars": DOLLARS, "u.s. dollars": DOLLARS,
    "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "pound": "GBP", "pounds": "GBP", "pounds sterling": "GBP", "stg": "GBP",
    "₹": "INR", "rs": "INR", "rs.": "INR", "rupees": "INR", "₩": "KRW", "won": "KRW", "₽": "RUB", "руб": "RUB", "руб.": "RUB",
    "a$": "AUD", "au$": "AUD", "aud$": "AUD", "c$": "CAD", "ca$": "CAD", "cad$": "CAD", "can$": "CAD", "nz$": "NZD", "hk$": "HKD",
    "nt$": "TWD", "s$": "SGD", "r$": "BRL", "mx$": "MXN", "¥": "¥", "￥": "¥", "yen": "JPY", "円": "JPY", "원": "KRW", "yuan": "CNY", "元": "CNY",
    "rmb": "CNY", "kr": "kr", "kr.": "kr", "zł": "PLN", "kč": "CZK", "ft": "HUF", "fr": "Fr", "fr.": "Fr", "sfr": "CHF", "sfr.": "CHF",
    "dm": "DEM", "₺": "TRY", "tl": "TRY", "₪": "ILS", "฿": "THB", "₫": "VND", "₱": "PHP", "₴": "UAH", "₦": "NGN", "lire": "ITL", "₤": "ITL",
    "australian dollars": "AUD", "canadian dollars": "CAD", "hong kong dollars": "HKD", "new zealand dollars": "NZD",
    "ff": "FRF", "pts": "ESP", "pesetas": "ESP", "francs": "Fr",
}  # fmt: skip
_CODES = (
    "AED ARS ATS AUD BEF BGN BRL CAD CHF CLP CNY COP CZK DEM DKK EEK EGP ESP EUR FIM FRF GBP GRD HKD HRK HUF IDR IEP ILS INR IRR ISK"
    " ITL JPY KRW KZT LTL LUF LVL MAD MXN MYR NGN NLG NOK NZD PEN PHP PKR PLN PTE RON RUB RUR SAR SEK SGD SIT SKK THB TND TRL TRY TWD"
    " UAH USD VEB VND XAF ZAR"
)
CURRENCIES |= {code.lower(): code for code in _CODES.split()}

_NOTE = re.compile(
    r"\s*(?:\((?:estimated|est\.?|approx\.?|approximately|worldwide|domestic|international|usa|us|total|gross|budget|adjusted|unadjusted"
    r"|sub-total|as of [^()]*|[^\W\d_][^()\d$€£¥]{0,40})\)|\s(?:worldwide|domestic|gross|total|approx\.?|est\.?)|\[[^\[\]]{1,20}\]|\*+|[†‡])\s*$",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"^(?:~|≈|c\.|ca\.|ca(?=\s)|circa|about|approx(?:\.|imately)?|est(?:\.|imated:?)?|around)\s*(?=\S)",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"([-−+]?)\s*([^\d\s.,+-][^\d]*?|)\s*([-−]?(?:\d[\d.,'’_\s]*\d|\d)(?:[eE]\+?\d{1,2})?)[.,]?-{0,2}\s*(.*)"
)


class Amount(NamedTuple):
    """An amount in whole units of a currency."""

    value: int
    currency: str


def money(text: str, decimal: str | None = None) -> Amount | None:
    """Read an amount of money; None for anything else, and for a range of amounts."""
    text = text.strip()
    if text[:1] + text[-1:] == "()" and text.count("(") == 1:
        text = text[1:-1].strip()
    text = _HEDGE.sub("", _without_notes(text))
    text = re.sub(r"(?<![\d.,])\.(?=\d)", "0.", text)
    found = _PARTS.fullmatch(text)
    if not found:
        return None
    sign, before, digits, after = found[1], found[2].strip().lower(), found[3], found[4].strip()
    before = before.rstrip(" :")
    if sign and not before and digits[:1] not in "-−":
        digits = sign + digits
        sign = ""
    scale, named = _scale_and_currency(after)
    currency = CURRENCIES.get(before) if before else None
    if (before and not currency) or named is None or (currency and named and named != currency):
        return None
    value = scaled(f"{digits} {scale}" if scale else digits, decimal, None if "." in digits else ".")
    if value is None:
        return None
    value = -value if sign in ("-", "−") else value
    return (
        Amount(int(value.quantize(Decimal(1))), currency or named or DOLLARS) if abs(value) < 2**63 else None
    )


def _without_notes(text: str) -> str:
    while (shorter := _NOTE.sub("", text)) != text:
        text = shorter
    return text


def _scale_and_currency(after: str) -> tuple[str, str | None]:
    """Return the word of scale and the currency after the digits, "" for none; a currency of None is an unknown
    word.
    """
    words = after.split(None, 1)
    if not words:
        return "", ""
    whole = after.lower()
    if whole in CURRENCIES:
        return "", CURRENCIES[whole]
    scale = words[0].rstrip(".")
    rest = words[1].strip().lower() if len(words) > 1 else ""
    for tail in ("", "€", "$", "£", "円", "元", "원"):  # "10M€", "50億円"
        if tail and scale.endswith(tail):
            if rest:
                return "", None
            scale, rest = scale.removesuffix(tail), tail
    if scaled(f"1 {scale}") is None:
        return "", None
    return scale, CURRENCIES.get(rest) if rest else ""


#: The file in a home that replaces the shipped table.
FILE = "rates.csv"

#: A rate is valid until the next one of its currency, but no longer than this.
LONGEST = dt.timedelta(days=366)

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("currency", pa.string()),
    ("since", pa.date32()),
    ("until", pa.date32()),
    ("dollars", pa.float64()),
]
RATES = pa.schema(_COLUMNS)


def rates_of(home: Path | None) -> pa.Table:
    """Return the rates (RATES columns; `until` is the last day) of a home, or the shipped ones.

    Raises UsageError for an invalid file.
    """
    own = home / FILE if home else None
    if own and own.exists():
        try:
            return _rates(own.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"this is not a table of rates ({error})",
                str(own),
                "its columns are date, currency and dollars: 2004-01-01,EUR,1.2439",
            ) from error
    return _rates(resources.files("moviec.reading").joinpath(FILE).read_text("utf-8"))


@lru_cache(maxsize=4)
def _rates(text: str) -> pa.Table:
    """Read date, currency, dollars; raises ValueError with the line that is wrong."""
    given: dict[str, dict[dt.date, float]] = {}
    rows = csv.DictReader(text.splitlines())
    if not {"date", "currency", "dollars"} <= {*(rows.fieldnames or ())}:
        raise ValueError("no columns date, currency, dollars")
    for row in rows:
        try:
            day, dollars = dt.date.fromisoformat(row["date"].strip()), float(row["dollars"])
            currency = row["currency"].strip().upper()
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"line {rows.line_num}") from None
        if not (0 < dollars < 1_000_000) or not currency or day.year > 2200:
            raise ValueError(f"line {rows.line_num}")
        given.setdefault(currency, {})[day] = dollars
    found = []
    for currency, dated in sorted(given.items()):
        days = sorted(dated)
        for day, following in zip(days, [*days[1:], dt.date.max], strict=True):
            until = min(following - dt.timedelta(days=1), day + LONGEST - dt.timedelta(days=1))
            found.append({"currency": currency, "since": day, "until": until, "dollars": dated[day]})
    return pa.Table.from_pylist(found, RATES)
