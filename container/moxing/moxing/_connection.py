"""Connections to one object store: made, kept alive, given back; safe in many threads and after a fork."""
import http.client
import os
import socket
import ssl
import threading
from typing import Any, List, Optional
from urllib.parse import urlsplit

from . import _settings
from ._errors import MoxFileConnectionException

READ_TIMEOUT = 120.0
MAX_IDLE = 16
BLOCK = 64 << 10
#: What happens to a connection when the other side goes away while a body arrives.
BROKEN = (OSError, http.client.HTTPException)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super(UnixConnection, self).__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Pool(object):
    """The idle connections of one target. A forked child never uses those of its parent."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._idle = []  # type: List[Any]

    def take(self, host: str) -> Any:
        """A connection to `host` (a bucket may be part of it); `used` says whether it has served before."""
        if self._pid != os.getpid():  # the parent still talks on those, and a thread of it may have held the lock
            self._pid, self._lock, self._idle = os.getpid(), threading.Lock(), []
        with self._lock:
            for at in range(len(self._idle) - 1, -1, -1):
                if self._idle[at].for_host == host:
                    return self._idle.pop(at)
        connection = self._open(host)
        connection.for_host, connection.used = host, False
        return connection

    def give_back(self, connection: Any, usable: bool) -> None:
        connection.used = True
        if usable and self._pid == os.getpid() and _settings.given('long_conn_mode', True):
            with self._lock:
                if len(self._idle) < MAX_IDLE:
                    self._idle.append(connection)
                    return
        connection.close()

    def close(self) -> None:
        """Closes what is idle."""
        while self._pid == os.getpid() and self._idle:
            self._idle.pop().close()

    def _open(self, host: str) -> Any:
        target = self.target
        timeout = float(_settings.given('client_timeout', READ_TIMEOUT))
        if target.socket:
            return UnixConnection(target.socket, timeout)
        proxy = urlsplit(target.proxy) if target.proxy else None
        address = (proxy.hostname, proxy.port) if proxy else (host, target.port)
        if target.scheme == 'https':
            context = _checking(target.ca) if target.verify else _trusting()
            connection = http.client.HTTPSConnection(
                address[0] or '', address[1], timeout=timeout, context=context)  # type: http.client.HTTPConnection
        else:
            connection = http.client.HTTPConnection(address[0] or '', address[1], timeout=timeout)
        if proxy:
            connection.set_tunnel(host, target.port)
        return connection


def _checking(ca: Optional[str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(None if os.path.isdir(ca) else ca, ca if os.path.isdir(ca) else None)
        except (OSError, ssl.SSLError) as error:
            raise MoxFileConnectionException('%s (of %s) holds no certificates to trust: %s' % (
                ca, ' or '.join(_settings.AUTHORITIES), error)) from error
    return context


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Answer(object):
    """An answer whose body is still to be read; the connection goes back to the pool when it is finished."""

    def __init__(self, pool: Pool, connection: Any, response: Any, url: str, asked: str) -> None:
        self._pool, self._connection, self._response = pool, connection, response
        self.status, self.reason, self.headers, self.url = response.status, response.reason, response.headers, url
        self.asked = asked
        length = response.headers.get('Content-Length')
        self.length = int(length) if length is not None and length.isdigit() else None
        self.body = b''  # unless the answer is streamed
        # A HEAD announces what it does not send.
        self._left = 0 if response.length == 0 else self.length

    def readinto(self, buffer: Any) -> int:
        """Fills at most `buffer`; 0 is the end. Raises one of BROKEN when the connection breaks."""
        count = self._response.readinto(buffer)
        if self._left is not None:
            self._left -= count
        return count

    def read_all(self, limit: int) -> None:
        """Reads the whole body into `body`, but not more than `limit`. Raises what connections raise when it is cut."""
        blocks, size = [], 0
        try:
            while size < limit:
                block = self._response.read(BLOCK)
                if not block:
                    break
                blocks.append(block)
                size += len(block)
            self.body = b''.join(blocks)
            if self._left is not None:
                self._left -= size
                if self._left > 0 and size < limit:
                    raise http.client.IncompleteRead(self.body, self._left)
        finally:
            self.close()

    @property
    def etag(self) -> Optional[str]:
        return self.headers.get('ETag')

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # A body that broke off also counts as closed there, but its connection is of no use any more.
            whole = self._response.isclosed() and not self._response.will_close and not self._left
            self._response.close()
            self._pool.give_back(connection, whole)
