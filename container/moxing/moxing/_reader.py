"""An object as a raw stream that can seek: read in ranges that grow while it is read in order, the next one ahead."""
import io
import os
import tempfile
import threading
from typing import Any, IO, Optional, Tuple

from ._connection import BROKEN
from ._errors import MoxFileRespException, broke_off
from ._spool import spool_folder
from ._store import download, head, open_object
from ._transport import Retry, transport
from ._urls import Url

FIRST_WINDOW, LARGEST_WINDOW = 256 << 10, 8 << 20


class ObjectReader(io.RawIOBase):
    """Raises MoxFileNotExistsException when there is no such object, MoxFileReadException when it is replaced meanwhile.

    Holds at most two windows in memory. A forked process may go on reading: each has its own position.
    """

    def __init__(self, url: Url) -> None:
        super(ObjectReader, self).__init__()
        self._url = url
        self._etag = None  # type: Optional[str]
        self._whole = None  # type: Optional[IO[bytes]]
        self._position = self._start = 0
        self._window = FIRST_WINDOW
        self._block = b''
        self._ahead = None  # type: Optional[_Ahead]
        self.length = 0
        self._block = self._fetch(0, FIRST_WINDOW, True)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        if base + offset < 0:
            raise ValueError('negative seek position %d' % (base + offset))
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._whole is not None:
            self._whole.seek(self._position)
            data = self._whole.read(len(buffer))
        else:
            if not self._start <= self._position < self._start + len(self._block):
                if self._position >= self.length or not len(buffer):
                    return 0
                self._turn()
            data = self._block[self._position - self._start:][:len(buffer)]
        buffer[:len(data)] = data
        self._position += len(data)
        return len(data)

    def readall(self) -> bytes:
        """The rest, asked for at once and held once."""
        if self._whole is not None:
            return super(ObjectReader, self).readall()
        inside = self._start <= self._position <= self._start + len(self._block)
        begun = self._block[self._position - self._start:] if inside else b''
        if self.length - self._position > 4 * len(begun):
            begun = b''  # joining would hold all of it twice; asking again for a little is cheaper
        at = self._position + len(begun)
        rest = self._fetch(at, self.length, False) if at < self.length else b''
        self._position = max(self._position, self.length)
        self._start, self._block, self._ahead = self.length, b'', None
        return begun + rest if begun else rest

    def _turn(self) -> None:
        """Puts the window where the position is."""
        ahead, self._ahead = self._ahead, None
        if self._position == self._start + len(self._block):
            self._window = min(2 * self._window, LARGEST_WINDOW)
        else:
            self._window = FIRST_WINDOW
        self._start = self._position
        if ahead is not None and ahead.start == self._position and ahead.pid == os.getpid():
            self._block = ahead.take()
        else:
            self._block = self._fetch(self._start, self._start + self._window, False)
        after = self._start + len(self._block)
        if self._window > 2 * FIRST_WINDOW and after < self.length:
            self._ahead = _Ahead(self, after, after + self._window)

    def _fetch(self, start: int, end: int, first: bool) -> bytes:
        """The bytes from `start` to `end` or the end of the object; goes on where a connection broke."""
        retry = Retry(transport(), str(self._url))
        sink = io.BytesIO()
        while True:
            try:
                answer = open_object(self._url, start, end, None if first else self._etag)
            except MoxFileRespException as refused:
                if refused.resp.status != 416 or start or not first:
                    raise
                return self._empty()  # stores refuse ranges of objects without bytes
            if answer is None:
                raise broke_off(str(self._url), 'was replaced while it was read')
            try:
                if first:
                    first, self._etag = False, answer.etag
                    if answer.status == 200 and (answer.length is None or answer.length > end):
                        answer.close()
                        return self._spool()
                    total = (answer.headers.get('Content-Range') or '').rpartition('/')[2]
                    self.length = int(total) if total.isdigit() else answer.length or 0
                end = min(end, self.length)
                count, error = _read_into(answer, sink, end - start)
            finally:
                answer.close()
            start += count
            if start >= end:
                return sink.getvalue()
            if count:
                retry.progress()
            retry.pause(broke_off(str(self._url), error or 'the body ended early'))

    def _empty(self) -> bytes:
        found = head(self._url)
        self.length, self._etag = (found.size, found.etag) if found else (0, None)
        if self.length:
            raise broke_off(str(self._url), 'was replaced while it was read')
        return b''

    def _spool(self) -> bytes:
        """The store knows no ranges: the whole object goes to a temporary file."""
        self._whole = tempfile.TemporaryFile(prefix='moxing-', dir=spool_folder())
        download(self._url, self._whole)
        self.length = self._whole.seek(0, io.SEEK_END)
        return b''

    def close(self) -> None:
        if not self.closed:
            self._block, self._ahead = b'', None
            if self._whole is not None:
                self._whole.close()
        super(ObjectReader, self).close()


def _read_into(answer: Any, sink: IO[bytes], wanted: int) -> Tuple[int, Optional[BaseException]]:
    """Reads up to `wanted` bytes; returns how many, and what broke."""
    buffer, done = memoryview(bytearray(min(wanted, 1 << 18))), 0
    try:
        while done < wanted:
            count = answer.readinto(buffer[:wanted - done])
            if not count:
                break
            sink.write(buffer[:count])
            done += count
    except BROKEN as broken:
        return done, broken
    return done, None


class _Ahead(object):
    """A window that is being fetched by a thread of its own."""

    def __init__(self, reader: ObjectReader, start: int, end: int) -> None:
        self.start, self.pid = start, os.getpid()
        self._block, self._error = b'', None  # type: bytes, Optional[BaseException]
        self._thread = threading.Thread(target=self._run, args=(reader, end), name='moxing-read-ahead')
        self._thread.daemon = True
        self._thread.start()

    def _run(self, reader: ObjectReader, end: int) -> None:
        try:
            self._block = reader._fetch(self.start, end, False)
        except BaseException as error:
            self._error = error

    def take(self) -> bytes:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._block
