"""Files over SFTP, by paramiko. A server is only used if its key is known, as with ssh."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import paramiko

from moviec.errors import SourceError, TransportError, UsageError
from moviec.storage.filesystems import Options, is_ours, shown
from moviec.transient import Patience

T = TypeVar("T")


class Sftp:
    """SFTP servers. The options: `username`, `password`, `key_filename`, `passphrase`, `port`, `known_hosts` (a file).

    /.ssh and ~/.ssh and ~/.ssh/known_hosts count. `sftp://host/path` is an absolute path.
    """

    def __init__(self, options: Options, patience: Patience) -> None:
        """Set the connection's options."""
        given = dict(options)
        self._known_hosts = given.pop("known_hosts", None)
        self._options = given
        self._timeout = patience.timeout

    def is_folder(self, url: str) -> bool:
        """Return whether there is a folder at this address."""
        return self._do(url, lambda files, path: stat.S_ISDIR(files.stat(path).st_mode or 0))

    def names(self, url: str) -> list[str]:
        """List the names in a folder."""
        return self._do(url, lambda files, path: files.listdir(path))

    def get(self, url: str, target: Path) -> None:
        """Copy a file; paramiko checks its length against the announced one."""
        self._do(url, lambda files, path: files.get(path, str(target)))

    def stats(self, url: str) -> dict[str, tuple[int, float]]:
        """Return size and time of change, by name, of the files in a folder."""
        found = self._do(url, lambda files, path: files.listdir_attr(path))
        return {
            each.filename: (each.st_size or 0, float(each.st_mtime or 0))
            for each in found
            if not stat.S_ISDIR(each.st_mode or 0)
        }

    def move(self, url: str, to: str) -> None:
        """Give a file another name, in a folder that is created if missing."""

        def act(files: paramiko.SFTPClient, path: str) -> None:
            target = _path_of(to)
            _make_folders(files, target.rpartition("/")[0])
            files.rename(path, target)

        self._do(url, act)

    def write(self, url: str, text: str) -> None:
        """Write a text file, in an existing folder."""

        def act(files: paramiko.SFTPClient, path: str) -> None:
            with files.open(path, "w") as file:
                file.write(text)

        self._do(url, act)

    def _do(self, url: str, act: Callable[[paramiko.SFTPClient, str], T]) -> T:
        where = shown(url)
        try:
            with self._connected(url) as files:
                return act(files, _path_of(url))
        except FileNotFoundError as error:
            raise UsageError("no such file or folder", where) from error
        except (paramiko.AuthenticationException, PermissionError) as error:
            raise SourceError(
                f"access refused ({error})", where, "see docs/settings.md for names, passwords and keys"
            ) from error
        except paramiko.BadHostKeyException as error:
            raise SourceError(
                "the server's key is not the one in known_hosts", where, "ask who runs the server"
            ) from error
        except (paramiko.SSHException, EOFError) as error:
            raise TransportError(f"cannot be fetched ({error or 'the connection broke'})", where) from error
        except TimeoutError as error:
            raise TransportError(f"no answer within {self._timeout:g} s", where) from error
        except OSError as error:
            if is_ours(error):
                raise
            raise TransportError(f"cannot be fetched ({error})", where) from error

    @contextmanager
    def _connected(self, url: str) -> Iterator[paramiko.SFTPClient]:
        parts = urlsplit(url)
        named = {"username": parts.username, "password": parts.password}
        given: dict[str, Any] = {name: unquote(text) for name, text in named.items() if text}
        given |= {"port": parts.port or paramiko.config.SSH_PORT, **self._options}
        for wait in ("timeout", "banner_timeout", "auth_timeout", "channel_timeout"):
            given.setdefault(wait, self._timeout)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_Unknown())
        client.load_system_host_keys()
        if self._known_hosts:
            client.load_host_keys(str(Path(self._known_hosts).expanduser()))
        try:
            client.connect(parts.hostname or "", **given)
            with client.open_sftp() as files:
                if channel := files.get_channel():
                    channel.settimeout(self._timeout)
                yield files
        finally:
            client.close()


def _path_of(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def _make_folders(files: paramiko.SFTPClient, path: str) -> None:
    """Create a folder and its parents."""
    for end in [*[place for place, letter in enumerate(path) if letter == "/"][1:], len(path)]:
        try:
            files.stat(path[:end])
        except FileNotFoundError:
            files.mkdir(path[:end])


class _Unknown(paramiko.MissingHostKeyPolicy):
    """Reject a server with an unknown key."""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise SourceError, with what to do."""
        raise SourceError(
            f"the server's key ({key.get_name()} {key.fingerprint}) is not known",
            hostname,
            "ask whether it is right, then add it to ~/.ssh/known_hosts",
        )
