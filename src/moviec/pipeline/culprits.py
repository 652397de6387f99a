"""The search for what makes a whole fail: a few members that fail alone, or only together with others.

Group testing on top of a base that is known to be good. Knows nothing of records: members are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

#: Good members that are tried as the one behind a failure: the earliest ones of those that take part in it.
CANDIDATES = 40

#: Tells why these members fail together; None where they do not.
Trial = Callable[[Sequence[int]], str | None]


class Found(msgspec.Struct, frozen=True):
    """Members to leave out, each with why it failed; members that the trials did not suffice for; trials made."""

    culprits: dict[int, str]
    untried: list[int]
    trials: int


class _SpentError(Exception):
    """No trial is left."""


class _Search:
    def __init__(self, trial: Trial, most: int) -> None:
        self._trial, self._most = trial, most
        self.trials = 0
        self.good: list[int] = []
        self.bad: dict[int, str] = {}
        self.waiting: list[tuple[list[int], str]] = []

    def fails(self, members: Sequence[int]) -> str | None:
        if self.trials == self._most:
            raise _SpentError
        self.trials += 1
        return self._trial(sorted(members))

    def run(self, members: Sequence[int], why: str) -> None:
        """Add members, which fail together, group by group to a base that is good; look back as culprits gather.

        Raises _SpentError; `good` and `bad` are true of each other at every moment, `waiting` is what is left.
        """
        self.waiting, look_back = [(list(members), why)], 3
        while self.waiting:
            self._take()
            if len(self.bad) == look_back:
                self.exchange()
                look_back = 3 * max(len(self.bad), 1)
        while len(self.bad) > 1 and self.exchange():
            pass

    def _take(self) -> None:
        """Take the next group in, blame it where it is one member, or divide it."""
        group, why = self.waiting[-1]
        if not why:
            why = self.fails([*self.good, *group]) or ""
        if not why:
            self.good += self.waiting.pop()[0]
        elif len(group) == 1:
            self.bad[self.waiting.pop()[0][0]] = why
        else:
            first, second = group[: len(group) // 2], group[len(group) // 2 :]
            told = self.fails([*self.good, *first])
            self.waiting.pop()
            if told is None:  # the second half fails on top of the first: that is what was tried before
                self.good += first
                self.waiting.append((second, why))
            else:
                self.waiting += [(second, ""), (first, told)]

    def exchange(self) -> bool:
        """Blame, in place of several, the one good member that they fail with, where fewer are left out by that."""
        for one in list(self.bad):
            for partner in self._partners(one)[-CANDIDATES:]:
                base, several = [each for each in self.good if each != partner], list(self.bad)
                if not self._admits_some(base, several):
                    continue
                inner = _Search(self.fails, self._most)
                inner.good, inner.waiting = base, [(several, "")]
                while inner.waiting:
                    inner._take()
                if len(inner.bad) + 1 < len(self.bad):
                    self.good, self.bad = inner.good, {**inner.bad, partner: self.bad[one]}
                    return True
        return False

    def _admits_some(self, base: Sequence[int], several: Sequence[int]) -> bool:
        """Say whether one half of several, of two or more, does not fail on a base: cheap, and enough to look closer."""
        middle = max(len(several) // 2, 2)
        halves = (several[:middle], several[middle:])
        return any(len(half) > 1 and self.fails([*base, *half]) is None for half in halves)

    def _partners(self, one: int) -> list[int]:
        """Give a smallest set of good members with which another one fails: the last of each shortest run, by halves."""
        kept, rest = [one], list(self.good)
        while rest and self.fails(kept) is None:
            low, high = 0, len(rest)
            while high - low > 1:
                middle = (low + high) // 2
                if self.fails([*kept, *rest[:middle]]) is None:
                    low = middle
                else:
                    high = middle
            kept.append(rest[high - 1])
            rest = rest[: high - 1]
        return kept[1:]


def find_culprits(count: int, trial: Trial, why: str, most: int) -> Found:
    """Return which of the members 0 … count - 1, which fail together, are to be left out so that the rest does not.

    Nothing fails where nobody is in. Where one member fails with each of many, it is the culprit and not the many, in
    whatever order they come. At most `most` trials: members that these did not suffice for are named as untried.
    """
    search = _Search(trial, most)
    with suppress(_SpentError):
        search.run(range(count), why)
    untried = sorted(member for group, _ in search.waiting for member in group)
    return Found(dict(sorted(search.bad.items())), untried, search.trials)
