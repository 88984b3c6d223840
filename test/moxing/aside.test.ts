// What is not whole yet stands under `.moxing-` names: nobody takes those for files, and what a killed script left is
// cleared by the next one.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { walkFolder } from '../../src/storage/transfer/walk-folder.ts'
import { MOXING, plainPython, pythons } from './python.ts'
import { Scripts } from './scripts.ts'

let scripts: Scripts
let dir = ''
before(async () => {
  scripts = await Scripts.open()
  dir = await mkdtemp(join(tmpdir(), 'mox-'))
})
after(async () => {
  await scripts[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** `stopped(code)`: starts code in a process of its own and returns that when it stands in the middle of a copy. */
const HELPER = `
import signal, subprocess, time
def stopped(code):
    script = 'import os, shutil, sys\\nimport moxing as mox\\nf = mox.file\\n%s' % code
    child = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE, env=dict(os.environ))
    assert child.stdout.readline() == b'middle\\n'
    return child
def kill(child):
    child.kill()
    child.communicate()
IN_COPY = '''
def middle(source, target):
    open(target, 'w').write('half')
    print('middle', flush=True)
    __import__('time').sleep(600)
shutil.copyfile = middle
f.copy(%r, %r)'''
IN_DOWNLOAD = '''
def middle(url, sink):
    sink.write(b'half')
    print('middle', flush=True)
    __import__('time').sleep(600)
mox._store.download = middle
f.copy(%r, %r)'''
def left(folder):
    return [name for name in os.listdir(folder) if name.startswith('.moxing-')]
def age(folder):
    for name in left(folder):
        os.utime(os.path.join(folder, name), (1, 1))
`

test('unfinished files and folders are no outputs, neither for the platform nor for a script', async () => {
  const { here, stdout } = await scripts.run(`${HELPER}
put(here, 'a', 'd/b', '.moxing-not')
f.write(base + '/k', 'x')
one = stopped(IN_COPY % (here + '/a', here + '/d/copied'))
two = stopped(IN_DOWNLOAD % (base + '/k', here + '/d/loaded'))
os.mkdir(here + '/.ropeway-0123456789ab-xyz')
there = len(left(here + '/d'))
f.copy_parallel(here, base + '/out')
kill(one), kill(two)
tell([there, f.list_directory(base + '/out', recursive=True)])`)
  assert.deepEqual(JSON.parse(stdout), [2, ['.moxing-not', 'a', 'd', 'd/b']])
  assert.equal((await readdir(join(here, 'd'))).length, 3)
  const { files, skipped } = await walkFolder(here, '')
  assert.deepEqual(
    files.map(({ name }) => name),
    ['.moxing-not', 'a', 'd/b'],
  )
  assert.deepEqual(skipped, [])
})

test('what a killed script left is cleared by the next copy into that folder', async () => {
  for (const copy of ["f.copy(here + '/a', here + '/d/again')", "f.copy(base + '/k', here + '/d/again')"]) {
    const { stdout } = await scripts.run(`${HELPER}
put(here, 'a', 'd/b')
f.write(base + '/k', 'x')
one = stopped(IN_COPY % (here + '/a', here + '/d/copied'))
two = stopped(IN_DOWNLOAD % (base + '/k', here + '/d/loaded'))
kill(one), kill(two)
open(here + '/d/.moxing-mine', 'w').close()
age(here + '/d')
before = len(left(here + '/d'))
${copy}
tell([before, left(here + '/d')])`)
    assert.deepEqual(JSON.parse(stdout), [3, ['.moxing-mine']])
  }
})

test('what a script works on is not cleared, however old; what is new is not either', async () => {
  const { stdout } = await scripts.run(`${HELPER}
put(here, 'a', 'd/b')
f.write(base + '/k', 'x')
one = stopped(IN_COPY % (here + '/a', here + '/d/copied'))
two = stopped(IN_DOWNLOAD % (base + '/k', here + '/d/loaded'))
age(here + '/d')
f.copy(here + '/a', here + '/d/again')
held = len(left(here + '/d'))
kill(one), kill(two)
for name in left(here + '/d'):
    os.utime(here + '/d/' + name)
mox._aside._cleared.clear()
f.copy(here + '/a', here + '/d/again')
tell([held, len(left(here + '/d'))])`)
  assert.deepEqual(JSON.parse(stdout), [2, 2])
})

test('every Python makes the names that the platform knows', async () => {
  for (const interpreter of pythons()) {
    const folder = await mkdtemp(join(dir, 'names-'))
    const ended = await plainPython(
      `
import sys
from moxing._aside import file_aside, folder_aside, is_unfinished
import os
with folder_aside(${JSON.stringify(folder)}) as one, file_aside(${JSON.stringify(folder)}) as two:
    names = os.listdir(${JSON.stringify(folder)})
    print(len(names), all(is_unfinished(name) for name in names), flush=True)
    sys.stdout.flush()
    os._exit(0)`,
      { interpreter, env: { PYTHONPATH: MOXING } },
    )
    assert.equal(ended.stdout, '2 True\n', ended.stderr)
    assert.equal((await readdir(folder)).length, 2)
    assert.deepEqual(await walkFolder(folder, ''), { files: [], emptyFolders: [], skipped: [] })
  }
})
