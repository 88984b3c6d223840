// Looking at, reading, writing and removing files and folders, against the real object server.
import { after, before, test } from 'node:test'
import { type Case, Scripts } from './scripts.ts'

let scripts: Scripts
before(async () => {
  scripts = await Scripts.open()
})
after(async () => await scripts[Symbol.asyncDispose]())

const cases: Case[] = [
  {
    title: 'exists and is_directory know files, folders, markers, buckets and what is missing',
    script: `
put(base, 'd/a')
f.make_dirs(base + '/m/n')
names = ['', '/d', '/d/', '/d/a', '/m', '/m/n', '/m/n/', '/none', '/d/a/']
tell([[f.exists(base + n) for n in names], [f.is_directory(base + n) for n in names],
      [g(u) for g in (f.exists, f.is_directory) for u in ('obs://box', 's3://box/', 'obs://no-such-bucket', here, here + '/no')]])`,
    tells: [
      [true, true, true, true, true, true, true, false, false],
      [true, true, true, false, true, true, true, false, false],
      [true, true, false, true, false, true, true, false, true, false],
    ],
  },
  {
    title: 'list_directory gives relative names, of the store as of this machine',
    script: `
put(base, 'a', 's/b', 's/t/c')
put(here, 'a', 's/b', 's/t/c')
both = []
for root in (base, here):
    both.append([f.list_directory(root), f.list_directory(root, recursive=True), f.list_directory(root, remove_sep=False),
                 f.list_directory(root, recursive=True, skip_dir=True), f.list_directory(root, recursive=True, skip_file=True),
                 f.list_directory(root + '/s/')])
tell([both[0] == both[1], both[0]])`,
    tells: [
      true,
      [
        ['a', 's'],
        ['a', 's', 's/b', 's/t', 's/t/c'],
        ['a', 's/'],
        ['a', 's/b', 's/t/c'],
        ['s', 's/t'],
        ['b', 't'],
      ],
    ],
  },
  {
    title: 'listing what is not there raises, and an empty folder is an empty list',
    script: `
f.make_dirs(base + '/empty')
f.make_dirs(base + '/empty')
put(base, 'file')
tell([f.list_directory(base + '/empty'), raised(f.list_directory, base + '/none')[0], raised(f.list_directory, here + '/none')[0],
      raised(f.list_directory, 'obs://no-such-bucket')[0], raised(f.make_dirs, base + '/file')[0]])`,
    tells: [
      [],
      'MoxFileNotExistsException',
      'FileNotFoundError',
      'MoxFileNotExistsException',
      'FileExistsError',
    ],
  },
  {
    title: 'get_size of a folder in the store is 0 without recursive',
    script: `
put(base, 'aa', 's/b')
put(here, 'aa', 's/b')
tell([f.get_size(base), f.get_size(base, recursive=True), f.get_size(base + '/aa'), f.get_size(here), f.get_size(here + '/aa'),
      raised(f.get_size, base + '/none')[0]])`,
    tells: [0, 5, 2, 5, 2, 'MoxFileNotExistsException'],
  },
  {
    title: 'remove deletes files, folders only with recursive, and never file/',
    script: `
seen = []
for root in (base, here):
    put(root, 'a', 'd/x', 'd/y/z', 'e/x', 'keep', 'dd')
    f.remove(root + '/a')
    f.remove(root + '/keep/'); f.remove(root + '/keep/', recursive=True)
    f.remove(root + '/d'); f.remove(root + '/d/')
    seen.append(f.list_directory(root))
    f.remove(root + '/d', recursive=True); f.remove(root + '/e/', recursive=True)
    seen.append(f.list_directory(root))
tell(seen)`,
    tells: [
      ['d', 'dd', 'e', 'keep'],
      ['dd', 'keep'],
      ['d', 'dd', 'e', 'keep'],
      ['dd', 'keep'],
    ],
  },
  {
    title: 'read and write take text and bytes',
    script: `
out = []
for root in (base, here):
    f.write(root + '/t', 'grüße\\n'); f.write(root + '/n', b'\\x00\\xff', binary=True); f.write(root + '/e', '')
    out.append([f.read(root + '/t'), list(f.read(root + '/n', binary=True)), f.read(root + '/e'), raised(f.read, root + '/none')[-3:]])
tell([out[0], out[1][:3] == out[0][:3], raised(f.write, base + '/folder/', 'x')[0]])`,
    tells: [
      ['grüße\n', [0, 255], '', ['FileNotFoundError', 'OSError', 'Exception']],
      true,
      'IsADirectoryError',
    ],
  },
  {
    title: 'File reads and writes text like open does',
    script: `
out = []
for root in (base, here):
    with f.File(root + '/t', 'w') as h:
        h.write('eins\\n'); h.writelines(['zwei\\n', 'drei\\n'])
    with f.File(root + '/t', 'a') as h:
        h.write('vier\\n')
    with f.File(root + '/fresh', 'a+') as h:
        h.write('x')
    with f.File(root + '/t', 'r+') as h:
        h.write('EINS')
    with f.File(root + '/t') as h:
        first, second, rest = h.readline(), h.read(5), h.readlines()
    h = f.File(root + '/t')
    lines = list(h)
    out.append([first, second, rest, lines, h.size(), f.read(root + '/fresh'), h.mode, h.readable(), h.writable()])
    h.close()
    f.File(root + '/nothing', 'w').close()
    out[-1] += [f.get_size(root + '/nothing'), raised(f.File, root + '/none')[-2:], raised(f.File, root + '/none', 'r+')[-2:],
                raised(f.File, root + '/t', 'x')[0]]
tell([out[0] == out[1], out[0]])`,
    tells: [
      true,
      [
        'EINS\n',
        'zwei\n',
        ['drei\n', 'vier\n'],
        ['EINS\n', 'zwei\n', 'drei\n', 'vier\n'],
        20,
        'x',
        'r',
        true,
        false,
        0,
        ['OSError', 'Exception'],
        ['OSError', 'Exception'],
        'ValueError',
      ],
    ],
  },
  {
    title: 'File serves pickle, json and zipfile, seeking in objects too',
    script: `
import pickle, zipfile
with f.File(base + '/p', 'wb') as h:
    pickle.dump(list(range(200000)), h)
with f.File(base + '/p', 'rb') as h:
    same = pickle.load(h) == list(range(200000))
with f.File(base + '/j', 'w') as h:
    json.dump({'a': 1}, h)
with f.File(base + '/z', 'wb') as h:
    with zipfile.ZipFile(h, 'w') as z:
        z.writestr('in/side', 'hello')
with f.File(base + '/z', 'rb') as h:
    text = zipfile.ZipFile(h).read('in/side').decode()
tell([same, json.load(f.File(base + '/j')), text])`,
    tells: [true, { a: 1 }, 'hello'],
  },
  {
    title: 'what a File holds is stored on flush',
    script: `
h = f.File(base + '/log', 'w')
before = f.exists(base + '/log')
h.write('one\\n'); h.flush()
middle = f.read(base + '/log')
h.write('two\\n'); h.close()
tell([before, middle, f.read(base + '/log')])`,
    tells: [false, 'one\n', 'one\ntwo\n'],
  },
  {
    title: 'a forked process has its own connections',
    script: `
import multiprocessing
put(base, 'a')
f.read(base + '/a')
with multiprocessing.get_context('fork').Pool(4) as pool:
    tell(pool.map(f.read, [base + '/a'] * 20) == ['a'] * 20)`,
    tells: true,
  },
  {
    title: 'URLs that could mean another object are refused',
    script: `
tell([raised(f.read, url)[0] for url in ('obs://', 'obs:///x', 'obs://box/../c/x', base + '/./x', base + '/a\\0b', 'obs://../x')])`,
    tells: Array(6).fill('ValueError'),
  },
]
for (const one of cases) test(one.title, async () => await scripts.check(one))
