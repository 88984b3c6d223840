"""HTTP to the object store over the task's Unix socket: one request at a time per connection, kept alive, repeated
while the server restarts. The socket is the identity, so there are no keys here.

ROPEWAY_TASK_SOCKET names the socket (default /run/ropeway/task.sock).
ROPEWAY_RETRY_SECONDS bounds how long a store that does not answer is asked again (default 150).
"""
import atexit
import http.client
import os
import socket
import sys
import threading
import time
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from ._errors import MoxFileConnectionException, MoxFileNotExistsException, MoxFileRespException, Resp

SOCKET_VARIABLE = 'ROPEWAY_TASK_SOCKET'
DEFAULT_SOCKET = '/run/ropeway/task.sock'
RETRY_VARIABLE = 'ROPEWAY_RETRY_SECONDS'
DEFAULT_RETRY_SECONDS = 150.0
READ_TIMEOUT = 120.0
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
MAX_IDLE = 16
BLOCK = 1 << 20
#: What happens to a connection when the other side restarts (EAGAIN: its queue of new connections is full).
BROKEN = (ConnectionError, socket.timeout, FileNotFoundError, BlockingIOError, http.client.HTTPException)


class _LocalFailure(Exception):
    """Carries an OSError of the file being sent past the handling of connection errors."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super(UnixConnection, self).__init__('localhost', timeout=READ_TIMEOUT)
        self.path = path
        self.used = False

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(READ_TIMEOUT)
        self.sock.connect(self.path)


class Answer(object):
    """An answer whose body is still to be read; the connection goes back to the pool when it is finished."""

    def __init__(self, transport, connection, response, url):
        self._transport, self._connection, self._response = transport, connection, response
        self.status, self.headers, self.url = response.status, response.headers, url
        length = response.headers.get('Content-Length')
        self.length = int(length) if length is not None else None
        self.body = None  # bytes, unless the answer is streamed
        self._left = self.length

    def readinto(self, buffer):
        """Fills at most `buffer`; 0 is the end. Raises one of BROKEN when the connection breaks."""
        count = self._response.readinto(buffer)
        if self._left is not None:
            self._left -= count
        return count

    def read_all(self):
        """Reads the whole body into `body`. Raises one of BROKEN when it is cut short."""
        try:
            self.body = self._response.read()
            self._left = 0
        finally:
            self.close()

    def close(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            # A body that broke off also counts as closed there, but its connection is of no use any more.
            whole = self._response.isclosed() and not self._response.will_close and not self._left
            self._response.close()
            self._transport.give_back(connection, whole)


class Transport(object):
    """The connections to one socket. Safe to use from many threads, and after a fork."""

    def __init__(self, path):
        self.path = path
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._idle = []
        self._warned = False

    def take(self):
        with self._lock:
            if self._pid != os.getpid():  # the parent still talks on those
                self._pid, self._idle = os.getpid(), []
            return self._idle.pop() if self._idle else UnixConnection(self.path)

    def give_back(self, connection, usable):
        connection.used = True
        with self._lock:
            if usable and self._pid == os.getpid() and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self):
        """Closes what is idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def request(self, method, bucket, key='', query=None, headers=None, body=None, missing_ok=False, stream=False):
        """Returns an Answer with status < 300, its `body` read; with `stream` the caller reads it and closes.

        `body`: None, bytes, or (open_at, length) where open_at() gives a fresh binary stream for each attempt.
        With `missing_ok` a missing key returns None. Raises MoxFileRespException for 4xx at once, for 5xx after the
        retries; MoxFileConnectionException when the store cannot be reached; OSError of the file being sent.
        """
        url = 'obs://%s/%s' % (bucket, key)
        target = '/' + quote(bucket, safe='') + ('/' + quote(key, safe='/~') if key else '')
        if query:
            target += '?' + urlencode(query, quote_via=quote)
        retry = Retry(self, url)
        while True:
            source = body[0]() if isinstance(body, tuple) else None
            connection = self.take()
            fresh = not connection.used
            try:
                response = self._send(connection, method, target, headers or {}, body, source)
                answer = Answer(self, connection, response, url)
                if answer.status >= 300 or not stream:
                    answer.read_all()
            except BROKEN as error:
                connection.close()
                if fresh:  # else the server closed an idle connection; a new one tells whether it is there
                    retry.pause(error)
                continue
            except _LocalFailure as failure:
                connection.close()
                raise failure.__cause__
            except BaseException:
                connection.close()
                raise
            finally:
                if source is not None:
                    source.close()
            if answer.status < 300:
                self._warned = False
                return answer
            failure = failure_of(answer, response.reason)
            if answer.status == 404 and missing_ok and failure.resp.errorCode != 'NoSuchBucket':
                return None
            if answer.status < 500 or answer.status == 501:
                raise failure
            retry.pause(failure)

    def _send(self, connection, method, target, headers, body, source):
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name in headers:
            connection.putheader(name, headers[name])
        if method in ('PUT', 'POST'):
            connection.putheader('Content-Length', str(len(body or b'') if source is None else body[1]))
        connection.endheaders()
        try:
            if source is not None:
                send_exactly(connection, source, body[1])
            elif body:
                connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an early refusal may be waiting to be read, and says more than the broken pipe
        return connection.getresponse()

    def warn_once(self, error, seconds):
        """One line per outage, whatever the number of threads that meet it."""
        with self._lock:
            if self._warned:
                return
            self._warned = True
        sys.stderr.write('moxing: the object store does not answer (%s); trying again for up to %d s\n'
                         % (error, seconds))
        sys.stderr.flush()


class Retry(object):
    """The patience of one request: waits that double, until the time since the first failure is up."""

    def __init__(self, transport, url):
        self._transport, self._url = transport, url
        self._seconds = float(os.environ.get(RETRY_VARIABLE) or DEFAULT_RETRY_SECONDS)
        self.progress()

    def progress(self):
        """What failed went on: the next failure is a first one again."""
        self._wait, self._until = FIRST_WAIT, None

    def pause(self, error):
        """Waits before the next attempt, or raises when there is none."""
        path = self._transport.path
        # A restarting server takes its socket away for a moment; its folder stays.
        if type(error) is FileNotFoundError and not os.path.isdir(os.path.dirname(path)):
            raise MoxFileConnectionException(
                '%s: the socket of the object store, %s, is not there. Run the script inside a Ropeway task, or set '
                '%s to the socket of one.' % (self._url, path, SOCKET_VARIABLE)) from error
        if self._until is None:
            self._until = time.monotonic() + self._seconds
        if time.monotonic() + self._wait >= self._until:
            if isinstance(error, MoxFileRespException):
                raise error
            raise MoxFileConnectionException('%s: the object store at %s (%s) did not answer for %d s: %s' % (
                self._url, path, SOCKET_VARIABLE, self._seconds, error)) from error
        self._transport.warn_once(error, self._seconds)
        time.sleep(self._wait)
        self._wait = min(2 * self._wait, LONGEST_WAIT)


def send_exactly(connection, stream, length):
    """Sends `length` bytes of a local file; a file that got shorter is an error, not a short object."""
    left = length
    while left > 0:
        try:
            block = stream.read(min(BLOCK, left))
        except OSError as error:
            raise _LocalFailure() from error
        if not block:
            raise ValueError('%s became shorter while it was uploaded' % getattr(stream, 'name', 'the file'))
        connection.send(block)
        left -= len(block)


def child_text(element, name):
    """Text of a direct child, with or without S3's XML namespace; None when there is no such child."""
    for child in element:
        if child.tag.rpartition('}')[2] == name:
            return child.text or ''
    return None


def failure_of(answer, reason):
    """The exception for an answer of 300 or more."""
    code = message = None
    try:
        root = ElementTree.fromstring(answer.body) if answer.body else ()
        code, message = child_text(root, 'Code'), child_text(root, 'Message')
    except ElementTree.ParseError:
        message = answer.body[:200].decode('utf-8', 'replace')
    resp = Resp(answer.status, reason, answer.url, code, message)
    return (MoxFileNotExistsException if answer.status == 404 else MoxFileRespException)(resp)


_transports = {}
_transports_lock = threading.Lock()


def transport():
    """The connections to the socket the environment names now."""
    path = os.environ.get(SOCKET_VARIABLE) or DEFAULT_SOCKET
    with _transports_lock:
        if path not in _transports:
            _transports[path] = Transport(path)
            atexit.register(_transports[path].close)
        return _transports[path]
