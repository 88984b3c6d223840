"""What differential.py does to one side of its twins: to an open file, and through the standard library after `shift`."""
import glob
import os
import pathlib
import shutil

import moxing as mox


def perform(file, act, data, number, binary):
    if act == 'read':
        return file.read()
    if act == 'read5':
        return file.read(5)
    if act == 'line':
        return file.readline()
    if act == 'lines':
        return file.readlines()
    if act == 'write':
        return file.write(data)
    if act == 'start':
        return file.seek(number if binary else 0)
    if act == 'end':
        return file.seek(0, 2)
    if act == 'tell':
        return file.tell()
    if act == 'size':
        return file.size()
    if act == 'cut':
        return file.truncate(number)
    return file.flush()


def shifted(function, *args):
    """Calls function(*args) while the standard library takes both kinds of paths."""
    mox.file.shift('os', 'mox')
    try:
        return function(*args)
    finally:
        mox.file.shift('mox', 'os')


def look(root, folder, name):
    """What the standard library says of a folder and of a file or nothing below `root`."""
    at, path = root + '/' + folder if folder else root, root + '/' + name
    with os.scandir(at) as entries:
        scanned = sorted((entry.name, entry.is_dir(), entry.is_file()) for entry in entries)
    walked = sorted((os.path.relpath(top, root), sorted(names), sorted(files)) for top, names, files in os.walk(at))
    found = sorted(os.path.relpath(one, root) for one in glob.glob(glob.escape(at) + '/*'))
    facts = [os.path.exists(at), os.path.isdir(at), os.path.exists(path), os.path.isfile(path)]
    return sorted(os.listdir(at)), scanned, walked, found, facts, os.path.getsize(path), os.stat(path).st_size


def change(root, folder, name, data):
    """Writes, adds to, copies, renames and deletes below `root`, and puts all of it back but one file."""
    made, path = root + '/' + folder + '/made', root + '/' + name
    os.makedirs(made + '/deeper')
    os.mkdir(made + '/one')
    with open(made + '/one/a', 'wb') as file:
        file.write(data)
    with open(made + '/one/a', 'ab') as file:
        file.write(data)
    shutil.copyfile(made + '/one/a', made + '/b')
    shutil.copytree(made + '/one', made + '/deeper')
    os.rename(made + '/b', path)
    os.remove(made + '/one/a')
    left = sorted(os.listdir(made + '/deeper'))
    shutil.rmtree(made)
    with open(path, 'rb') as file:
        return left, os.path.exists(made), file.read()


def look_local(root):
    """pathlib is for this machine only, and goes on to work there."""
    path = pathlib.Path(root)
    names = sorted(one.name for one in path.iterdir())
    return path.is_dir(), names == sorted(os.listdir(root)), (path / 'none').exists()
