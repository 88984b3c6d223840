// The wheel: the same bytes whatever Python builds it, and a package that works where pip puts it, without a network.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { MOXING, plainPython, pythons } from './python.ts'
import { Scripts } from './scripts.ts'

const run = promisify(execFile)
const dir = mkdtempSync(join(tmpdir(), 'mox-wheel-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const WHEEL = /^ropeway_moxing-\d+\.\d+\.\d+-py3-none-any\.whl$/

/** Builds as the page says; returns the path of the wheel. */
async function build(interpreter: string, name: string): Promise<string> {
  const env = {
    PATH: '/usr/bin:/bin',
    PYTHONDONTWRITEBYTECODE: '1',
    SOURCE_DATE_EPOCH: String(Date.now() >> 10),
  }
  const { stdout } = await run(interpreter, [join(MOXING, 'wheel_backend.py'), join(dir, name)], { env })
  assert.match(readdirSync(join(dir, name)).join(), WHEEL)
  return stdout.trim()
}

test('every Python builds the same bytes', async () => {
  const digests = new Set<string>()
  for (const [at, interpreter] of pythons().entries()) {
    const wheel = await build(interpreter, `wheel-${at}`)
    digests.add(createHash('sha256').update(readFileSync(wheel)).digest('hex'))
  }
  assert.equal(digests.size, 1)
})

test('pip installs it without a network, from the wheel as from the folder, and it works there', async () => {
  await using scripts = await Scripts.open()
  const before = readdirSync(MOXING)
  const wheel = await build('/usr/bin/python3', 'installed')
  const venv = join(dir, 'venv')
  await run('/usr/bin/python3', ['-m', 'venv', venv])
  const env = { PATH: '/usr/bin:/bin', PYTHONDONTWRITEBYTECODE: '1', HOME: dir }
  for (const source of [wheel, MOXING]) {
    await run(join(venv, 'bin/pip'), ['install', '-q', '--no-index', '--force-reinstall', source], { env })
    const script = `
import os, moxing as mox
mox.file.write('obs://box/a', 'b')
print(mox.file.read('obs://box/a'), os.path.exists(os.path.join(os.path.dirname(mox.__file__), 'py.typed')))`
    const ended = await plainPython(script, {
      interpreter: join(venv, 'bin/python'),
      env: scripts.environment,
    })
    assert.deepEqual(ended, { code: 0, stdout: 'b True\n', stderr: '' })
    const shown = await run(join(venv, 'bin/pip'), ['show', 'ropeway-moxing'], { env })
    assert.match(shown.stdout, /^Name: ropeway-moxing\nVersion: \d/)
  }
  assert.deepEqual(readdirSync(MOXING), before)
})
