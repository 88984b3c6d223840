"""Where files stand until they are whole: `.moxing-` and eight letters, in the folder they are for.

Whoever makes such a name holds a lock on it, so that the next copy can tell what a killed one left and clears it. Nobody
takes them for outputs: src/storage/transfer/walk-folder.ts knows them, too.
"""
import os
import re
import shutil
import stat as modes
import tempfile
import time
from contextlib import contextmanager, suppress
from typing import Any, Iterator, Set, Tuple

try:
    import fcntl
except ImportError:  # not a Unix; there nothing is cleared
    fcntl = None  # type: ignore[assignment]

PREFIX = '.moxing-'
#: Also the folders of unfinished transfers of Ropeway itself (work-folder.ts).
_UNFINISHED = re.compile(r'\.(moxing-[a-z0-9_]{8}|ropeway-[0-9a-f]{12}-.*)\Z', re.DOTALL)
_OURS = re.compile(r'\.moxing-[a-z0-9_]{8}\Z')
#: Seconds in which a name that was just made gets its lock.
YOUNG = 60.0
MAX_CLEARED = 10000

_cleared = set()  # type: Set[Tuple[int, str]]


def is_unfinished(name: str) -> bool:
    """Does this name of a file or folder say that it is not whole yet?"""
    return _UNFINISHED.match(name) is not None


@contextmanager
def folder_aside(folder: str) -> Iterator[str]:
    """A new folder inside `folder`, gone at the end."""
    clear(folder)
    path = tempfile.mkdtemp(prefix=PREFIX, dir=folder)
    held = _hold(os.open(path, os.O_RDONLY)) if fcntl else None
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


@contextmanager
def file_aside(folder: str) -> Iterator[str]:
    """A new file inside `folder`, which is renamed before the end, or removed at the failure."""
    clear(folder)
    handle, path = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        _hold(handle)
        yield path
    except BaseException:
        with suppress(FileNotFoundError):
            os.remove(path)
        raise
    finally:
        os.close(handle)


def _hold(handle: int) -> int:
    """The lock goes with its process, however that ends."""
    try:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass  # a file system without locks; then nobody gets one, and nothing is cleared
    return handle


def clear(folder: str) -> None:
    """Removes what killed processes left in `folder`; looks once in each process, since its own are not left."""
    if not fcntl or (os.getpid(), folder) in _cleared:
        return
    if len(_cleared) >= MAX_CLEARED:
        _cleared.clear()
    _cleared.add((os.getpid(), folder))
    for name in os.listdir(folder):
        if _OURS.match(name):
            _clear_left(os.path.join(folder, name))


def _clear_left(path: str) -> None:
    handle = None  # type: Any
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        facts = os.fstat(handle)
        if time.time() - facts.st_mtime < YOUNG:
            return
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if modes.S_ISDIR(facts.st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.remove(path)
    except OSError:
        pass  # somebody works on it, or owns it, or was faster
    finally:
        if handle is not None:
            os.close(handle)
