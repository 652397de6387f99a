"""Real servers on the loopback: S3 (moto), SFTP (asyncssh), and a web server that can misbehave."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import httpx
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

Answer = Callable[[BaseHTTPRequestHandler], None]


class Bucket:
    """A bucket of a server of its own; `options` open it."""

    def __init__(self, port: int) -> None:
        self.url = "s3://drops"
        self.options = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "key", "secret": "secret"}
        self._client = boto3.client(
            "s3",
            endpoint_url=self.options["endpoint_url"],
            aws_access_key_id="key",
            aws_secret_access_key="secret",  # noqa: S106 - of a server that lives for one test
            region_name="us-east-1",
        )
        self._client.create_bucket(Bucket="drops")

    def close(self) -> None:
        self._client.close()

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket="drops", Key=key, Body=data)

    def names(self) -> list[str]:
        return [one["Key"] for one in self._client.list_objects_v2(Bucket="drops").get("Contents", [])]


@contextmanager
def s3() -> Iterator[Bucket]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    # What it holds is the process's: an earlier test may have left objects.
    httpx.post(f"http://127.0.0.1:{port}/moto-api/reset").raise_for_status()
    try:
        with closing(Bucket(port)) as bucket:
            yield bucket
    finally:
        S3FileSystem.clear_instance_cache()  # a file system closes its connections when it goes
        gc.collect()
        server.stop()


@contextmanager
def sftp(root: Path, known_hosts: Path, password: str) -> Iterator[int]:
    """Serve a folder to `films` with a password; the server's key is written into `known_hosts`."""

    connected: list[asyncssh.SSHServerConnection] = []

    class Login(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connected.append(conn)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, given: str) -> bool:
            return (username, given) == ("films", password)

    def files(channel: asyncssh.SSHServerChannel[Any]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=bytes(root))

    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncssh.listen(
        "127.0.0.1", 0, server_factory=Login, server_host_keys=[key], sftp_factory=files
    )
    server = asyncio.run_coroutine_threadsafe(_awaited(listening), loop).result()
    port = server.get_port()
    known_hosts.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")

    async def stop() -> None:
        server.close()
        await server.wait_closed()
        for connection in connected:
            connection.abort()
            await connection.wait_closed()

    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _awaited(listening: Any) -> asyncssh.SSHAcceptor:
    server: asyncssh.SSHAcceptor = await listening
    return server


@contextmanager
def web(answers: dict[str, list[Answer]]) -> Iterator[str]:
    """Answer each path with its answers in turn, the last one from then on; yield the address of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            waiting = answers[self.path]
            (waiting.pop(0) if len(waiting) > 1 else waiting[0])(self)

        def log_message(self, format: str, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
