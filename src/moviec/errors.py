"""Every error MovieC raises on purpose.

    MovieCError             anything below; `str(error)` is one line: what, where, what to do
    ├── UsageError          the call itself is wrong: exit status 2
    ├── SourceError         stops one source, not the others
    │   ├── AllowanceError  the provider's allowance of the day is used up; it goes on the next day
    │   ├── PayloadError    the bytes are not what the source delivers; trying again will not help
    │   └── TransportError  the bytes could not be fetched; trying again may help
    ├── WithdrawError       so much would go that a person should look first: exit status 3
    └── StoreError          the lake or the catalogue cannot be read or written
        ├── BusyError           another process is at the same work
        ├── ClusterError        the cluster of the run ended or was too small; trying again will not help
        ├── DamagedError        a stored file does not match its checksum; trying again will not help
        └── UnpublishedError    deliveries were ingested, and wait to be published: exit status 3

A row that cannot be read is no error: it is data, kept as a rejected row with its reason.
"""

from __future__ import annotations


class MovieCError(Exception):
    """An error with a message for a person: what is wrong, where, and what to do about it."""

    retryable = False
    exit_status = 1

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        """Build the one line from its three parts; `where` and `hint` may be empty."""
        self.what, self.where, self.hint = what, where, hint
        super().__init__((f"{where}: " if where else "") + what + (f"; {hint}" if hint else ""))


class UsageError(MovieCError):
    """The call itself is wrong (an option, a name, a date)."""

    exit_status = 2


class SourceError(MovieCError):
    """One source cannot be read or fetched; the other sources go on."""


class AllowanceError(SourceError):
    """A provider's daily allowance is used up: the rest is requested the next day."""


class PayloadError(SourceError):
    """The payload is not what the source delivers: another format, truncated, a column missing."""


class TransportError(SourceError):
    """The payload could not be fetched; a later try may succeed, after this many seconds where the other side says so."""

    retryable = True

    def __init__(self, what: str, where: str = "", hint: str = "", after: float = 0) -> None:
        """Build the one line, and hold when to come again."""
        super().__init__(what, where, hint)
        self.after = after


class WithdrawError(MovieCError):
    """A run would take so many records away that it does nothing until a person says so."""

    exit_status = 3


class StoreError(MovieCError):
    """The lake or the catalogue cannot be read or written."""


class BusyError(StoreError):
    """Another process is at the same work, which only one does at a time."""


class ClusterError(StoreError):
    """The cluster that a run works on ended, or ran out of memory: trying again on it would fail, too."""


class DamagedError(StoreError):
    """A stored file does not match its checksum and is not used."""


class UnpublishedError(StoreError):
    """Ingested data is safe in the lake but could not be published yet, for lack of space, a lock or a connection."""

    exit_status = 3
