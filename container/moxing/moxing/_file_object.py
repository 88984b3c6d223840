"""`moxing.file.File`: a file object over local files and objects."""
import io
import tempfile

from . import _objects as objects
from ._transfer import PART_THREADS
from ._errors import MoxFileNotExistsException
from ._parallel import run_all
from ._urls import as_text, is_remote, parse
from ._whole import writable

MODES = ('r', 'w', 'a', 'r+', 'w+', 'a+')


class File(object):
    """Opens `name` in mode r, w, a, r+, w+ or a+, with b for bytes; text is UTF-8.

    An object is read while it streams in. One that is written is kept aside and stored on flush() and close().
    """

    def __init__(self, name, mode='r'):
        self._stream = self._url = self._aside = None
        self._name, self._mode = name, mode
        plain = mode.replace('b', '', 1).replace('t', '', 1)
        plain = plain[0] + '+' if plain in ('+r', '+w', '+a') else plain
        if plain not in MODES or ('b' in mode and 't' in mode):
            raise ValueError('mode %r, expected one of %s, with or without b' % (mode, ', '.join(MODES)))
        self._binary = 'b' in mode
        if not is_remote(name):
            encoding = None if self._binary else 'utf-8'
            self._stream = open(as_text(name), plain + ('b' if self._binary else ''), encoding=encoding)
            return
        if plain == 'r':
            raw = io.BufferedReader(objects.ObjectReader(parse(name)), 1 << 18)
        else:
            self._url = writable(name)
            raw = self._open_aside(plain)
        self._stream = raw if self._binary else io.TextIOWrapper(raw, encoding='utf-8')

    def _open_aside(self, plain):
        """A temporary file that holds what the object is going to be."""
        self._aside = tempfile.NamedTemporaryFile('w+b', prefix='moxing-')
        try:
            if plain[0] in 'ra':
                objects.download(self._url, self._aside)
        except MoxFileNotExistsException:
            if plain[0] == 'r':
                self._aside.close()
                raise
        except BaseException:
            self._aside.close()
            raise
        self._aside.flush()
        # "w" stores an object even when nothing is written; "r+" and "a" only change one.
        self._dirty = plain[0] == 'w' or (plain[0] == 'a' and objects.head(self._url) is None)
        return open(self._aside.name, {'r': 'r+b', 'w': 'w+b', 'a': 'a+b'}[plain[0]])

    def _push(self):
        if self._dirty:
            objects.upload(self._url, self._aside.name,
                           lambda function, items: run_all(function, items, PART_THREADS))
            self._dirty = False

    @property
    def name(self):
        return self._name

    @property
    def mode(self):
        return self._mode

    @property
    def closed(self):
        return self._stream is None or self._stream.closed

    def read(self, n=-1):
        return self._stream.read(-1 if n is None else n)

    def readinto(self, buffer):
        return self._stream.readinto(buffer)

    def readline(self, size=-1):
        return self._stream.readline(-1 if size is None else size)

    def readlines(self, sizeint=-1):
        return self._stream.readlines(-1 if sizeint is None else sizeint)

    def write(self, data):
        self._dirty = True
        return self._stream.write(data)

    def writelines(self, lines):
        self._dirty = True
        self._stream.writelines(lines)

    def truncate(self, size=None):
        self._dirty = True
        return self._stream.truncate(size)

    def seek(self, offset, whence=io.SEEK_SET):
        return self._stream.seek(offset, whence)

    def tell(self):
        return self._stream.tell()

    def size(self):
        """Bytes in the file, with what was written so far."""
        if self._aside is None and is_remote(self._name):
            return (self._stream if self._binary else self._stream.buffer).raw.length
        if self.writable():
            self._stream.flush()
        path = self._aside.name if self._aside is not None else as_text(self._name)
        with open(path, 'rb') as file:
            return file.seek(0, io.SEEK_END)

    def readable(self):
        return self._mode.strip('bt')[0] == 'r' or '+' in self._mode

    def writable(self):
        return self._mode.strip('bt')[0] != 'r' or '+' in self._mode

    def seekable(self):
        return self._stream.seekable()

    def flush(self):
        self._stream.flush()
        if self._url is not None:
            self._push()

    def close(self):
        if self.closed:
            return
        try:
            self._stream.close()
            if self._url is not None:
                self._push()
        finally:
            if self._aside is not None:
                self._aside.close()

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        try:
            self.close()
        except Exception:
            pass  # nobody is there to be told
