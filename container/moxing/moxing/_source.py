"""A local file as it was at one moment, for storing it whole, as src/storage/transfer/source-file.ts has it.

A script goes on while its files are stored. What is appended meanwhile is not part of the object, and when something else
was written, no mixture of old and new bytes must become one. Most files are left alone, so the times decide; only when
those moved is the file read again and compared.
"""
import os
import stat as modes
import zlib
from threading import Lock
from typing import Any, Dict, Tuple

BLOCK = 1 << 20


class FileChanged(Exception):
    """What was read is no state of the file."""


class SourceFile(object):
    """The file that has this name now; another one that takes the name later is not looked at. Raises OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        # NONBLOCK: a pipe in the place of the file must not hold us up.
        self._file = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0))
        self._lock = Lock()
        self._sums = {}  # type: Dict[int, Tuple[int, int]]
        mode = os.fstat(self._file).st_mode
        if not modes.S_ISREG(mode):
            os.close(self._file)
            if modes.S_ISDIR(mode):
                raise IsADirectoryError(21, 'is a folder, not a file', path)
            raise OSError(22, 'is no regular file', path)
        self._state = self._look()
        self.size = self._state[0]

    def _look(self) -> Tuple[int, int, int]:
        facts = os.fstat(self._file)
        return facts.st_size, facts.st_mtime_ns, facts.st_ino

    def read_at(self, position: int, count: int) -> bytes:
        """From one to `count` bytes. Raises FileChanged when there are none, OSError with the file's name."""
        try:
            if hasattr(os, 'pread'):
                block = os.pread(self._file, count, position)
            else:
                with self._lock:
                    os.lseek(self._file, position, os.SEEK_SET)
                    block = os.read(self._file, count)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.path) from error
        if not block:
            raise FileChanged()
        return block

    def note(self, start: int, end: int, crc: int) -> None:
        """Keeps what was read between two places, for confirm()."""
        self._sums[start] = end, crc

    def confirm(self) -> None:
        """Raises FileChanged unless what was read is what the file was when it was opened."""
        now = self._look()
        if now == self._state:
            return
        if now[0] < self.size:
            raise FileChanged()
        for position, (end, crc) in self._sums.items():
            again = 0
            while position < end:
                block = self.read_at(position, min(BLOCK, end - position))
                again = zlib.crc32(block, again)
                position += len(block)
            if again != crc:
                raise FileChanged()

    def __enter__(self) -> 'SourceFile':
        return self

    def __exit__(self, *_: Any) -> None:
        os.close(self._file)


class Piece(object):
    """The bytes from `start` to `end` as a stream. With `whole` its last block is only given out when all are confirmed:
    a request that lacks it stores nothing."""

    def __init__(self, source: SourceFile, start: int, end: int, whole: bool = False) -> None:
        self._source, self._start, self._position, self._end, self._whole = source, start, start, end, whole
        self._crc = 0

    def read(self, count: int) -> bytes:
        block = self._source.read_at(self._position, min(count, self._end - self._position))
        self._crc = zlib.crc32(block, self._crc)
        self._position += len(block)
        if self._position == self._end:
            self._source.note(self._start, self._end, self._crc)
            if self._whole:
                self._source.confirm()
        return block

    def close(self) -> None:
        """The file stays open for other pieces."""
