"""Does moxing.file say the same of a folder in the store as of a folder on this machine? Random operations on both.

    differential.py URL FOLDER SEED STEPS [files]

A step changes both sides in the same way, or asks both the same; what they answer, or the kind of error they raise, has
to be equal. Where the documented behaviour differs on purpose, the difference is what is checked. Prints the seed and the
history of the first step that differs, and exits 1. With `files` nothing is asked about folders: for stores that keep
folders as they like.
"""
import glob as _glob
import io
import os
import random
import sys

import moxing as mox
from moxing import _movers, _reader

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from differential_calls import change, look, look_local, perform, shifted  # noqa: E402

f = mox.file
# What is small here has to take the ways of what is large.
_reader.FIRST_WINDOW, _reader.LARGEST_WINDOW = 1000, 16000
_movers.FEW_FILES = 0 if os.environ.get(_movers.LAUNCHER_VARIABLE) else _movers.FEW_FILES
NAMES = ['a', 'b', 'c.txt', '.dot', 'sp ace', u'\u00fc\u4e2d', 'n\nl', 'q?', 'pl+us%25', 'star*', '[x]']
TEXTS = ['', 'x', u'gr\u00fc\u00dfe\n\u4e2d\u6587\n', 'one\ntwo\r\nthree\n\nlast', 'z' * 70000]
BYTES = [b'', b'\x00\xff', b'a\nb\n\nc', bytes(bytearray(range(256))) * 300]
PATTERNS = ['*', '?', '*.txt', '*/*', '[ab]', 'a/*', '*/', '.*', '*/b', 'nothing*', 'b/c.txt', '*/*/*']
MODES = ['r', 'w', 'a', 'r+', 'w+', 'a+']


class Differs(Exception):
    pass


def answer(function, *args, **more):
    """('is', value) or ('raises', kind): errors are equal when scripts would catch them alike."""
    try:
        return 'is', function(*args, **more)
    except Exception as error:
        for kind in (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, io.UnsupportedOperation,
                     OSError, UnicodeDecodeError, ValueError):
            if isinstance(error, kind):
                return 'raises', kind.__name__
        raise


class Twin(object):
    """One tree, twice: `sides` are the roots in the store and on this machine."""

    def __init__(self, url, folder, choice, files_only=False):
        self.sides, self.choice, self.history, self.files_only = (url, folder), choice, [], files_only
        f.make_dirs(url)
        os.makedirs(folder)

    # ---- what there is to choose from

    def local(self, name):
        return self.sides[1] + '/' + name if name else self.sides[1]

    def tree(self):
        files, folders = [], ['']
        for at, names, more in os.walk(self.sides[1]):
            below = os.path.relpath(at, self.sides[1])
            prefix = '' if below == '.' else below + '/'
            folders += [prefix + name for name in names]
            files += [prefix + name for name in more]
        return sorted(files), sorted(folders)

    def some_folder(self):
        return self.choice(self.tree()[1])

    def some_file(self):
        files = self.tree()[0]
        return self.choice(files) if files else None

    def some_name(self):
        """Of something that is there, or of nothing."""
        files, folders = self.tree()
        return self.choice(files + folders + [self.new_name()])

    def new_name(self):
        """One that can be a file: below a folder that is there, and no folder itself."""
        folder = self.some_folder()
        prefix = folder + '/' if folder else ''
        name = prefix + self.choice(NAMES)
        return name if not os.path.isdir(self.local(name)) else prefix + 'fresh-%d' % len(self.history)

    # ---- comparing

    def at(self, side, name):
        return self.sides[side] + '/' + name if name else self.sides[side]

    def same(self, what, ask, *names):
        """ask(at) with at(name) the place of a name on one side."""
        self.history.append((what,) + names)
        told = [answer(ask, lambda name, side=side: self.at(side, name)) for side in (0, 1)]
        if told[0] != told[1]:
            shown = tuple(repr(one)[:400] for one in told)
            raise Differs('%s: in the store %s, here %s' % ((self.history[-1],) + shown))
        return told[0]

    def settle(self):
        """A folder of the store vanishes with its last file unless it was made; here it stays."""
        for folder in self.tree()[1]:
            f.make_dirs(self.at(0, folder))

    def compare(self):
        files, folders = self.tree()
        self.same('tree', lambda at: f.list_directory(at(''), recursive=True, skip_dir=self.files_only))
        for name in files:
            self.same('content', lambda at, name=name: f.read(at(name), binary=True), name)

    # ---- steps

    def step_write(self):
        name, binary = self.new_name(), self.choice([True, False])
        data = self.choice(BYTES if binary else TEXTS)
        self.same(self.choice(['write', 'append']), lambda at: getattr(f, self.history[-1][0])(at(name), data, binary),
                  name)

    def step_read(self):
        name, binary = self.some_file() or 'none', self.choice([True, False])
        self.same('read', lambda at: f.read(at(name), binary=binary), name)

    def step_make(self):
        name = self.new_name()
        if os.path.isfile(self.local(name)):
            return
        name += self.choice(['', '/', '/deeper'])
        self.same('make_dirs', lambda at: f.make_dirs(at(name)), name)
        self.settle()

    def step_make_one(self):
        name = self.new_name() if self.choice([True, False]) else 'missing/child'
        if not os.path.exists(self.local(name)):
            self.same('mk_dir', lambda at: f.mk_dir(at(name)), name)

    def step_ask(self):
        name = self.some_name() + self.choice(['', '', '/'])
        for function in ('exists', 'is_directory'):
            self.same(function, lambda at: getattr(f, function)(at(name)), name)
        name = name.rstrip('/')
        self.same('stat', lambda at: (lambda s: (s.length, s.is_directory))(f.stat(at(name))), name)
        if os.path.isdir(self.local(name)):
            if f.get_size(self.at(0, name)) != 0:
                raise Differs('get_size of the folder %r without recursive' % name)
        self.same('get_size', lambda at: f.get_size(at(name), recursive=True), name)

    def step_list(self):
        flags = {flag: self.choice([True, False]) for flag in ('recursive', 'remove_sep', 'skip_file', 'skip_dir')}
        name = self.some_folder() if self.choice([True, True, False]) else 'none'
        self.same('list_directory', lambda at: f.list_directory(at(name), **flags), name, str(flags))

    def step_walk(self):
        name = self.some_folder() if self.choice([True, True, False]) else 'none'
        topdown = self.choice([True, False])

        def ask(at):
            found = [(os.path.relpath(top, at(name)), sorted(folders), sorted(files))
                     for top, folders, files in f.walk(at(name), topdown)]
            return sorted(found)
        self.same('walk', ask, name)

        def scan(at):
            with f.scan_dir(at(name)) as entries:
                return sorted((entry.name, entry.is_dir(), entry.is_file(), os.path.relpath(entry.path, at(name)),
                               0 if entry.is_dir() else entry.stat().st_size) for entry in entries)
        self.same('scan_dir', scan, name)

    def step_glob(self):
        folder, pattern = self.some_folder(), self.choice(PATTERNS)
        below = (_glob.escape(folder) + '/' if folder else '') + pattern

        def ask(at):
            root = at('')
            return sorted(found[len(root):] for found in f.glob(_glob.escape(root) + '/' + below if '://' not in root
                                                                else root + '/' + below))
        self.same('glob', ask, below)

    def step_remove(self):
        name, recursive = self.some_name(), self.choice([True, False])
        slash = self.choice(['', '/'])
        if not name or not os.path.exists(self.local(name)):
            return
        self.same('remove', lambda at: f.remove(at(name) + slash, recursive=recursive), name + slash, str(recursive))
        self.settle()

    def step_rename(self):
        source, target = self.some_name(), self.new_name()
        inside = (target + '/').startswith(source + '/')
        if not source or inside or (os.path.isdir(self.local(source)) and os.path.exists(self.local(target))):
            return
        self.same('rename', lambda at: f.rename(at(source), at(target)), source, target)
        self.settle()

    def step_copy(self):
        source, target = self.some_file(), self.new_name()
        if source is None or source == target:
            return
        self.history.append(('copy', source, target))
        ways = [(0, 0), (1, 0)], [(1, 1), (0, 1)]
        for way in (self.choice(ways[0]), self.choice(ways[1])):
            f.copy(self.at(way[0], source), self.at(way[1], target + '.new'))
        for side in (0, 1):
            f.rename(self.at(side, target + '.new'), self.at(side, target))

    def step_copy_folder(self):
        source = self.some_folder()
        target = 'copy-%d' % len(self.history)
        self.history.append(('copy_parallel', source, target))
        elsewhere = self.local('') + '-copies'
        into_store, into_here = self.choice([0, 1]), self.choice([0, 1])
        threads = self.choice([0, 1, 16])
        # Not below itself: what is copied must not grow while it is copied.
        f.copy_parallel(self.at(into_here, source), elsewhere + '/' + target, threads=threads)
        f.copy_parallel(self.at(into_store, source), self.sides[0] + '-copies/' + target, threads=threads)
        told = [answer(f.list_directory, root + '/' + target, recursive=True, skip_dir=self.files_only)
                for root in (self.sides[0] + '-copies', elsewhere)]
        empty = not any(files for _, _, files in os.walk(self.local(source)))
        if told[0] != told[1] and not (empty and told[0] == ('raises', 'FileNotFoundError')):
            raise Differs('%s from side %d and %d: %r' % (self.history[-1], into_store, into_here, told))
        for at, _, files in os.walk(elsewhere + '/' + target):
            for name in files:
                below = os.path.relpath(os.path.join(at, name), elsewhere)
                with open(os.path.join(at, name), 'rb') as file:
                    if file.read() != f.read(self.sides[0] + '-copies/' + below, binary=True):
                        raise Differs('%s: content of %s' % (self.history[-1], below))

    def step_file(self):
        name = self.some_file() if self.choice([True, True, False]) else self.new_name()
        mode = self.choice(MODES) + self.choice(['', 'b'])
        if name is None or os.path.isdir(self.local(name)):
            return
        binary = 'b' in mode
        acts = []
        for _ in range(self.choice([1, 3, 6])):
            act = self.choice(['read', 'read5', 'line', 'lines', 'write', 'start', 'end', 'tell', 'size', 'flush', 'cut'])
            acts.append((act, self.choice(BYTES if binary else TEXTS), self.choice([0, 1, 3, 100000])))

        def run(at):
            told = []
            with f.File(at(name), mode) as file:
                for act, data, number in acts:
                    told.append(answer(perform, file, act, data, number, binary))
                    if told[-1] == ('raises', 'UnicodeDecodeError'):
                        return told  # where it stands then depends on the size of pieces
                told.append((file.mode, file.readable(), file.writable(), file.seekable()))
            told.append(f.read(at(name), binary=True) if f.exists(at(name)) else None)
            return told
        self.same('File', run, name, mode, str([act for act, _, _ in acts]))

    def step_look(self):
        folder = self.some_folder()
        name = self.some_file() or 'none'
        self.same('shifted look', lambda at: shifted(look, at(''), folder, name), folder, name)
        if shifted(look_local, self.sides[1]) != (True, True, False):
            raise Differs('pathlib after shift')

    def step_change(self):
        folder, name, data = self.some_folder(), self.new_name(), self.choice(BYTES)
        self.same('shifted change', lambda at: shifted(change, at(''), folder, name, data), folder, name)
        self.settle()

    STEPS = ['write', 'write', 'read', 'make', 'make_one', 'ask', 'list', 'walk', 'glob', 'remove', 'rename', 'copy',
             'copy_folder', 'file', 'file', 'look', 'change']

    FILE_STEPS = ['write', 'write', 'read', 'make', 'remove', 'rename', 'copy', 'copy_folder', 'file', 'file']

    def step(self):
        getattr(self, 'step_' + self.choice(self.FILE_STEPS if self.files_only else self.STEPS))()


def main(url, folder, seed, steps, what=''):
    choice = random.Random(int(seed)).choice
    twin = Twin(url, folder, choice, what == 'files')
    try:
        for number in range(int(steps)):
            twin.step()
            if number % 10 == 9:
                twin.compare()
        twin.compare()
    except Exception:
        print('seed %s, steps: %s' % (seed, '\n  '.join(str(one) for one in twin.history[-12:])))
        raise
    print('%s steps are equal' % len(twin.history))


if __name__ == '__main__':
    main(*sys.argv[1:])
