"""`copy` and `copy_parallel`: files between this machine and the store, in any direction."""
import os
import shutil
import sys
import tempfile

from . import _objects as objects
from ._errors import MoxFileNameDuplicateException, not_exists
from ._parallel import run_all
from ._urls import as_text, is_remote, join, parse, safe_relative
from ._whole import writable

PART_THREADS = 4


def copy(src_url, dst_url, client_id=None):
    """Copies one file over whatever is at `dst_url`; makes missing local folders."""
    _copy_file(as_text(src_url), as_text(dst_url))


def copy_parallel(src_url, dst_url, file_list=None, threads=16, is_processing=True, use_queue=True):
    """Copies the *contents* of a folder into another one, which is made; a single file is taken, too.

    `file_list`: only these files, relative to `src_url`. `threads`: how many files at a time, 0 one by one.
    Threads do the work whatever `is_processing` says: they wait for the store, not for the processor.
    """
    source, target = as_text(src_url), as_text(dst_url)
    if file_list is None and _is_file(source):
        if target.endswith('/') or (not is_remote(target) and os.path.isdir(target)):
            target = join(target, os.path.basename(source))
        _copy_file(source, target)
        return
    if file_list is not None:
        files, folders = [as_text(name) for name in file_list], []
    elif is_remote(source):
        files, folders = _remote_tree(source)
    else:
        files, folders = _local_tree(source)
    _check_names(files, folders, source, target)
    if not is_remote(target):
        for folder in [''] + folders:
            _make_local_folder(join(target, folder) if folder else target, source)
    else:
        for folder in folders:
            objects.put_bytes(parse(join(target, folder) + '/'), b'')
    if not files:
        print('No files to copy', flush=True)
        return
    run_all(lambda name: _copy_file(join(source, name), join(target, name)), files, threads or 0)


def _is_file(url):
    """Is `url` one file? A name that is a file and a folder at once is refused."""
    if not is_remote(url):
        if not os.path.lexists(url):
            raise not_exists(url)
        return not os.path.isdir(url)
    source = parse(url)
    if source.key.endswith('/') or objects.head(source) is None:
        return False
    if objects.has_below(source):
        raise MoxFileNameDuplicateException('%s is a file and a folder' % source)
    return True


def _remote_tree(url):
    """Returns (files, empty folders) below a URL, as relative names."""
    source = parse(url)
    names = [key[len(source.folder_key):] for key, _ in objects.list_keys(source, source.folder_key)]
    return [name for name in names if name and not name.endswith('/')], \
        [name[:-1] for name in names if name.endswith('/')]


def _local_tree(root):
    """Returns (files, empty folders) below a folder. Follows links, except around in circles."""
    files, folders, waiting = [], [], [('', ())]
    while waiting:
        below, above = waiting.pop()
        here = os.stat(os.path.join(root, below))
        if (here.st_dev, here.st_ino) in above:
            continue
        names = sorted(os.listdir(os.path.join(root, below)))
        if not names and below:
            folders.append(below)
        for name in names:
            path = os.path.join(below, name)
            full = os.path.join(root, path)
            if os.path.isdir(full):
                waiting.append((path, above + ((here.st_dev, here.st_ino),)))
            elif os.path.isfile(full):
                files.append(path)
            else:
                sys.stderr.write('moxing: %s is neither a file nor a folder, not copied\n' % full)
    return files, folders


def _check_names(files, folders, source, target):
    """Before anything is moved: no name leaves the target, and none is a file and a folder."""
    parents = set(folders)
    for name in files + folders:
        safe_relative(name, source, target)
        parent = name.rpartition('/')[0]
        while parent and parent not in parents:
            parents.add(parent)
            parent = parent.rpartition('/')[0]
    for name in files:
        if name in parents:
            raise MoxFileNameDuplicateException('%s is a file and a folder' % join(source, name))


def _make_local_folder(path, source):
    try:
        os.makedirs(path, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise MoxFileNameDuplicateException('%s is needed as a folder for %s, but there is a file' % (path, source))


def _copy_file(source, target):
    if is_remote(target):
        writable(target)
    if not is_remote(source):
        if is_remote(target):
            _upload(source, target)
        else:
            _land(target, source, lambda path: shutil.copyfile(source, path))
    elif not is_remote(target):
        _land(target, source, lambda path: _download(source, path))
    else:
        handle, path = tempfile.mkstemp(prefix='moxing-')
        os.close(handle)
        try:
            _download(source, path)
            _upload(path, target)
        finally:
            os.remove(path)


def _upload(path, target):
    objects.upload(parse(target), path, lambda function, items: run_all(function, items, PART_THREADS))


def _download(source, path):
    with open(path, 'wb') as sink:
        objects.download(parse(source), sink)


def _land(target, source, fill):
    """Lets `fill(path)` write a file beside `target` and renames it, so that nobody meets half a file."""
    if os.path.isdir(target):
        raise MoxFileNameDuplicateException('%s is a folder here, but a file at %s' % (target, source))
    folder = os.path.dirname(os.path.abspath(target))
    _make_local_folder(folder, source)
    handle, aside = tempfile.mkstemp(prefix='.moxing-', dir=folder)
    os.close(handle)
    try:
        fill(aside)
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, target)
    except BaseException:
        os.remove(aside)
        raise


def _umask():
    """This process's umask, read without changing it where the system allows (other threads make files, too)."""
    try:
        with open('/proc/self/status') as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith('Umask:'))
    except (OSError, StopIteration):
        return 0o022
