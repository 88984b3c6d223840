"""`shift` as the first line: after it the standard library works on both kinds of paths."""
import moxing as mox
mox.file.shift('os', 'mox')

import glob
import inspect
import json
import multiprocessing
import os
import pathlib
import pickle
import shutil
import sys
import tempfile

url, here = sys.argv[1:]
told = []
for root in (url, here):
    os.makedirs(os.path.join(root, 'd/e'))
    with open(os.path.join(root, 'd/a.txt'), 'w') as f:
        f.write('one\ntwo\n')
    with open(os.path.join(root, 'd/a.txt'), 'a', encoding='utf-8') as f:
        print('three', file=f)
    with open(os.path.join(root, 'd/p.pkl'), 'wb') as f:
        pickle.dump({'x': list(range(1000))}, f)
    with open(os.path.join(root, 'd/p.pkl'), 'rb') as f:
        total = sum(pickle.load(f)['x'])
    with open(os.path.join(root, 'd/j.json'), 'w') as f:
        json.dump([1, {'two': None}], f)
    lines = [line.strip() for line in open(os.path.join(root, 'd/a.txt'))]
    shutil.copyfile(os.path.join(root, 'd/a.txt'), os.path.join(root, 'd/e/b.txt'))
    os.makedirs(os.path.join(root, 'tree'))
    shutil.copytree(os.path.join(root, 'd'), os.path.join(root, 'tree'))
    os.rename(os.path.join(root, 'd/j.json'), os.path.join(root, 'd/k.json'))
    os.mkdir(os.path.join(root, 'made'))
    try:
        os.stat(os.path.join(root, 'none'))
    except FileNotFoundError as error:
        missing = 'no such file'
    walked = sorted((os.path.relpath(top, root), sorted(folders), sorted(files)) for top, folders, files in os.walk(root))
    told.append([
        total, lines, sorted(os.listdir(os.path.join(root, 'd'))), walked, missing,
        os.path.exists(os.path.join(root, 'd/k.json')), os.path.exists(os.path.join(root, 'd/j.json')),
        os.path.isdir(os.path.join(root, 'd')), os.path.isfile(os.path.join(root, 'd/a.txt')),
        os.path.isfile(os.path.join(root, 'd')), os.path.getsize(os.path.join(root, 'd/a.txt')),
        os.stat(os.path.join(root, 'd/a.txt')).st_size, os.path.getmtime(os.path.join(root, 'd/a.txt')) > 1.5e9,
        sorted(os.path.basename(found) for found in glob.glob(os.path.join(root, 'd', '*.[tk]*'))),
        sorted((entry.name, entry.is_dir()) for entry in os.scandir(os.path.join(root, 'd'))),
    ])
    os.remove(os.path.join(root, 'd/k.json'))
    shutil.rmtree(os.path.join(root, 'tree'))
    told[-1] += [os.path.exists(os.path.join(root, 'd/k.json')), sorted(os.listdir(root))]

# What the standard library does with these functions besides calling them: pathlib keeps them in a class.
with tempfile.TemporaryDirectory(dir=here) as folder:
    path = pathlib.Path(folder) / 'deep' / 'er'
    path.mkdir(parents=True)
    (path / 'a.txt').write_text('one')
    (path / 'a.txt').rename(path / 'b.txt')
    local = [path.exists(), path.is_dir(), (path / 'b.txt').stat().st_size, [one.name for one in path.iterdir()],
             [one.name for one in pathlib.Path(folder).glob('**/*.txt')], (path / 'b.txt').open().read(),
             pathlib.Path(folder, 'none').exists()]
local.append(os.path.exists(folder))


class Keeps(object):
    opens, lists = open, os.listdir


local += [Keeps().opens(os.devnull).read(), Keeps().lists(os.path.join(here, 'd', 'e'))]
with multiprocessing.get_context('fork').Pool(2) as pool:
    local.append(pool.map(os.listdir, [os.path.join(root, 'd', 'e') for root in (url, here)]))
shifted = [os.stat in os.supports_dir_fd, os.stat in os.supports_fd, os.stat in os.supports_follow_symlinks,
           os.mkdir in os.supports_dir_fd, os.listdir in os.supports_fd, os.scandir in os.supports_fd,
           shutil.rmtree.avoids_symlink_attacks, str(inspect.signature(shutil.rmtree)), open.__name__, os.walk.__doc__]

mox.file.shift('mox', 'os')
mox.file.shift('mox', 'os')
as_before = shifted == [
    os.stat in os.supports_dir_fd, os.stat in os.supports_fd, os.stat in os.supports_follow_symlinks,
    os.mkdir in os.supports_dir_fd, os.listdir in os.supports_fd, os.scandir in os.supports_fd,
    shutil.rmtree.avoids_symlink_attacks, str(inspect.signature(shutil.rmtree)), open.__name__, os.walk.__doc__]
try:
    open(os.path.join(url, 'd/a.txt'))
    told.append('still shifted')
except FileNotFoundError:
    told.append(os.listdir.__module__ == 'posix' or type(os.listdir).__name__)
print(json.dumps([told[0] == told[1], told[2], told[0], local, as_before]))
