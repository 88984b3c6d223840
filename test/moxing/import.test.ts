// How moxing is found: without a word, under every old name, beside another one, by the oldest Python.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MOXING, plainPython } from './python.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mox-'))
})
after(async () => await rm(dir, { recursive: true, force: true }))

test('importing prints nothing and finds the API under its old name, too', async () => {
  const ended = await plainPython(
    `
import moxing as mox
from moxing.framework import file
import moxing.framework.file as again
assert file is mox.file is again
import moxing.file
assert moxing.file is file`,
    { env: { PYTHONPATH: MOXING } },
  )
  assert.deepEqual(ended, { code: 0, stdout: '', stderr: '' })
})

test('another moxing further along sys.path is loaded in place of ours', async () => {
  const other = join(dir, 'other')
  await mkdir(join(other, 'moxing', 'deep'), { recursive: true })
  await writeFile(join(other, 'moxing', '__init__.py'), 'from . import file\nOWNER = "image"\n')
  await writeFile(join(other, 'moxing', 'file.py'), 'OWNER = "image file"\n')
  await writeFile(join(other, 'moxing', 'deep', '__init__.py'), 'from moxing import OWNER\n')
  const script = `
import moxing as mox
import moxing.deep
import importlib
print(mox.OWNER, mox.file.OWNER, moxing.deep.OWNER, mox.__name__, importlib.import_module('moxing') is mox)`
  const expected = 'image image file image moxing True\n'
  assert.equal((await plainPython(script, { env: { PYTHONPATH: `${MOXING}:${other}` } })).stdout, expected)
  assert.equal(
    (await plainPython(script, { env: { PYTHONPATH: `/nowhere:${MOXING}:${MOXING}/:${other}` } })).stdout,
    expected,
  )
})

test('a package that only shares the name, as one on PyPI does, is passed over', async () => {
  const other = join(dir, 'unrelated')
  await mkdir(join(other, 'moxing'), { recursive: true })
  for (const name of ['__init__.py', 'server.py', 'device.py'])
    await writeFile(join(other, 'moxing', name), '')
  const ended = await plainPython('import moxing\nprint(moxing.file.File.__name__)', {
    env: { PYTHONPATH: `${MOXING}:${other}` },
  })
  assert.deepEqual(ended, { code: 0, stdout: 'File\n', stderr: '' })
})

test('a bare folder called moxing, or a second copy of ours, does not confuse it', async () => {
  await mkdir(join(dir, 'bare', 'moxing'), { recursive: true })
  for (const path of [`${MOXING}:${join(dir, 'bare')}`, `${MOXING}:${MOXING}/../moxing`]) {
    const ended = await plainPython('import moxing\nprint(moxing.file.File.__name__)', {
      env: { PYTHONPATH: path },
    })
    assert.deepEqual(ended, { code: 0, stdout: 'File\n', stderr: '' })
  }
})

test('the package and the example parse as Python 3.6', async () => {
  const ended = await plainPython(
    `
import ast, os, sys
count = 0
for root in sys.argv[1:] or os.environ['ROOTS'].split(':'):
    for at, _, names in os.walk(root):
        for name in names:
            if name.endswith('.py'):
                ast.parse(open(os.path.join(at, name)).read(), name, feature_version=(3, 6))
                count += 1
print(count >= 14)`,
    { env: { ROOTS: `${MOXING}:${join(MOXING, '..', '..', 'examples', 'digits')}` } },
  )
  assert.deepEqual(ended, { code: 0, stdout: 'True\n', stderr: '' })
})
