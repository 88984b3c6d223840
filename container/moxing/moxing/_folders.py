"""Looking at folders and changing them. In the store a folder is a prefix with something below it, or a marker
object whose key ends with a slash."""
import os
import shutil
from typing import Any, List, Set, Tuple

from . import _store, _store_write
from ._errors import not_exists
from ._parallel import run_all
from ._urls import Name, Url, as_text, is_remote, parse

DELETE_THREADS = 16


def exists(url: Name, client_id: Any = None) -> bool:
    """Is there a file or a folder? A slash at the end asks for a folder."""
    if not is_remote(url):
        return os.path.exists(as_text(url))
    target = parse(url)
    if target.key and not target.key.endswith('/') and _store.head(target) is not None:
        return True
    return _store.has_below(target)


def is_directory(url: Name, client_id: Any = None) -> bool:
    """Is there a folder?"""
    return _store.has_below(parse(url)) if is_remote(url) else os.path.isdir(as_text(url))


def list_directory(url: Name, recursive: bool = False, remove_sep: bool = True, skip_file: bool = False,
                   skip_dir: bool = False, client_id: Any = None) -> List[str]:
    """Names relative to `url`, sorted; with `recursive` of everything below, folders included.

    Folders end with a slash when `remove_sep` is false. Raises FileNotFoundError (of the store:
    MoxFileNotExistsException) when there is no such folder.
    """
    if is_remote(url):
        files, folders = _remote_names(parse(url), recursive)
    else:
        files, folders = _local_names(as_text(url), recursive)
    names = set() if skip_file else set(files)
    if not skip_dir:
        names.update(folders if remove_sep else [name + '/' for name in folders])
    return sorted(names)


def _remote_names(folder: Url, recursive: bool) -> Tuple[Set[str], Set[str]]:
    prefix, found = folder.folder_key, not folder.folder_key
    files, folders = set(), set()  # type: Set[str], Set[str]
    for entry in _store.list_entries(folder, prefix, None if recursive else '/'):
        found = True
        name = entry.key[len(prefix):]
        if name.endswith('/'):
            name = name.rstrip('/')
            folders.add(name)
        elif name:
            files.add(name)
        while recursive and '/' in name:
            name = name.rpartition('/')[0]
            folders.add(name)
    folders.discard('')
    if not found:
        raise not_exists(str(folder))
    return files, folders


def _local_names(folder: str, recursive: bool) -> Tuple[Set[str], Set[str]]:
    files, folders = set(), set()  # type: Set[str], Set[str]
    waiting = ['']
    while waiting:
        below = waiting.pop()
        for name in os.listdir(os.path.join(folder, below)):
            path = os.path.join(below, name)
            if os.path.isdir(os.path.join(folder, path)):
                folders.add(path)
                if recursive and not os.path.islink(os.path.join(folder, path)):
                    waiting.append(path)
            else:
                files.add(path)
    return files, folders


def make_dirs(url: Name, client_id: Any = None) -> None:
    """Makes a folder and its parents; one that is there is no error. Raises FileExistsError when it is a file."""
    if not is_remote(url):
        os.makedirs(as_text(url), exist_ok=True)
        return
    folder = parse(url)
    if not folder.folder_key:
        if not _store.has_below(folder):
            raise not_exists(str(folder))
        return
    if _store.head(folder.with_key(folder.folder_key[:-1])) is not None:
        raise FileExistsError('%s is a file' % folder)
    _store_write.put_bytes(folder.with_key(folder.folder_key), b'')


def mk_dir(url: Name, client_id: Any = None) -> None:
    """Makes a folder in one that is there; raises OSError when it is not.

    On this machine a folder that is there already is a FileExistsError, as with os.mkdir. In the store it is not:
    eight ranks make one folder at once.
    """
    if not is_remote(url):
        os.mkdir(as_text(url))
        return
    folder = parse(url)
    parent = folder.with_key(folder.folder_key[:-1].rpartition('/')[0])
    if not _store.has_below(parent):
        raise FileNotFoundError(2, 'the parent folder %s does not exist' % parent, str(folder))
    make_dirs(url)


def get_size(url: Name, recursive: bool = False, client_id: Any = None) -> int:
    """Bytes of a file. Of a folder: of everything below, but 0 for one in the store unless `recursive`."""
    if not is_remote(url):
        path = as_text(url)
        if not os.path.isdir(path):
            return os.path.getsize(path)
        return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path)
                   for name in names if os.path.exists(os.path.join(folder, name)))
    target = parse(url)
    there = None if target.key.endswith('/') else _store.head(target)
    if there is not None:
        return there.size
    if not _store.has_below(target):
        raise not_exists(str(target))
    return sum(entry.size for entry in _store.list_entries(target, target.folder_key)) if recursive else 0


def remove(url: Name, recursive: bool = False, client_id: Any = None) -> None:
    """Deletes a file, or with `recursive` a folder. A folder without `recursive` and `file/` are left alone."""
    if not is_remote(url):
        _remove_local(as_text(url), recursive)
        return
    target = parse(url)
    if target.key and not target.key.endswith('/'):
        _store_write.delete(target)
    if recursive:
        keys = [entry.key for entry in _store.list_entries(target, target.folder_key)]
        if keys and target.folder_key and target.folder_key not in keys:
            keys.append(target.folder_key)  # some stores have folders that they do not list
        _store_write.delete_many(target, keys, lambda function, items: run_all(function, items, DELETE_THREADS))


def _remove_local(path: str, recursive: bool) -> None:
    bare = path.rstrip('/') or path
    if os.path.isdir(bare) and not os.path.islink(bare):
        if recursive:
            shutil.rmtree(bare)
    elif bare == path or not os.path.lexists(bare):
        os.remove(path)
