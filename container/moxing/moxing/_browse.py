"""`stat`, `scan_dir`, `walk` and `glob`: what os and glob say of local folders, said of folders in the store too."""
import fnmatch
import glob as local_glob
import os
import stat as modes
from typing import Any, Callable, Iterator, List, Optional, Tuple

from . import _store
from ._errors import not_exists
from ._store import Entry
from ._urls import Name, Url, as_text, is_remote, parse


class Stat(object):
    """`length`, `mtime_nsec` and `is_directory`, and under the names of os.stat_result the same."""

    def __init__(self, length: int, mtime_nsec: int, is_directory: bool, local: Any = None) -> None:
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory
        self._local = local

    @property
    def st_size(self) -> int:
        return self.length

    @property
    def st_mtime_ns(self) -> int:
        return self.mtime_nsec

    @property
    def st_mtime(self) -> float:
        return self.mtime_nsec / 1e9

    st_atime = st_ctime = st_mtime
    st_atime_ns = st_ctime_ns = st_mtime_ns

    def __getattr__(self, name: str) -> Any:
        if name.startswith('st_') and self.__dict__.get('_local') is not None:
            return getattr(self._local, name)
        if name == 'st_mode':
            return modes.S_IFDIR | 0o755 if self.is_directory else modes.S_IFREG | 0o644
        if name == 'st_nlink':
            return 1
        if name in ('st_ino', 'st_dev', 'st_uid', 'st_gid'):
            return 0
        raise AttributeError(name)

    def __repr__(self) -> str:
        return 'Stat(length=%d, mtime_nsec=%d, is_directory=%r)' % (self.length, self.mtime_nsec, self.is_directory)


def stat(url: Name, client_id: Any = None) -> Stat:
    """Length, time of change and kind; raises MoxFileNotExistsException when there is nothing. Folders have no length."""
    if not is_remote(url):
        path = as_text(url)
        try:
            found = os.stat(path)
        except FileNotFoundError as error:
            raise not_exists(path) from error
        is_folder = modes.S_ISDIR(found.st_mode)
        return Stat(0 if is_folder else found.st_size, found.st_mtime_ns, is_folder, found)
    target = parse(url)
    entry = None if target.key.endswith('/') else _store.head(target)
    if entry is not None:
        return Stat(entry.size, entry.mtime_nsec, False)
    if not _store.has_below(target):
        raise not_exists(str(target))
    marker = _store.head(target.with_key(target.folder_key)) if target.folder_key else None
    return Stat(0, marker.mtime_nsec if marker else 0, True)


class DirEntry(object):
    """What os.scandir yields, for a folder in the store. Asks nothing more of the store."""

    def __init__(self, folder: str, name: str, entry: Optional[Entry]) -> None:
        self.name, self.path, self._entry = name, folder.rstrip('/') + '/' + name, entry

    def is_dir(self, follow_symlinks: bool = True) -> bool:
        return self._entry is None

    def is_file(self, follow_symlinks: bool = True) -> bool:
        return self._entry is not None

    def is_symlink(self) -> bool:
        return False

    def inode(self) -> int:
        return 0

    def stat(self, follow_symlinks: bool = True) -> Stat:
        return Stat(self._entry.size, self._entry.mtime_nsec, False) if self._entry else Stat(0, 0, True)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return '<DirEntry %r>' % self.name


class _Scan(object):
    """An iterator that can be used in a `with`, like that of os.scandir."""

    def __init__(self, entries: Iterator[DirEntry]) -> None:
        self._entries = entries

    def __iter__(self) -> '_Scan':
        return self

    def __next__(self) -> DirEntry:
        return next(self._entries)

    def __enter__(self) -> '_Scan':
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def scan_dir(url: Name, client_id: Any = None) -> Any:
    """Iterates over what is in a folder; raises FileNotFoundError when there is no such folder."""
    if not is_remote(url):
        return os.scandir(as_text(url))
    folder = parse(url)
    return _Scan(iter([DirEntry(as_text(url), name, entry) for name, entry in _children(folder)]))


def _children(folder: Url) -> List[Tuple[str, Optional[Entry]]]:
    """(name, Entry of a file or None of a folder) in order; raises MoxFileNotExistsException."""
    found, names = not folder.folder_key, []  # type: bool, List[Tuple[str, Optional[Entry]]]
    for entry in _store.list_entries(folder, folder.folder_key, '/'):
        found = True
        name = entry.key[len(folder.folder_key):]
        if entry.size is None and name.strip('/'):
            names.append((name.rstrip('/'), None))
        elif name and not name.endswith('/'):
            names.append((name, entry))
    if not found:
        raise not_exists(str(folder))
    return sorted(names, key=lambda pair: pair[0])


def walk(url: Name, topdown: bool = True, onerror: Optional[Callable[[OSError], Any]] = None,
         followlinks: bool = False, client_id: Any = None) -> Iterator[Tuple[str, List[str], List[str]]]:
    """(folder, names of folders, names of files) for the folder and all below, as os.walk does."""
    if not is_remote(url):
        for triple in os.walk(as_text(url), topdown, onerror, followlinks):
            yield triple
        return
    text = as_text(url)
    try:
        children = _children(parse(text))
    except OSError as error:
        if onerror is not None:
            onerror(error)
        return
    folders = [name for name, entry in children if entry is None]
    files = [name for name, entry in children if entry is not None]
    if topdown:
        yield text, folders, files
    for name in folders:
        for triple in walk(text.rstrip('/') + '/' + name, topdown, onerror):
            yield triple
    if not topdown:
        yield text, folders, files


def glob(url: Name, client_id: Any = None) -> List[str]:
    """What matches a pattern of `*`, `?` and `[...]`: sorted, with the scheme of the pattern."""
    text = as_text(url)
    if not is_remote(text):
        return sorted(local_glob.glob(text))
    pattern = parse(text)
    root = '%s%s' % (pattern.scheme, pattern.bucket)
    if not pattern.key:
        return [text] if _store.has_below(pattern) else []
    return sorted(_matching(root, pattern.key.split('/')))


def _matching(folder: str, parts: List[str]) -> Iterator[str]:
    """What matches the first part in `folder`, and the others below it. An empty part asks for a folder."""
    part, rest = parts[0], parts[1:]
    if not local_glob.has_magic(part):
        whole = '/'.join([folder] + parts)
        if not any(local_glob.has_magic(other) for other in rest):
            target = parse(whole)
            is_there = not target.key.endswith('/') and _store.head(target) is not None
            if is_there or _store.has_below(target):
                yield whole
            return
        for found in _matching(folder + '/' + part, rest):
            yield found
        return
    try:
        children = _children(parse(folder))
    except FileNotFoundError:
        return
    for name, entry in children:
        # As in a shell, a leading dot has to be asked for.
        if not fnmatch.fnmatchcase(name, part) or (name.startswith('.') and not part.startswith('.')):
            continue
        if not rest:
            yield folder + '/' + name
        elif entry is None:
            for found in _matching(folder + '/' + name, rest):
                yield found
