"""`shift('os', 'mox')`: lets open, os, glob and shutil take object URLs; `shift('mox', 'os')` ends that.

Each replacement looks at its paths and hands local ones, file descriptors and everything else to what it replaces. The
standard library keeps some of these functions in classes, asks sets for them and reads their attributes, so in all of that
they have to be as what they stand for.
"""
import builtins
import functools
import glob
import os
import shutil
import sys
import threading
import types
from typing import Any, Callable, List, Tuple

from . import _browse, _copy, _folders
from . import _rename as _moving
from ._file_object import File
from ._urls import SCHEMES

_lock = threading.Lock()
_originals = []  # type: List[Tuple[Any, str, Any]]


def _remote(*names: Any) -> bool:
    for name in names:
        if isinstance(name, (str, bytes)) or hasattr(name, '__fspath__'):
            if os.fsdecode(name).startswith(SCHEMES):
                return True
    return False


def _open(original: Callable[..., Any], file: Any, mode: str = 'r', buffering: int = -1, encoding: Any = None,
          errors: Any = None, newline: Any = None, **more: Any) -> Any:
    return File(file, mode, encoding, errors, newline)


def _listdir(original: Callable[..., Any], path: Any = '.') -> Any:
    return _folders.list_directory(path)


def _makedirs(original: Callable[..., Any], name: Any, mode: int = 0o777, exist_ok: bool = False) -> None:
    _folders.make_dirs(name)


def _mkdir(original: Callable[..., Any], path: Any, mode: int = 0o777, **more: Any) -> None:
    _folders.mk_dir(path)


def _exists(original: Callable[..., Any], path: Any) -> bool:
    return _folders.exists(path)


def _isdir(original: Callable[..., Any], path: Any) -> bool:
    return _folders.is_directory(path)


def _getsize(original: Callable[..., Any], path: Any) -> int:
    return _folders.get_size(path)


def _remove(original: Callable[..., Any], path: Any, **more: Any) -> None:
    _folders.remove(path)


def _rename(original: Callable[..., Any], src: Any, dst: Any, **more: Any) -> None:
    _moving.rename(src, dst)


def _scandir(original: Callable[..., Any], path: Any = '.') -> Any:
    return _browse.scan_dir(path)


def _stat(original: Callable[..., Any], path: Any, **more: Any) -> Any:
    return _browse.stat(path)


def _walk(original: Callable[..., Any], top: Any, topdown: bool = True, onerror: Any = None,
          followlinks: bool = False) -> Any:
    return _browse.walk(top, topdown, onerror, followlinks)


def _glob(original: Callable[..., Any], pathname: Any, **more: Any) -> List[str]:
    return _browse.glob(pathname)


def _copyfile(original: Callable[..., Any], src: Any, dst: Any, **more: Any) -> Any:
    _copy.copy(src, dst)
    return dst


def _copytree(original: Callable[..., Any], src: Any, dst: Any, *args: Any, **more: Any) -> Any:
    if not _remote(src, dst):
        # MoXing copies into a folder that is there; the original only does that since Python 3.8, when it is asked to.
        if not os.path.isdir(dst) or args or more:
            return original(src, dst, *args, **more)
    _copy.copy_parallel(src, dst)
    return dst


def _rmtree(original: Callable[..., Any], path: Any, *args: Any, **more: Any) -> None:
    _folders.remove(path, recursive=True)


#: Where, name, replacement, how many leading arguments are paths.
TABLE = (
    (builtins, 'open', _open, 1),
    (os, 'listdir', _listdir, 1),
    (os, 'makedirs', _makedirs, 1),
    (os, 'mkdir', _mkdir, 1),
    (os.path, 'exists', _exists, 1),
    (os.path, 'isdir', _isdir, 1),
    (os.path, 'getsize', _getsize, 1),
    (os, 'remove', _remove, 1),
    (os, 'rename', _rename, 2),
    (os, 'scandir', _scandir, 1),
    (os, 'stat', _stat, 1),
    (os, 'walk', _walk, 1),
    (glob, 'glob', _glob, 1),
    (shutil, 'copyfile', _copyfile, 2),
    (shutil, 'copytree', _copytree, 2),
    (shutil, 'rmtree', _rmtree, 1),
)  # type: Tuple[Tuple[Any, str, Callable[..., Any], int], ...]
#: Names of those leading arguments, for calls by keyword.
PATHS = ('file', 'path', 'name', 'src', 'dst', 'top', 'pathname', 'filename', 's', 'source', 'destination')


def shift(src: str, dst: str) -> None:
    """('os', 'mox') replaces, ('mox', 'os') puts back. Doing either twice changes nothing."""
    if (src, dst) not in (('os', 'mox'), ('mox', 'os')):
        raise ValueError("shift(%r, %r): expected ('os', 'mox') or ('mox', 'os')" % (src, dst))
    with _lock:
        if dst == 'os':
            while _originals:
                setattr(*_originals.pop())
        elif not _originals:
            for place, name, replacement, count in TABLE:
                original = getattr(place, name)
                _originals.append((place, name, original))
                # As a function of Python and a built-in one: kept in a class, the first becomes a method (pathlib).
                kind = ShiftedFunction if isinstance(original, types.FunctionType) else Shifted
                setattr(place, name, kind(place.__name__, name, replacement, count))


class Shifted(object):
    """What stands in the place of a function."""

    def __init__(self, place: str, name: str, replacement: Callable[..., Any], count: int) -> None:
        original = getattr(sys.modules[place], name)
        functools.update_wrapper(self, original)  # with attributes such as rmtree.avoids_symlink_attacks
        self._where, self._original, self._replacement, self._count = (place, name), original, replacement, count
        self._always = replacement is _copytree

    def __call__(self, *args: Any, **more: Any) -> Any:
        named = [more[name] for name in PATHS if name in more]
        if self._always or _remote(*(list(args[:self._count]) + named)):
            return self._replacement(self._original, *args, **more)
        return self._original(*args, **more)

    def __getattr__(self, name: str) -> Any:
        if name in ('_original', '__wrapped__'):  # while this one is being made
            raise AttributeError(name)
        return getattr(self._original, name)

    def __eq__(self, other: Any) -> bool:
        """`os.stat in os.supports_fd` and its like stay true."""
        return other is self or other is self._original

    def __hash__(self) -> int:
        return hash(self._original)

    def __repr__(self) -> str:
        return '<shifted %r>' % (self._original,)

    def __reduce__(self) -> Any:
        """Other processes take what has this name there."""
        return _named, self._where


class ShiftedFunction(Shifted):
    """In the place of one that is written in Python: those become methods."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)


def _named(place: str, name: str) -> Any:
    return getattr(sys.modules[place], name)


def is_shifted() -> bool:
    return bool(_originals)
