"""`rename`: a copy, and then the end of what was copied, name by name: what somebody adds or writes meanwhile is not lost."""
import errno
import os
import sys
from typing import Any, Dict, Iterable

from . import _store, _store_write, file_io
from ._copy import Tree, copy_file, copy_tree, is_file, is_folder, parents_of, tree_of
from ._errors import not_exists
from ._folders import DELETE_THREADS, remove
from ._parallel import run_all
from ._urls import Name, as_text, is_remote, join, parse


def rename(src_url: Name, dst_url: Name) -> None:
    """Moves a file or a folder, in any direction; what was copied is deleted once all of it has arrived."""
    source, target = as_text(src_url), as_text(dst_url)
    if not is_remote(source) and not is_remote(target):
        os.rename(source, target)
        return
    from_path, to_path = source.rstrip('/') + '/', target.rstrip('/') + '/'
    if from_path == to_path:
        return
    if is_file(source):
        before = _state(source)
        copy_file(source, target)
        if _state(source) == before:
            remove(source)
        else:
            _tell(source)
        return
    if not is_folder(source):
        raise not_exists(source)
    if to_path.startswith(from_path):
        raise ValueError('%s cannot be moved into itself (%s)' % (source, target))
    _move_tree(source, target)


def _move_tree(source: str, target: str) -> None:
    files, folders = tree_of(source)
    before = _states(source, (files, folders))
    copy_tree(source, target, (files, folders), file_io.workers(None))
    if is_remote(target) and not files and not folders and parse(target).folder_key:
        _store_write.put_bytes(parse(join(target, '')), b'')  # a folder with nothing in it
    now = _states(source, tree_of(source) if is_remote(source) else (files, folders))
    copied = {name: files[name] for name in files if name in now and now[name] == before[name]}, folders
    if is_remote(source):
        _delete_remote(source, copied)
        if set(now) - set(copied[0]):
            _tell(source)
    else:
        _delete_local(source.rstrip('/') or source, copied)


def _state(name: str) -> Any:
    """Differs for what else is written under this name; None when nothing is there."""
    if is_remote(name):
        entry = _store.head(parse(name))
        return entry and entry[1:]
    try:
        facts = os.stat(name)
    except FileNotFoundError:
        return None
    return facts.st_size, facts.st_mtime_ns, facts.st_ino


def _states(source: str, tree: Tree) -> Dict[str, Any]:
    """The states of the files of a tree that was just listed, without asking for each object again."""
    return {name: entry[1:] if entry else _state(join(source, name)) for name, entry in tree[0].items()}


def _tell(source: str) -> None:
    sys.stderr.write('moxing: %s stays, with what was not copied\n' % source)


def _delete_remote(source: str, tree: Tree) -> None:
    url = parse(source)
    files, folders = tree
    names = list(files) + [folder + '/' for folder in folders]
    # The folder itself may be a key, and some stores have folders that they do not list.
    keys = [url.folder_key + name for name in names] + ([url.folder_key] if url.folder_key else [])
    _store_write.delete_many(url, keys, _in_threads)


def _in_threads(function: Any, items: Iterable[Any]) -> None:
    run_all(function, items, DELETE_THREADS)


def _delete_local(root: str, tree: Tree) -> None:
    """Links are deleted, not what is behind them. Folders go when nothing is left in them."""
    if os.path.islink(root):
        os.remove(root)
        return
    files, folders = tree
    copied = parents_of(list(files) + folders).union(files, folders)
    for at, names, others in os.walk(root, topdown=False):
        for name in names + others:
            path = os.path.join(at, name)
            if os.path.relpath(path, root) in copied:
                _delete_one(path)
    _delete_one(root)
    if os.path.isdir(root):
        _tell(root)


def _delete_one(path: str) -> None:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.remove(path)
    except FileNotFoundError:
        pass  # somebody else did
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
