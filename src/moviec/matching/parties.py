"""The same person and the same production company across sources: by key, by folded name, by the films they share.

Returns `Parties`: which party each credit belongs to, and each party's names and keys. Rules: docs/matching.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import msgspec
import numpy as np
import pyarrow as pa

from moviec import text
from moviec.engine import Engine
from moviec.matching.graph import Edges, Integers, Rules, clusters
from moviec.sql import read_sql
from moviec.text import Column, pc

#: This many films must show another spelling of the same party before it counts. In 2,442 real credits of whole films
#: no two people of one role had names that could be spellings of one; among 5,776 companies of films nine pairs had, in
#: one film each. Both counts are in docs/matching.md, from bench/bench_parties.py.
PERSON_FILMS, COMPANY_FILMS = 1, 2

#: Years without a film after which a name is a different person's; and the least gap that may separate them where all
#: the films span more than a CAREER. Of 4,604 directors with ids and films in several years (IMDb), 3 have a gap of
#: more than 50 years, each with a film dated after their death; 1 in 100 has one of more than 33; 1 in 2,000 spans more
#: than 73. docs/matching.md has more.
GAP, HOLE, CAREER = 60, 33, 75

#: Years without a film, and films, after which a name without a key is not the keyed one with another trade: of five
#: such names here four are two people (Steve McQueen, actor 1958-1980 and director from 2008), all read by eye.
STRANGER_GAP, STRANGER_FILMS = 28, 5

#: Weights of edges: a surer kind always outweighs; shared films are added.
_SETTLED, _ONE_FILM = 1 << 40, 1 << 20

#: Words for the legal form of a company.
_LEGAL = (
    "inc|incorporated|ltd|limited|llc|llp|lp|plc|corp|corporation|co|company|gmbh|ag|kg|sa|s a|sas|s a s|sarl|s a r l"
    "|srl|s r l|spa|s p a|sl|s l|bv|b v|nv|n v|ab|as|a s|aps|oy|kk|k k|pty|kft|doo|d o o|sp z o o"
)
#: Words that half the trade has in its name, and usual short forms.
_TRADE = (
    "pictures|picture|productions|production|prods|prod|films|film|filmproduktion|movies|cinema|entertainment"
    "|studios|studio|international|intl|group|media|enterprises|releasing|distribution|television|tv|video"
)
_SHORT_FORMS = (("bros", "brothers"), ("20th", "twentieth"))


_NODES_SQL = read_sql("moviec.matching", "parties_nodes.sql")
#: The last four statements read the clusters: `nodes`, `names` and `keys` of `Parties`, and `credits`.
CREDITS_SQL = read_sql("moviec.matching", "parties_credits.sql")

#: The sections run before and after nodes are clustered, each a table named "party_" and its name.
_BEFORE = (
    "named",
    "nodes",
    "keyed",
    "same_key",
    "same_name",
    "rivals",
    "same_film",
    "like_named",
    "trades",
    "same_career",
)
_AFTER = (
    "bearers",
    "by_name",
    "by_spelling",
    "spellings_known",
    "by_film",
    "bearers_trades",
    "unplaced",
    "only",
    "mostly",
    "keyless",
    "loose",
    "years",
    "strangers",
    "stretches",
    "careers",
    "apart",
    "decades",
    "placed",
)


class Parties(msgspec.Struct, frozen=True):
    """Who is who among people, or among companies. `party` is a number valid within this table only.

    `nodes`: space, key, name (folded), party; a name without a key has space and key "", and where it is the name of several
    people a node with the decade as its key for each decade of theirs. Items for `keep_ids`.
    `names`: party, name, films, main; the main name is the one with most films, then the first in the alphabet.
    `keys`: party, space, key.
    All are ordered. The party of each credit is not here, as it would not fit in memory: see `credits_placed`.
    """

    nodes: pa.Table
    names: pa.Table
    keys: pa.Table


class _Rules(msgspec.Struct, frozen=True):
    """How rules for people and companies differ. `one_name`: equal names are one party unless a film lists both.

    `studios`: folded names that mean one studio whatever a film lists.
    """

    films: int
    one_name: bool
    studios: tuple[str, ...] = ()


def people(engine: Engine, credits: str, spaces: Mapping[str, str]) -> Parties:
    """Find the people behind credits: the engine's table `credits` has movie, source, key (or null), name, role, year (or null).

    `spaces` gives the id space of a source's keys, by default the source's name. Two keys of one space are two people.
    """
    engine.view("party_credits", f"SELECT movie, source, key, name, role, year FROM {credits}")
    return _resolve(engine, person_names(_names(engine)), spaces, _Rules(PERSON_FILMS, one_name=False))


def companies(engine: Engine, credits: str, spaces: Mapping[str, str]) -> Parties:
    """Find the companies behind credits: the engine's table `credits` has movie, source, key (or null), name.

    Two keys of one space are two companies, unless their names are equal but for the legal form and no film lists both, or
    both are known names of one studio (studios.toml).
    """
    engine.view(
        "party_credits",
        f"SELECT movie, source, key, name, '' AS role, CAST(NULL AS BIGINT) AS year FROM {credits}",
    )
    rules = _Rules(COMPANY_FILMS, one_name=True, studios=tuple(sorted({*_studios().values()})))
    return _resolve(engine, company_names(_names(engine)), spaces, rules)


def person_names(names: Column) -> pa.Table:
    """Fold people's names: name, folded, short (initial and surname; null for a single word), given (first word)."""
    plain = text.fold_name(names)
    parts = pc.extract_regex(
        plain, r"^(?P<given>(?P<initial>\pL)[^ ]*) (?:.*? )??(?P<surname>[^ ]+(?: (?:jr|sr|ii|iii|iv))?)$"
    )
    given, initial, surname = (pc.struct_field(parts, name) for name in ("given", "initial", "surname"))
    short = pc.binary_join_element_wise(initial, surname, " ")
    return _spellings(names, plain, short, given)


def company_names(names: Column) -> pa.Table:
    """Fold companies' names: name, folded (no article or legal form), short (no trade words either), given ("").

    Every known name of a studio is folded to one.
    """
    folded = _folded_companies(names)
    known = pa.table({"folded": pa.array([*_studios()]), "studio": pa.array([*_studios().values()])})
    at = pc.index_in(folded["folded"], value_set=known["folded"].combine_chunks())
    studio = pc.take(known["studio"].combine_chunks(), at)
    return folded.set_column(1, "folded", pc.coalesce(studio, folded["folded"]))


@cache
def _studios() -> dict[str, str]:
    """Read studios.toml: the folded names of studios, each with the folded main name of its studio."""
    studios = msgspec.toml.decode(_file("studios.toml"), type=dict[str, list[str]])
    main = [name for name, others in studios.items() for _ in (name, *others)]
    names = [each for name, others in studios.items() for each in (name, *others)]
    folded, meant = (_folded_companies(pa.array(some))["folded"].to_pylist() for some in (names, main))
    return {str(name): str(one) for name, one in zip(folded, meant, strict=True)}


def parties_version() -> str:
    """Return a version of the rules and of the studios' names: when it changes, all people and companies are computed
    again.
    """
    files = ("studios.toml", "parties_nodes.sql", "parties_credits.sql")
    return f"s-{hashlib.sha256(b''.join(map(_file, files))).hexdigest()[:8]}"


def _file(name: str) -> bytes:
    return resources.files("moviec.matching").joinpath(name).read_bytes()


def _folded_companies(names: Column) -> pa.Table:
    plain = pc.replace_substring_regex(text.fold(text.turn_article(names)), "^the (.)", r"\1")
    plain = pc.replace_substring_regex(plain, rf"^(.+?)(?: (?:{_LEGAL}))+$", r"\1")
    short = plain
    for short_form, full in _SHORT_FORMS:
        short = pc.replace_substring_regex(short, rf"\b{short_form}\b", full)
    short = pc.replace_substring_regex(short, rf"^(.+?)(?: (?:{_TRADE}|{_LEGAL}))+$", r"\1")
    return _spellings(names, plain, text.compact(short), pc.if_else(pc.is_valid(names), "", ""))


def _spellings(names: Column, plain: Column, short: Column, given: Column) -> pa.Table:
    """Return a table of folded names; one without a letter or digit is its own form."""
    folded = text.compact(plain)
    folded = pc.if_else(pc.equal(folded, ""), names, folded)
    return pa.table({"name": names, "folded": folded, "short": short, "given": given})


def _names(engine: Engine) -> Column:
    found = engine.query("SELECT DISTINCT name FROM party_credits WHERE name IS NOT NULL ORDER BY name")
    return found["name"].combine_chunks()


def _resolve(engine: Engine, spellings: pa.Table, spaces: Mapping[str, str], rules: _Rules) -> Parties:
    known = {"source": list(spaces), "space": list(spaces.values())}
    engine.register("party_spaces", pa.table({name: pa.array(known[name], pa.string()) for name in known}))
    engine.register("party_spellings", spellings)
    limits = {"films": rules.films, "gap": GAP, "hole": HOLE, "career": CAREER}
    limits |= {"stranger_gap": STRANGER_GAP, "stranger_films": STRANGER_FILMS}
    engine.register("party_limits", pa.table({name: [limit] for name, limit in limits.items()}))
    engine.register("party_studios", pa.table({"folded": pa.array(rules.studios, pa.string())}))
    _materialize(engine, _NODES_SQL, _BEFORE)
    label = _clusters(engine, rules)
    engine.register("party_clusters", pa.table({"n": np.arange(len(label)), "party": label}))
    _materialize(engine, CREDITS_SQL, _AFTER)
    return Parties(**{name: engine.query(CREDITS_SQL[name]) for name in Parties.__struct_fields__})


def credits_placed(engine: Engine) -> pa.Table:
    """Return each credit once with its party, from the engine's tables: movie, source, role, key, name, folded, short,
    party, year; "" for no key, role or short form; in order.
    """
    return engine.query(f"{CREDITS_SQL['credits']} ORDER BY movie, source, role, key, name")


def _materialize(engine: Engine, sql: Mapping[str, str], names: Sequence[str]) -> None:
    for name in names:
        engine.materialize(f"party_{name}", sql[name])


def _clusters(engine: Engine, rules: _Rules) -> Integers:
    """Join nodes by key, companies also by name; then the results across spaces, never two of one space."""
    nodes = engine.query("SELECT n AS record, space FROM party_nodes ORDER BY n")
    edges = _edges(engine, "SELECT l, r, 2 AS weight FROM party_same_key")
    rivals = engine.query("SELECT record, space, value FROM party_rivals")
    if rules.one_name:
        edges = pa.concat_tables([edges, _edges(engine, "SELECT l, r, 1 AS weight FROM party_same_name")])
    alike = clusters(_joined(nodes.num_rows, edges), rivals, Rules())
    settled = pa.table({"l": alike, "r": nodes["record"], "weight": np.full(len(alike), _SETTLED)})
    shared = _edges(engine, f"SELECT l, r, {_ONE_FILM} + films AS weight FROM party_same_film")
    spelt = _edges(engine, "SELECT l, r, films AS weight FROM party_like_named")
    career = _edges(engine, "SELECT l, r, 1 AS weight FROM party_same_career")
    across = _joined(nodes.num_rows, pa.concat_tables([settled, shared, spelt, career]))
    return clusters(across, nodes.append_column("value", pa.array(alike)), Rules())


def _edges(engine: Engine, sql: str) -> pa.Table:
    return engine.query(f"SELECT l, r, CAST(weight AS BIGINT) AS weight FROM ({sql}) ORDER BY l, r")


def _joined(records: int, edges: pa.Table) -> Edges:
    return Edges(records, *(edges[name].to_numpy() for name in ("l", "r", "weight")))
