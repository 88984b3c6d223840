"""Requests to the object store: one at a time per connection, signed unless the socket is the identity, repeated while
the store restarts or is busy.

ROPEWAY_RETRY_SECONDS bounds how long a store that does not answer is asked again (150 in a task, else 30).
"""
import atexit
import hashlib
import http.client
import os
import random
import socket
import ssl
import sys
import time
from typing import Any, Dict, Optional, Tuple
from urllib.parse import quote

from . import _settings
from ._answers import asked, clock_off, failure_of, require_store
from ._connection import Answer, Pool
from ._errors import MoxFileConnectionException, _MoxFileBaseRespException
from ._sign import encode_query, sign

RETRY_VARIABLE = 'ROPEWAY_RETRY_SECONDS'
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
BLOCK = 1 << 20
#: No list of 1,000 names and no refusal is longer; a store that never stops must not fill the memory.
MAX_TEXT, MAX_REFUSAL = 64 << 20, 256 << 10
MISSING = ('Say which object store is meant: run the script inside a Ropeway task, set ROPEWAY_DATA to the data folder '
           'of a server, or set S3_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')


class _LocalFailure(Exception):
    """Carries an OSError of the file being sent past the handling of connection errors."""


class Transport(object):
    """Requests to one target, from any thread of any process."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.pool = Pool(target)
        self.region = target.region
        self._skew = 0.0
        self._warned = False

    @property
    def name(self) -> str:
        """The store in messages."""
        target = self.target
        if target.socket:
            return '%s (%s)' % (target.socket, _settings.SOCKET_VARIABLE)
        return '%s://%s%s' % (target.scheme, target.host, ':%d' % target.port if target.port else '')

    def request(self, method: str, bucket: str, key: str = '', query: Optional[Dict[str, str]] = None,
                headers: Optional[Dict[str, str]] = None, body: Any = None, missing_ok: bool = False,
                stream: bool = False) -> Any:
        """Returns an Answer with status < 300, its `body` read; with `stream` the caller reads it and closes.

        `body`: None, bytes, or (open_at, length) where open_at() gives a fresh stream of so many bytes for each attempt;
        then `sent_md5` of the answer is the md5 of what was sent. With `missing_ok` a missing key returns None. Raises
        MoxFileRespException for 4xx at once, for 5xx after the retries; MoxFileConnectionException when the store
        cannot be reached; MoxFileReadException when it is none; what the stream raises.
        """
        url = 'obs://%s/%s' % (bucket, key)
        query, headers = query or {}, headers or {}
        retry = Retry(self, url)
        adjusted = False
        while True:
            source = body[0]() if isinstance(body, tuple) else None
            host, path = self._address(bucket, key)
            connection = self.pool.take(host)
            fresh = not connection.used
            try:
                response, md5 = self._send(connection, method, path, encode_query(list(query.items())), headers, body,
                                           source)
                answer = Answer(self.pool, connection, response, url, asked(method, query, headers, self.target))
                answer.sent_md5 = md5  # type: ignore[attr-defined]
                if answer.status >= 300 or not stream:
                    answer.read_all(MAX_REFUSAL if answer.status >= 300 else MAX_TEXT)
            except _LocalFailure as local:
                connection.close()
                raise local.__cause__ or local
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if _is_hopeless(error):
                    raise MoxFileConnectionException(
                        '%s: the object store at %s cannot be reached: %s' % (url, self.name, error)) from error
                if fresh:  # else the server closed an idle connection; a new one tells whether it is there
                    retry.pause(error)
                continue
            except BaseException:
                connection.close()
                raise
            finally:
                if source is not None:
                    source.close()
            if answer.status < 300:
                require_store(answer, method, query, headers, key)
                self._warned = False
                return answer
            failure = failure_of(answer)
            if answer.status == 404 and missing_ok and failure.resp.errorCode != 'NoSuchBucket':
                return None
            if not adjusted and self._adjust(answer, failure):
                adjusted = True
                continue
            busy = answer.status in (408, 429) or failure.resp.errorCode in ('RequestTimeout', 'SlowDown')
            if not busy and (answer.status < 500 or answer.status in (501, 507)):
                raise failure
            retry.pause(failure, answer.headers.get('Retry-After'))

    def _address(self, bucket: str, key: str) -> Tuple[str, str]:
        target = self.target
        path = '/' + quote(key, safe='/~')
        if target.path_style:
            return target.host, target.base + '/' + quote(bucket, safe='') + (path if key else '')
        return '%s.%s' % (bucket, target.host), target.base + path

    def _send(self, connection: Any, method: str, path: str, query: str, headers: Dict[str, str], body: Any,
              source: Any) -> Tuple[Any, Optional[str]]:
        target = self.target
        host = connection.for_host
        shown = '%s:%d' % (host, target.port) if target.port else host
        if target.socket:
            headers = dict(headers, Host='localhost')
        elif target.ak:
            now = time.gmtime(time.time() + self._skew)
            stamps = time.strftime('%Y%m%d', now), time.strftime('%Y%m%dT%H%M%SZ', now)
            headers = sign(method, shown, path, query, headers, None if source is not None else body or b'',
                           target._replace(region=self.region), stamps)
        else:
            headers = dict(headers, Host=shown)
        connection.putrequest(method, path + ('?' + query if query else ''), skip_accept_encoding=True, skip_host=True)
        for name in headers:
            connection.putheader(name, headers[name])
        if method in ('PUT', 'POST'):
            connection.putheader('Content-Length', str(len(body or b'') if source is None else body[1]))
        connection.endheaders()
        md5 = None
        try:
            if source is not None:
                md5 = send_exactly(connection, source, body[1])
            elif body:
                connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an early refusal may be waiting to be read, and says more than the broken pipe
        return connection.getresponse(), md5

    def _adjust(self, answer: Any, failure: Any) -> bool:
        """Learns what a refusal teaches, a clock that is off or another region; returns whether to ask once more."""
        off = clock_off(answer) if failure.resp.errorCode == 'RequestTimeTooSkewed' else 0.0
        if off:
            before, self._skew = self._skew, off
            return abs(off - before) > 60
        region = answer.headers.get('x-amz-bucket-region') or failure.resp.region
        if region and region != self.region and answer.status in (301, 307, 400, 403):
            self.region = region
            return True
        return False

    def warn_once(self, error: Any, seconds: float) -> None:
        """One line per outage, whatever the number of threads that meet it."""
        if not self._warned:
            self._warned = True
            say('moxing: the object store does not answer (%s); trying again for up to %d s' % (error, seconds))


class Retry(object):
    """The patience of one request: waits that double, until the time since the first failure is up."""

    def __init__(self, transport: Transport, url: str) -> None:
        self._transport, self._url = transport, url
        default = 150.0 if transport.target.socket else 30.0
        self._seconds = float(os.environ.get(RETRY_VARIABLE) or default)
        self._tries = _settings.given('retry')
        self.progress()

    def progress(self) -> None:
        """What failed went on: the next failure is a first one again."""
        self._wait, self._count = float(_settings.given('retry_wait', FIRST_WAIT)), 1
        self._until = None  # type: Optional[float]

    def pause(self, error: Any, after: Optional[str] = None) -> None:
        """Waits before the next attempt, or raises when there is none. `after`: the seconds a busy store asks for."""
        path = self._transport.target.socket
        # A restarting server takes its socket away for a moment; its folder stays.
        if path and type(error) is FileNotFoundError and not os.path.isdir(os.path.dirname(path)):
            raise MoxFileConnectionException(
                '%s: the socket of the object store, %s, is not there. Run the script inside a Ropeway task, or set '
                '%s to the socket of one.' % (self._url, path, _settings.SOCKET_VARIABLE)) from error
        if self._until is None:
            self._until = time.monotonic() + self._seconds
        wait = self._wait * (0.5 + random.random() / 2)
        if after and after.isdigit():
            wait = max(wait, float(after))
        self._count += 1
        out_of_tries = self._tries is not None and self._count > max(1, self._tries)
        if out_of_tries or time.monotonic() + wait >= self._until:
            if isinstance(error, _MoxFileBaseRespException):
                raise error
            patience = '%d tries' % (self._count - 1) if out_of_tries else '%d s' % self._seconds
            raise MoxFileConnectionException('%s: the object store at %s did not answer for %s: %s' % (
                self._url, self._transport.name, patience, error)) from error
        self._transport.warn_once(error, self._seconds)
        time.sleep(wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)


def _is_hopeless(error: BaseException) -> bool:
    """A failure that no further try will cure: a name nobody knows, a certificate nobody trusts, a closed door."""
    if isinstance(error, socket.gaierror):
        return error.errno != socket.EAI_AGAIN
    if isinstance(error, ssl.SSLError):
        return 'CERTIFICATE_VERIFY_FAILED' in str(error) or 'WRONG_VERSION_NUMBER' in str(error)
    return isinstance(error, (PermissionError, ssl.CertificateError))


def say(line: str) -> None:
    """One line to the person who waits."""
    sys.stderr.write(line + '\n')
    sys.stderr.flush()


def new_md5() -> Any:
    """None where the system's rules forbid md5."""
    try:
        return hashlib.md5()
    except ValueError:
        return None


def send_exactly(connection: Any, stream: Any, length: int) -> Optional[str]:
    """Sends `length` bytes of a stream that raises when it has no more. Returns their md5."""
    left, md5 = length, new_md5()
    while left > 0:
        try:
            block = stream.read(min(BLOCK, left))
        except OSError as error:
            raise _LocalFailure() from error
        connection.send(block)
        if md5 is not None:
            md5.update(block)
        left -= len(block)
    return md5 and md5.hexdigest()


_transports = {}  # type: Dict[Any, Transport]


def transport() -> Transport:
    """The connections to the store that is meant now. Raises MoxFileConnectionException when nothing says which."""
    try:
        target = _settings.target()
    except KeyError as error:
        raise MoxFileConnectionException('no object store is known. ' + MISSING) from error
    found = _transports.get(target)
    if found is None:
        found = _transports.setdefault(target, Transport(target))
        atexit.register(found.pool.close)
    return found
