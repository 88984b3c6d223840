// Files that are written to while the script itself stores them, and objects replaced while they are copied: what is
// stored is one state of them, or the object before, and an error.
import { after, before, describe, test } from 'node:test'
import { type Case, Scripts } from './scripts.ts'

/** `meanwhile(act)`: act(n) is called in the middle of the nth upload, when a first piece of the file is on its way. */
const HELPER = `
import http.client, threading
f.file_io._PARTIAL_MAXIMUM_SIZE = 16 << 20
f.file_io._LARGE_FILE_TASK_NUM = 1  # the second part begins when the first is stored
real_send = http.client.HTTPConnection.send
sends, puts = [], []
def meanwhile(act, first=b'a'):
    lock = threading.Lock()
    def send(self, data):
        real_send(self, data)
        if isinstance(data, bytes) and data.startswith(b'PUT '):
            puts.append(data.split()[1])
        if isinstance(data, bytes) and len(data) > 1000 and data[:1] in first:
            with lock:
                if not sends or sends[-1] != data[:1]:
                    sends.append(data[:1])
                    act(len(sends))
    http.client.HTTPConnection.send = send
def fill(path, letter, size):
    """In place, as a checkpoint that is written over."""
    with open(path, 'r+b' if os.path.exists(path) else 'wb') as file:
        file.write(letter * size)
def later(path):
    times = os.stat(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1000000))
def error(function, *args):
    try:
        return function(*args)
    except f.MoxFileReadException as caught:
        return str(caught)
def letters(url):
    data = f.read(url, binary=True)
    return [len(data)] + sorted(set(data.decode()))
`

/** How many requests each takes. */
const SIZES: ReadonlyArray<readonly [string, string, number]> = [
  ['in one piece', '5 << 20', 1],
  ['in parts', '20 << 20', 2],
]
const cases: Case[] = SIZES.flatMap(([how, size, puts]) => [
  {
    title: `written over while it is stored ${how}: stored again as it is then`,
    script: `
fill(here + '/x', b'a', ${size})
def change(n):
    if n == 1:
        fill(here + '/x', b'b', ${size})
        later(here + '/x')
meanwhile(change, b'ab')
f.copy(here + '/x', base + '/x')
tell([letters(base + '/x') == [${size}, 'b'], f.list_directory(base)])`,
    tells: [true, ['x']],
  },
  {
    title: `another file under its name while it is stored ${how}: the one that was there, whole`,
    script: `
fill(here + '/x', b'a', ${size})
def change(n):
    fill(here + '/y', b'b', ${size})
    os.replace(here + '/y', here + '/x')
meanwhile(change)
f.copy(here + '/x', base + '/x')
tell(letters(base + '/x') == [${size}, 'a'])`,
    tells: true,
  },
  {
    title: `a log that grows while it is stored ${how}: as it was, sent once`,
    script: `
fill(here + '/x', b'a', ${size})
def change(n):
    with open(here + '/x', 'ab') as file:
        file.write(b'b')
    later(here + '/x')
meanwhile(change)
f.copy(here + '/x', base + '/x')
tell([letters(base + '/x') == [${size}, 'a'], len(puts), len(set(puts))])`,
    tells: [true, puts, puts],
  },
  {
    title: `cut while it is stored ${how}: stored again as it is then`,
    script: `
fill(here + '/x', b'a', ${size})
meanwhile(lambda n: os.truncate(here + '/x', 10))
f.copy(here + '/x', base + '/x')
tell(letters(base + '/x'))`,
    tells: [10, 'a'],
  },
  {
    title: `written over each time it is stored ${how}: an error names it, and the object before stays`,
    script: `
f.write(base + '/x', 'before')
fill(here + '/x', b'a', ${size})
def change(n):
    fill(here + '/x', b'ab'[n % 2:][:1], ${size})
    later(here + '/x')
meanwhile(change, b'ab')
told = error(f.copy, here + '/x', base + '/x')
tell([told == '%s/x: 200 %s/x was written to while it was uploaded, 3 times' % (base, here), f.read(base + '/x'),
      b'<Upload>' in mox._transport.transport().request('GET', 'box', query={'uploads': ''}).body])`,
    tells: [true, 'before', false],
  },
])

/** Copies in parts of 1 MiB, and `meanwhile` in the middle of the nth copy. */
const COPIES = `
writes = mox._store_write
writes.MAX_COPY = writes.COPY_PART_BYTES = 1 << 20
f.write(base + '/x', b'a' * (3 << 20), binary=True)
copied = []
def meanwhile_copied(act):
    request = mox._transport.Transport.request
    def watched(self, method, bucket, key='', query=None, headers=None, **more):
        answer = request(self, method, bucket, key, query, headers, **more)
        if 'partNumber' in (query or {}) and query['partNumber'] == '1':
            copied.append(headers['x-amz-copy-source-if-match'] if 'x-amz-copy-source-if-match' in headers else None)
            act(len(copied))
        return answer
    mox._transport.Transport.request = watched
`
const copies: Case[] = [
  {
    title: 'an object replaced while it is copied in parts: copied again, not of both',
    script: `${COPIES}
tag = mox._store.head(mox._urls.parse(base + '/x')).etag
meanwhile_copied(lambda n: n == 1 and f.write(base + '/x', b'b' * (3 << 20), binary=True))
f.copy(base + '/x', base + '/y')
tell([letters(base + '/y') == [3 << 20, 'b'], len(copied), copied[0] == tag])`,
    tells: [true, 2, true],
  },
  {
    title: 'an object replaced each time it is copied: an error names it, and there is no copy',
    script: `${COPIES}
meanwhile_copied(lambda n: f.write(base + '/x', b'%d' % n * (3 << 20), binary=True))
told = error(f.copy, base + '/x', base + '/y')
tell([told == base + '/x: 200 was replaced while it was copied, 3 times', f.exists(base + '/y')])`,
    tells: [true, false],
  },
]

describe('files and objects that change under the hands of a script', () => {
  let scripts: Scripts
  before(async () => {
    scripts = await Scripts.open('script')
  })
  after(async () => await scripts[Symbol.asyncDispose]())

  for (const { title, script, tells } of [...cases, ...copies])
    test(title, async () => await scripts.check({ title, script: HELPER + script, tells }))

  test('a pipe in the place of a file is refused, and holds nobody up', async () =>
    await scripts.check({
      title: '',
      script: `
os.mkfifo(here + '/pipe')
try:
    f.copy(here + '/pipe', base + '/x')
except OSError as error:
    tell([str(error), f.exists(base + '/x')])`,
      tells: [`[Errno 22] is no regular file: '${scripts.dir}/case-13/pipe'`, false],
    }))
})
