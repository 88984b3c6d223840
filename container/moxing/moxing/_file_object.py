"""`moxing.file.File`: a file object over local files and objects."""
import io
import os
import tempfile
from typing import Any, Iterable, Iterator, List, Optional

from . import _store
from ._copy import copy, fetch
from ._reader import ObjectReader
from ._spool import spool_folder
from ._urls import Name, as_text, file_url, is_remote, parse

MODES = ('r', 'w', 'a', 'r+', 'w+', 'a+')
READ_BUFFER = 64 << 10


class File(object):
    """Opens `name` in mode r, w, a, r+, w+ or a+, with b for bytes; text is UTF-8 unless `encoding` says otherwise.

    An object is read in ranges while it is used. One that is written is kept on disk (MOX_FILE_SPOOL_DIR, else /cache)
    and stored on flush() and close().
    """

    def __init__(self, name: Name, mode: str = 'r', encoding: Optional[str] = None, errors: Optional[str] = None,
                 newline: Optional[str] = None, client_id: Any = None) -> None:
        self._stream = None  # type: Any
        self._url = self._folder = None  # type: Optional[str]
        self._broken = self._dirty = False
        self._pid = os.getpid()
        self._name, self._mode = name, mode
        plain = mode.replace('b', '', 1).replace('t', '', 1)
        plain = plain[0] + '+' if plain in ('+r', '+w', '+a') else plain
        if plain not in MODES or ('b' in mode and 't' in mode):
            raise ValueError('mode %r, expected one of %s, with or without b' % (mode, ', '.join(MODES)))
        self._plain, self._binary = plain, 'b' in mode
        text = {} if self._binary else {'encoding': encoding or 'utf-8', 'errors': errors, 'newline': newline}
        if not is_remote(name):
            self._stream = open(as_text(name), plain + ('b' if self._binary else ''), **text)  # type: ignore[call-overload]
            return
        if plain == 'r':
            raw = io.BufferedReader(ObjectReader(parse(name)), READ_BUFFER)  # type: Any
        else:
            raw = self._open_aside(str(file_url(name)))
        self._stream = raw if self._binary else io.TextIOWrapper(raw, **text)  # type: ignore[arg-type]

    def _open_aside(self, url: str) -> Any:
        """A temporary file that holds what the object is going to be."""
        there = None if self._plain[0] == 'w' else _store.head(parse(url))
        self._folder = tempfile.mkdtemp(prefix='moxing-', dir=spool_folder())
        self._url = url
        path = os.path.join(self._folder, 'object')
        try:
            if there is not None or self._plain[0] == 'r':
                fetch(url, path)
            else:
                open(path, 'wb').close()
            # "w" stores an object even when nothing is written; "r+" and "a" only change one.
            self._dirty = there is None
            return open(path, {'r': 'r+b', 'w': 'w+b', 'a': 'a+b'}[self._plain[0]])
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None and self._pid == os.getpid():  # else it is the parent's, which still writes
            try:
                os.remove(os.path.join(folder, 'object'))
            except OSError:
                pass  # it was not made
            os.rmdir(folder)

    def _push(self) -> None:
        if self._dirty and not self._broken and self._folder and self._url and self._pid == os.getpid():
            copy(os.path.join(self._folder, 'object'), self._url)
            self._dirty = False

    def _change(self, action: Any, *args: Any) -> Any:
        """What fails to get to the disk must not be stored as if it were whole."""
        if not self.writable():
            raise io.UnsupportedOperation('not writable')
        self._dirty = True
        try:
            return action(*args)
        except OSError:
            self._broken = True
            raise

    @property
    def name(self) -> Name:
        return self._name

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def closed(self) -> bool:
        return self._stream is None or self._stream.closed

    def _require_readable(self) -> None:
        if not self.readable():
            raise io.UnsupportedOperation('not readable')

    def read(self, n: Optional[int] = -1) -> Any:
        self._require_readable()
        return self._stream.read(-1 if n is None else n)

    def readinto(self, buffer: Any) -> int:
        self._require_readable()
        return self._stream.readinto(buffer)

    def readline(self, size: Optional[int] = -1) -> Any:
        self._require_readable()
        return self._stream.readline(-1 if size is None else size)

    def readlines(self, sizeint: Optional[int] = -1) -> List[Any]:
        self._require_readable()
        return self._stream.readlines(-1 if sizeint is None else sizeint)

    def write(self, data: Any) -> int:
        return self._change(self._stream.write, data)

    def writelines(self, lines: Iterable[Any]) -> None:
        self._change(self._stream.writelines, lines)

    def truncate(self, size: Optional[int] = None) -> int:
        return self._change(self._stream.truncate, size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def size(self) -> int:
        """Bytes in the file, with what was written so far."""
        if self._folder is None and is_remote(self._name):
            return (self._stream if self._binary else self._stream.buffer).raw.length
        if self.writable():
            self._stream.flush()
        return os.stat(as_text(self._name) if self._folder is None else os.path.join(self._folder, 'object')).st_size

    def readable(self) -> bool:
        return self._plain[0] == 'r' or '+' in self._plain

    def writable(self) -> bool:
        return self._plain != 'r'

    def seekable(self) -> bool:
        return self._stream.seekable()

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._broken = True
            raise
        self._push()

    def close(self) -> None:
        if self.closed:
            return
        try:
            try:
                self._stream.close()
            except OSError:
                self._broken = True
                raise
            self._push()
        finally:
            self._discard()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self) -> 'File':
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        """What else the stream underneath has: encoding, buffer, fileno of a local file, ..."""
        if name.startswith('_'):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __repr__(self) -> str:
        return '<File %r mode=%r%s>' % (self._name, self._mode, ' closed' if self.closed else '')

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            pass  # nobody is there to be told
