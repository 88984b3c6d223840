"""`copy` and `copy_parallel`: files between this machine and the store, in any direction."""
import os
import shutil
import sys
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from . import _movers, _store, _store_write, file_io
from ._aside import file_aside, is_unfinished
from ._errors import MoxFileNameDuplicateException, not_exists
from ._movers import Pair
from ._parallel import run_all
from ._store import Entry
from ._urls import Name, as_text, base_name, file_url, is_remote, join, parse, require_utf8, safe_relative

Tree = Tuple[Dict[str, Optional[Entry]], List[str]]


def copy(src_url: Name, dst_url: Name, client_id: Any = None) -> None:
    """Copies one file over whatever is at `dst_url`; makes missing local folders."""
    source, target = as_text(src_url), as_text(dst_url)
    if not is_remote(source) and os.path.isdir(source):
        raise IsADirectoryError(21, 'is a folder; copy_parallel copies those', source)
    copy_file(source, target)


def copy_parallel(src_url: Name, dst_url: Name, file_list: Optional[Iterable[Name]] = None, threads: int = 16,
                  is_processing: bool = True, use_queue: bool = True, **more: Any) -> None:
    """Copies the *contents* of a folder into another one, which is made; a single file is taken, too.

    `file_list`: only these files, relative to `src_url`. `threads`: how many files at a time, 0 one by one.
    `is_processing` and `use_queue` change nothing: whoever moves the files is no process of this script.
    """
    source, target = as_text(src_url), as_text(dst_url)
    if file_list is None and is_file(source):
        if target.endswith('/') or is_folder(target):
            target = join(target, base_name(source))
        copy_file(source, target)
        return
    if file_list is not None:
        tree = {as_text(name): None for name in file_list}, []  # type: Tree
    else:
        tree = tree_of(source)
    if not tree[0]:
        print('No files to copy', flush=True)
    copy_tree(source, target, tree, file_io.workers(threads))


def copy_tree(source: str, target: str, tree: Tree, workers: int) -> None:
    """Copies files and empty folders from below `source` to below `target`."""
    files, folders = tree
    _check_names(files, folders, source, target)
    if is_remote(target):
        parse(target)
    else:
        for folder in [''] + sorted({name.rpartition('/')[0] for name in files} | set(folders)):
            _make_local_folder(join(target, folder) if folder else target, source)
    _copy_files(source, target, files, workers)
    if is_remote(target):
        marks = [parse(join(target, folder) + '/') for folder in folders]
        run_all(lambda mark: _store_write.put_bytes(mark, b''), marks, workers)


def _copy_files(source: str, target: str, files: Dict[str, Optional[Entry]], workers: int) -> None:
    if is_remote(source) and is_remote(target):
        run_all(lambda name: _copy_inside(join(source, name), join(target, name), files[name]), files, workers)
    elif is_remote(source):
        url = parse(source)
        pairs = [_pair_of(url.folder_key + name, join(target, name), entry) for name, entry in files.items()]
        for pair in pairs:
            if os.path.isdir(pair.path):
                raise MoxFileNameDuplicateException('%s is a folder here, but a file at %s' % (pair.path, source))
        _movers.download(url.bucket, pairs, workers, os.path.abspath(target))
    elif is_remote(target):
        url = parse(target)
        paths = {name: os.path.join(os.path.abspath(source), name) for name in files}
        _movers.upload(url.bucket, [Pair(url.folder_key + name, path, os.stat(path).st_size, None)
                                    for name, path in paths.items()], workers)
    else:
        run_all(lambda name: _copy_local(join(source, name), join(target, name)), files, workers)


def _pair_of(key: str, path: str, entry: Optional[Entry]) -> Pair:
    return Pair(key, os.path.abspath(path), entry.size if entry else None, entry.etag if entry else None)


def is_file(url: str) -> bool:
    """Is `url` one file? A name that is a file and a folder at once is refused."""
    if not is_remote(url):
        if not os.path.lexists(url):
            raise not_exists(url)
        return not os.path.isdir(url)
    source = parse(url)
    if source.key.endswith('/') or _store.head(source) is None:
        return False
    if _store.has_below(source):
        raise MoxFileNameDuplicateException('%s is a file and a folder' % source)
    return True


def is_folder(url: str) -> bool:
    """Is `url` a folder?"""
    return _store.has_below(parse(url)) if is_remote(url) else os.path.isdir(url)


def tree_of(url: str) -> Tree:
    """Returns (files, empty folders) below a folder, as relative names."""
    return _remote_tree(url) if is_remote(url) else _local_tree(url)


def _remote_tree(url: str) -> Tree:
    source = parse(url)
    files, folders = {}, []  # type: Tree
    for entry in _store.list_entries(source, source.folder_key):
        name = entry.key[len(source.folder_key):]
        if name.endswith('/'):
            folders.append(name[:-1])
        elif name:
            files[name] = entry
    return files, folders


def _local_tree(root: str) -> Tree:
    """Follows links, except around in circles. What is not whole yet is left out."""
    files, folders, waiting = {}, [], [('', ())]  # type: Dict[str, Optional[Entry]], List[str], List[Any]
    while waiting:
        below, above = waiting.pop()
        here = os.stat(os.path.join(root, below))
        if (here.st_dev, here.st_ino) in above:
            continue
        names = sorted(name for name in os.listdir(os.path.join(root, below)) if not is_unfinished(name))
        if not names and below:
            folders.append(below)
        for name in names:
            path = os.path.join(below, name)
            full = os.path.join(root, path)
            if os.path.isdir(full):
                waiting.append((path, above + ((here.st_dev, here.st_ino),)))
            elif os.path.isfile(full):
                files[path] = None
            else:
                sys.stderr.write('moxing: %r is neither a file nor a folder, not copied\n' % full)
    return files, folders


def parents_of(names: Iterable[str]) -> Set[str]:
    """The folders that relative names are in, and those these are in."""
    parents = set()  # type: Set[str]
    for name in names:
        parent = name.rpartition('/')[0]
        while parent and parent not in parents:
            parents.add(parent)
            parent = parent.rpartition('/')[0]
    return parents


def _check_names(files: Dict[str, Optional[Entry]], folders: List[str], source: str, target: str) -> None:
    """Before anything is moved: no name leaves the target, none is a file and a folder, all can be stored."""
    for name in list(files) + folders:
        safe_relative(name, source, target)
        if is_remote(target):
            require_utf8(name, join(source, name))
    parents = parents_of(list(files) + folders).union(folders)
    for name in files:
        if name in parents:
            raise MoxFileNameDuplicateException('%s is a file and a folder' % join(source, name))


def _make_local_folder(path: str, source: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise MoxFileNameDuplicateException('%s is needed as a folder for %s, but there is a file' % (path, source))


def copy_file(source: str, target: str) -> None:
    """Copies one file."""
    if is_remote(source) and is_remote(target):
        file_url(target)
        _copy_inside(source, target, None)
    elif is_remote(target):
        to, path = file_url(target), os.path.abspath(source)
        _movers.upload(to.bucket, [Pair(to.key, path, os.stat(path).st_size, None)], 1)
    elif is_remote(source):
        fetch(source, target)
    else:
        _copy_local(source, target)


def fetch(source: str, target: str) -> None:
    """Downloads one file; its folder is made."""
    url, path = parse(source), os.path.abspath(target)
    if os.path.isdir(path):
        raise MoxFileNameDuplicateException('%s is a folder here, but a file at %s' % (target, source))
    entry = None if url.key.endswith('/') else _store.head(url)
    if entry is None:
        raise not_exists(source)
    _make_local_folder(os.path.dirname(path), source)
    _movers.download(url.bucket, [_pair_of(url.key, path, entry)], 1, os.path.dirname(path))


def _copy_inside(source: str, target: str, entry: Optional[Entry]) -> None:
    """From the store to the store, without the bytes passing here."""
    to, url = parse(target), parse(source)
    if (to.bucket, to.key) == (url.bucket, url.key):
        return
    found = entry or _store.head(url)
    if found is None:
        raise not_exists(source)
    _store_write.copy_object(url, to, found.size or 0, _parts)


def _parts(function: Callable[[Any], None], items: Iterable[Any]) -> None:
    run_all(function, items, file_io.part_workers())


def _copy_local(source: str, target: str) -> None:
    """Written aside and renamed, so that nobody meets half a file."""
    if os.path.isdir(target):
        raise MoxFileNameDuplicateException('%s is a folder, %s is a file' % (target, source))
    folder = os.path.dirname(os.path.abspath(target))
    _make_local_folder(folder, source)
    with file_aside(folder) as aside:
        shutil.copyfile(source, aside)
        os.chmod(aside, 0o666 & ~_movers.umask())
        _movers.land(aside, target, source)


def background_sync_copy(src_url: Name, dst_url: Name, seconds: float = 120) -> threading.Event:
    """Copies a folder every `seconds` while the script goes on; a failure is told and tried again the next time.

    Ends with the script; set() the event that is returned to end it earlier.
    """
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            try:
                copy_parallel(src_url, dst_url)
            except Exception as error:
                sys.stderr.write('moxing: %s was not copied to %s this time: %s\n' % (
                    as_text(src_url), as_text(dst_url), error))

    thread = threading.Thread(target=run, name='moxing-sync')
    thread.daemon = True
    thread.start()
    return ended
