"""`shift` as the first line: after it the standard library works on both kinds of paths."""
import glob
import json
import os
import pickle
import shutil
import sys

import moxing as mox
mox.file.shift('os', 'mox')

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

mox.file.shift('mox', 'os')
mox.file.shift('mox', 'os')
try:
    open(os.path.join(url, 'd/a.txt'))
    told.append('still shifted')
except FileNotFoundError:
    told.append(os.listdir.__module__ == 'posix' or type(os.listdir).__name__)
print(json.dumps([told[0] == told[1], told[2], told[0]]))
