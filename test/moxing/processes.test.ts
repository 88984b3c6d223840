// Many processes at once, forks after use, threads, and how much memory a script needs for large files.
import { after, before, describe, test } from 'node:test'
import { type Case, MOVERS, Scripts } from './scripts.ts'

const cases: Case[] = [
  {
    title: '32 processes copy, read and write at once',
    script: `
import multiprocessing
put(base + '/data', *['n%d' % i for i in range(30)])
f.write(base + '/big', b'0123456789abcdef' * (1 << 17), binary=True)
def work(rank):
    f.copy_parallel(base + '/data', here + '/rank-%d' % rank)
    with f.File(base + '/big', 'rb') as h:
        h.seek(rank * 1000)
        piece = h.read(16)
    f.write(base + '/out/%d' % rank, str(rank))
    with f.File(base + '/logs/%d' % rank, 'a') as h:
        h.write('done')
    return len(tree(here + '/rank-%d' % rank)), piece == (b'0123456789abcdef' * 2)[rank * 1000 % 16:][:16]
with multiprocessing.get_context('fork').Pool(32) as pool:
    told = pool.map(work, range(32), 1)
tell([told == [(30, True)] * 32, len(f.list_directory(base + '/out')), len(f.list_directory(base + '/logs'))])`,
    tells: [true, 32, 32],
  },
  {
    title: 'workers that are forked or spawned after use, as of a data loader, share files and errors',
    script: `
import multiprocessing, pickle
put(base, *['n%d' % i for i in range(20)])
f.write(base + '/shared', ''.join('%06d\\n' % i for i in range(200000)))
h = f.File(base + '/shared', 'rb')
first = h.read(700000)  # far enough for a window that is fetched ahead
log = f.File(base + '/log', 'w')
log.write('parent ')
def load(i):
    if i == 19:
        f.read(base + '/none')
    h.seek(7 * i)
    return f.read(base + '/n%d' % i) == 'n%d' % i and h.read(7) == b'%06d\\n' % i
def told(pool):
    try:
        return pool.map(load, range(20), 1)
    except f.MoxFileNotExistsException as error:
        return [error.resp.status, isinstance(error, FileNotFoundError), str(error).startswith(base + '/none')]
with multiprocessing.get_context('fork').Pool(4) as pool:
    results = [told(pool), pool.map(load, range(19), 1) == [True] * 19]
with multiprocessing.get_context('spawn').Pool(2) as pool:
    results.append(pool.map(f.get_size, [base + '/n%d' % i for i in range(4)]))
log.write('child free')
log.close()
results.append(f.read(base + '/log'))
results.append(first + h.read() == b'' or h.seek(0) == 0 and len(h.read()))
tell(results)`,
    tells: [[404, true, true], true, [2, 2, 2, 2], 'parent child free', 1400000],
  },
  {
    title: 'threads share one File and one pool of connections',
    script: `
import threading
put(base, 'a', 'b')
h = f.File(base + '/joint', 'w')
def work(i):
    for _ in range(20):
        h.write('%d\\n' % i)
        assert f.read(base + '/a') == 'a' and f.exists(base + '/b')
threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
h.close()
lines = f.read(base + '/joint').split()
tell([len(lines), sorted(set(lines)) == sorted(str(i) for i in range(16))])`,
    tells: [320, true],
  },
  {
    title: 'large files do not pass through the memory of a script',
    script: `
import resource
size = 80 << 20
with open(here + '/large', 'wb') as h:
    h.truncate(size)
f.list_directory(base[:base.rindex('/')])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
f.copy(here + '/large', base + '/large')
f.copy_parallel(base, here + '/down')
f.rename(base + '/large', base + '/renamed')
with f.File(base + '/renamed', 'rb') as source, f.File(base + '/again', 'wb') as target:
    block = source.read(1 << 20)
    while block:
        target.write(block)
        block = source.read(1 << 20)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
tell([os.path.getsize(here + '/down/large') == size, f.get_size(base + '/again') - size, grown < 40 << 10 or grown])`,
    tells: [true, 0, true],
  },
]

for (const mover of MOVERS)
  describe(`files moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    for (const one of cases) test(one.title, async () => await scripts.check(one))
  })
