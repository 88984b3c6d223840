// moxing for longer: operations chosen by Hypothesis and by many seeds, against SeaweedFS too, and what its types and its
// oldest Python say.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ROOT, until } from '../e2e/harness.ts'
import { MOXING } from '../moxing/python.ts'
import { MOVERS, Scripts } from '../moxing/scripts.ts'

const run = promisify(execFile)
const TOOLS = join(ROOT, '.cache/python-long/bin')
const MOXING_TESTS = join(ROOT, 'test/moxing')
const BASE = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: MOXING }
const SEEDS = Array.from({ length: Number(process.env['ROUNDS'] ?? 12) }, (_, at) => 1000 + at)

for (const mover of MOVERS)
  describe(`moxing, files moved by the ${mover}`, () => {
    let scripts: Scripts
    before(async () => {
      scripts = await Scripts.open(mover)
    })
    after(async () => await scripts[Symbol.asyncDispose]())

    const python = async (...args: string[]): Promise<string> => {
      const env = { ...BASE, ...scripts.environment }
      const { stdout } = await run(join(TOOLS, 'python'), args, { env, maxBuffer: 1 << 26 })
      return stdout
    }

    it('does in the store what it does here, in the examples of Hypothesis', async () => {
      const program = join(MOXING_TESTS, 'differential_hypothesis.py')
      const told = await python(program, 'obs://box/h', join(scripts.dir, 'h'), '150')
      assert.match(told, /\d+ examples are equal\n$/)
    })

    for (const seed of SEEDS)
      it(`does so over 500 steps of the seed ${seed}`, async () => {
        const where = [`obs://box/s${seed}`, join(scripts.dir, `s${seed}`)]
        const told = await python(join(MOXING_TESTS, 'differential.py'), ...where, String(seed), '500')
        assert.match(told, /steps are equal\n$/)
      })
  })

describe('moxing and SeaweedFS', () => {
  let dir: string
  let server: ChildProcess
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rw-weed-'))
    mkdirSync(join(dir, 'data'))
    const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging']
    const identity = { name: 'test', credentials: [{ accessKey: 'AK', secretKey: 'SK' }], actions }
    writeFileSync(join(dir, 's3.json'), JSON.stringify({ identities: [identity] }))
    const weed = `${TOOLS}/weed server -dir=${dir}/data -ip=127.0.0.1 -s3 -s3.port=8333 -s3.config=${dir}/s3.json -volume.max=20`
    // Its ports are fixed, so it gets a network of its own.
    server = spawn('unshare', ['--net', 'bash', '-euc', `ip link set lo up\nexec ${weed}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...BASE, HOME: dir },
    })
    let log = ''
    server.stderr?.on('data', (text: Buffer) => {
      log = `${log}${text}`.slice(-4000)
    })
    // It answers before it can store, so a bucket has to be made.
    const code = `import sys; sys.path.insert(0, ${JSON.stringify(MOXING)})
import moxing._transport as t; t.transport().request('PUT', 'box')
import moxing as mox; mox.file.write('obs://box/first', 'x')`
    const stores = async () => {
      assert.equal(server.exitCode, null, log)
      return python('-c', code).then(
        () => true,
        () => false,
      )
    }
    await until('SeaweedFS stores', stores, 180_000).catch((error: Error) =>
      assert.fail(`${error.message}: ${log}`),
    )
  })
  after(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    rmSync(dir, { recursive: true, force: true })
  })

  const python = async (...args: string[]): Promise<string> => {
    const beside = ['--net', '--target', String(server.pid), join(TOOLS, 'python'), ...args]
    const keys = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', ROPEWAY_RETRY_SECONDS: '5' }
    const env = { ...BASE, ...keys, S3_ENDPOINT: 'http://127.0.0.1:8333', HOME: dir }
    return (await run('nsenter', beside, { env, maxBuffer: 1 << 26 })).stdout
  }

  it('moves files in parts, copies inside the store, refuses wrong keys', async () => {
    const told = await python(
      '-c',
      `
import os, moxing as mox
f = mox.file
here = ${JSON.stringify(dir)}
with open(here + '/big', 'wb') as h:
    for at in range(80):
        h.write(bytes([at]) * (1 << 20))
f.copy(here + '/big', 'obs://box/big')
f.copy('obs://box/big', 'obs://box/again')
f.copy('obs://box/again', here + '/back')
same = open(here + '/big', 'rb').read() == open(here + '/back', 'rb').read()
with f.File('obs://box/again', 'rb') as h:
    h.seek(70 << 20)
    byte = h.read(1)
f.set_auth(ak='AK', sk='wrong')
try:
    f.read('obs://box/again')
except f.MoxFileRespException as error:
    print(same, byte, error.resp.status, error.resp.errorCode)`,
    )
    assert.equal(told, "True b'F' 403 SignatureDoesNotMatch\n")
  })

  for (const seed of [1, 2, 3, 4, 5, 6])
    it(`does there with files what it does here (seed ${seed})`, async () => {
      const where = [`obs://box/s${seed}`, join(dir, `s${seed}`)]
      const told = await python(join(MOXING_TESTS, 'differential.py'), ...where, String(seed), '200', 'files')
      assert.match(told, /steps are equal\n$/)
    })
})

describe('the package moxing', () => {
  it('needs no Python newer than 3.6', async () => {
    const { stdout } = await run(join(TOOLS, 'vermin'), ['-t=3.6-', '--no-tips', join(MOXING, 'moxing')])
    assert.match(stdout, /Minimum required versions: +3\.6/)
  })

  it('keeps its types', async () => {
    const flags = ['--strict', '--no-warn-return-any', '--cache-dir=/dev/null']
    await run(join(TOOLS, 'mypy'), [...flags, join(MOXING, 'moxing')], { cwd: MOXING })
  })
})
